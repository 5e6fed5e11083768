"""Addresses in a merchant's words become links: `https://` alone, and never out of a member's.

A link begins in the merchant's own words and has its whole host there; a field further on is
put in encoded. So nobody's name leads anywhere.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

from loyalty.merge_fields import Parts, Values, one_line

_FIELD = "\0"  # No words hold one: it is refused when they are read.
_LINK = re.compile(
    r"https://(?:[^\W_][\w-]*\.)+[^\W\d_]{2,}(?:[/?#][^\s<>\"`{}|\\^]*|(?![\w@\0-]|:\d))", re.I
)
_ENDS_A_SENTENCE = ".,;:!?)]'’”»"


@dataclass(frozen=True, slots=True)
class Piece:
    """Some text of a line; `url` is where it leads, empty for what is no link."""

    text: str
    url: str = ""


Line = list[Piece]


def fill_lines(lines: Iterable[Parts], values: Values) -> list[Line]:
    """The lines as their reader sees them; one with an empty field and no fallback is left out."""
    filled = (_fill(parts, values) for parts in lines)
    return [line for line in filled if line]


def shown(line: Line) -> str:
    """The line as it looks."""
    return "".join(piece.text for piece in line)


def typed(line: Line) -> str:
    """The line where nothing can be pressed: an address stands as it has to be typed."""
    return "".join(piece.url or piece.text for piece in line)


def _fill(parts: Parts, values: Values) -> Line:
    fields = [part for part in parts if not isinstance(part, str)]
    said = [one_line(values.get(field.name, "")) or field.fallback for field in fields]
    if None in said:
        return []
    words = one_line("".join(part if isinstance(part, str) else _FIELD for part in parts))
    return list(_pieces(words, iter([one for one in said if one])))


def _pieces(words: str, said: Iterator[str]) -> Iterator[Piece]:
    """`words` cut at its links, each field replaced by what is `said` next."""
    end = 0
    for found in _LINK.finditer(words):
        address = found[0].rstrip(_ENDS_A_SENTENCE)
        if found.start() > end:
            yield Piece(_put(words[end : found.start()], said))
        inside = [next(said) for _ in range(address.count(_FIELD))]
        encoded = iter([quote(one, safe="") for one in inside])
        yield Piece(_put(address, iter(inside)), _put(address, encoded))
        end = found.start() + len(address)
    if end < len(words):
        yield Piece(_put(words[end:], said))


def _put(words: str, said: Iterator[str]) -> str:
    return "".join(next(said) if one == _FIELD else one for one in words)
