"""A sentence that keeps its pattern and its values apart: a page can say it in any language."""

from typing import Any


class Said(str):
    """The sentence in English, as any other string, with the pattern and the values of it."""

    __slots__ = ("pattern", "values")

    pattern: str
    values: dict[str, Any]

    def __new__(cls, pattern: str, values: dict[str, Any]) -> "Said":
        made = super().__new__(cls, pattern % values)
        made.pattern, made.values = pattern, values
        return made


def said(pattern: str, /, **values: Any) -> Said:
    """`said("at most %(most)s points", most=500)`: a pattern as gettext writes them."""
    return Said(pattern, values)


def N_(pattern: str) -> str:
    """Mark a pattern of a table to be translated; nothing is put into it yet."""
    return pattern
