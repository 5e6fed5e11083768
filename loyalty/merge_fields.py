"""Merge fields in a merchant's words: `{{ first_name }}`, or `{{ first_name | friend }}`.

Read strictly, before anything is saved. What is put in stays text: it is never read again.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from loyalty.base.errors import BadTemplate
from loyalty.base.said import Said, said

Parts = tuple["str | Field", ...]
Values = Mapping[str, str]

_FIELD = re.compile(r"\{\{(.*?)\}\}")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
# A tab is a space; the rest no mail program shows, or it turns the words around it.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
_OPEN = said("Close the field with }}")
_CLOSE = said("Open the field with {{")
_NO_PROGRAM = said("Only fields such as {{ first_name }} may stand in braces")


@dataclass(frozen=True, slots=True)
class Field:
    """A place for something of the member's. `fallback`: what stands there if it is empty."""

    name: str
    fallback: str | None


def read(
    source: str, fields: Collection[str], *, field: str, what: str = "email"
) -> tuple[Parts, ...]:
    """The lines of `source` that say something, each in its parts.

    `what` has the fields. Raises BadTemplate, which names `field`, the input, and the line.
    """
    lines = source.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    read_lines = (
        _read_line(line, _Place(field, at, what), fields) for at, line in enumerate(lines, start=1)
    )
    return tuple(parts for parts in read_lines if parts)


def fill(lines: Iterable[Parts], values: Values) -> list[str]:
    """The lines as their reader sees them; one with an empty field and no fallback is left out."""
    filled = (_fill(parts, values) for parts in lines)
    return [line for line in filled if line]


def fill_title(lines: Iterable[Parts], values: Values) -> str:
    """All in one line; an empty field leaves no gap."""
    parts = [part for line in lines for part in (*line, " ")]
    said = (part if isinstance(part, str) else _value(part, values) or "" for part in parts)
    return one_line("".join(said))


def one_line(text: str) -> str:
    """`text` as a header can hold it."""
    return " ".join(text.split())


@dataclass(frozen=True, slots=True)
class _Place:
    """Where something is read: line `at` of the input `field` of a `what`."""

    field: str
    at: int
    what: str

    def refusal(self, words: str) -> BadTemplate:
        """What is wrong here, to be raised."""
        return BadTemplate(self.field, words, self.at)


def _read_line(line: str, place: _Place, fields: Collection[str]) -> Parts:
    if _CONTROL.search(line):
        raise place.refusal(said("There is a character that cannot be seen"))
    if "{%" in line or "{#" in line:
        raise place.refusal(_NO_PROGRAM)
    parts: list[str | Field] = []
    end = 0
    for found in _FIELD.finditer(line):
        parts += [_literal(line[end : found.start()], place)]
        parts += [_read_field(found[1], place, fields)]
        end = found.end()
    parts += [_literal(line[end:], place)]
    kept = tuple(part for part in parts if part)
    return kept if line.strip() else ()


def _literal(text: str, place: _Place) -> str:
    if "{{" in text:
        raise place.refusal(_OPEN)
    if "}}" in text:
        raise place.refusal(_CLOSE)
    return text


def _read_field(inside: str, place: _Place, fields: Collection[str]) -> Field:
    name, bar, fallback = (part.strip() for part in inside.partition("|"))
    if not _NAME.fullmatch(name) or "{" in fallback or "}" in fallback:
        raise place.refusal(_NO_PROGRAM)
    if name not in fields:
        raise place.refusal(_unknown(place.what, name))
    if bar and not fallback:
        raise place.refusal(
            said("Write after the bar what stands there without %(name)s", name=f"“{name}”")
        )
    return Field(name, fallback or None)


def _unknown(what: str, name: str) -> Said:
    quoted = f"“{name}”"
    if what == "push":
        return said("This push has no field %(name)s", name=quoted)
    return said("This email has no field %(name)s", name=quoted)


def _fill(parts: Parts, values: Values) -> str | None:
    said = [part if isinstance(part, str) else _value(part, values) for part in parts]
    return None if None in said else one_line("".join(part for part in said if part))


def _value(field: Field, values: Values) -> str | None:
    return one_line(values.get(field.name, "")) or field.fallback
