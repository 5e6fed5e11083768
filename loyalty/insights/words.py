"""A sentence as a pattern and what to put into it, so that a page can translate the pattern."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Words:
    """`pattern` in English, with %(names)s of `parameters`."""

    pattern: str
    parameters: dict[str, int | str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.translated(lambda pattern: pattern)

    def translated(self, translate: Callable[[str], str]) -> str:
        """The sentence in the language that `translate` gives the pattern in."""
        return translate(self.pattern) % self.parameters
