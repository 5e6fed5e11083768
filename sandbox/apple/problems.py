"""Why a phone refuses: a code for programs and a sentence for people."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Problem:
    """One broken rule."""

    code: str
    detail: str

    def as_json(self) -> dict[str, str]:
        """Return {"code", "detail"}."""
        return {"code": self.code, "detail": self.detail}


class Refusal(Exception):
    """A bundle the phone does not take, with every reason it found."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(f"{each.code}: {each.detail}" for each in problems))
        self.problems = problems

    def as_json(self) -> list[dict[str, Any]]:
        """Return the problems as JSON."""
        return [problem.as_json() for problem in self.problems]


def refuse(code: str, detail: str) -> Refusal:
    """Return a refusal for one reason, to raise."""
    return Refusal([Problem(code, detail)])
