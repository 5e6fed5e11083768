"""Merge fields in a merchant's words: `{{ first_name }}`, or `{{ first_name | friend }}`.

Read strictly, before anything is saved. What is put in stays text: it is never read again.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from mailing.catalogue import get_mail
from mailing.errors import BadTemplate

Parts = tuple["str | Field", ...]
Values = Mapping[str, str]

_FIELD = re.compile(r"\{\{(.*?)\}\}")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
# A tab is a space; the rest no mail program shows, or it turns the words around it.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
_OPEN = "Close the field with }}"
_CLOSE = "Open the field with {{"
_NO_PROGRAM = "Only fields such as {{ first_name }} may stand in braces"


@dataclass(frozen=True, slots=True)
class Field:
    """A place for something of the member's. `fallback`: what stands there if it is empty."""

    name: str
    fallback: str | None


def check(source: str, *, mail: str, field: str) -> None:
    """Raise BadTemplate for words that `mail` cannot say. Raises UnknownMail."""
    read(source, get_mail(mail).fields, field=field)


def read(source: str, fields: Collection[str], *, field: str) -> tuple[Parts, ...]:
    """The lines of `source` that say something, each in its parts.

    Raises BadTemplate, which names `field`, the input, and the line.
    """
    lines = source.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    read_lines = (_read_line(line, fields, field, at) for at, line in enumerate(lines, start=1))
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


def _read_line(line: str, fields: Collection[str], field: str, at: int) -> Parts:
    if _CONTROL.search(line):
        raise BadTemplate(field, "There is a character that cannot be seen", at)
    if "{%" in line or "{#" in line:
        raise BadTemplate(field, _NO_PROGRAM, at)
    parts: list[str | Field] = []
    end = 0
    for found in _FIELD.finditer(line):
        parts += [_literal(line[end : found.start()], field, at)]
        parts += [_read_field(found[1], fields, field, at)]
        end = found.end()
    parts += [_literal(line[end:], field, at)]
    kept = tuple(part for part in parts if part)
    return kept if line.strip() else ()


def _literal(text: str, field: str, at: int) -> str:
    if "{{" in text:
        raise BadTemplate(field, _OPEN, at)
    if "}}" in text:
        raise BadTemplate(field, _CLOSE, at)
    return text


def _read_field(inside: str, fields: Collection[str], field: str, at: int) -> Field:
    name, bar, fallback = (part.strip() for part in inside.partition("|"))
    if not _NAME.fullmatch(name) or "{" in fallback or "}" in fallback:
        raise BadTemplate(field, _NO_PROGRAM, at)
    if name not in fields:
        raise BadTemplate(field, f"This email has no field “{name}”", at)
    if bar and not fallback:
        raise BadTemplate(field, f"Write after the bar what stands there without “{name}”", at)
    return Field(name, fallback or None)


def _fill(parts: Parts, values: Values) -> str | None:
    said = [part if isinstance(part, str) else _value(part, values) for part in parts]
    return None if None in said else one_line("".join(part for part in said if part))


def _value(field: Field, values: Values) -> str | None:
    return one_line(values.get(field.name, "")) or field.fallback
