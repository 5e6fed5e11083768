"""Why a member has that churn risk, in a sentence: what they did, and what others like them do."""

from collections.abc import Callable
from dataclasses import dataclass

from loyalty.insights.words import Words

LOW_FROM, HIGH_BELOW = 0.5, 0.2
_NEARLY_ALL_FROM = 0.8

_LAST = {
    0: "last today",
    1: "last yesterday",
    2: "last %(days)d days ago",
}
_ONCE = {
    0: "ordered once, today",
    1: "ordered once, yesterday",
    2: "ordered once, %(days)d days ago",
}
_DAILY = {key: f"ordered %(orders)d times, every day, {last}" for key, last in _LAST.items()}
_OFTEN = {
    key: f"ordered %(orders)d times, every %(gap)d days, {last}" for key, last in _LAST.items()
}
_NEVER = "has not ordered yet"
_NEARLY_ALL = "nearly all who look like this come back"
_MOST = "most who look like this come back"
_SOME = "some who look like this come back"
_FEW = "few who look like this come back"
_ON_TIME = "not longer away than usual"
_LATE = "longer away than usual"
_VERY_LATE = "much longer away than usual"
_TOO_EARLY = "too early to say"

PATTERNS = (
    _NEVER,
    *_ONCE.values(),
    *_DAILY.values(),
    *_OFTEN.values(),
    *(_NEARLY_ALL, _MOST, _SOME, _FEW),
    *(_ON_TIME, _LATE, _VERY_LATE, _TOO_EARLY),
)
"""All that may be said, to be translated."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a member did, and what follows from it; nothing follows for whoever has not ordered."""

    history: Words
    outlook: Words | None

    def __str__(self) -> str:
        return self.translated(lambda pattern: pattern)

    def translated(self, translate: Callable[[str], str]) -> str:
        """Both as one sentence."""
        said = [part.translated(translate) for part in (self.history, self.outlook) if part]
        return ": ".join(said)


def explain(
    *,
    orders: int,
    gap_days: float,
    last_days_ago: int,
    p_return: float | None,
    is_calibrated: bool,
) -> Explanation:
    """The sentence of a member's score. `orders` are order days, `gap_days` their median gap."""
    if orders < 1:
        return Explanation(Words(_NEVER), None)
    return Explanation(
        _history(orders, max(1, round(gap_days)), max(0, last_days_ago)),
        Words(_outlook(p_return, is_calibrated)),
    )


def _history(orders: int, gap: int, days: int) -> Words:
    if orders == 1:
        patterns = _ONCE
    else:
        patterns = _DAILY if gap == 1 else _OFTEN
    return Words(patterns[min(days, 2)], {"orders": orders, "gap": gap, "days": days})


def _outlook(p_return: float | None, is_calibrated: bool) -> str:
    if p_return is None:
        return _TOO_EARLY
    if not is_calibrated:
        late = _LATE if p_return >= HIGH_BELOW else _VERY_LATE
        return _ON_TIME if p_return >= LOW_FROM else late
    for least, words in ((_NEARLY_ALL_FROM, _NEARLY_ALL), (LOW_FROM, _MOST), (HIGH_BELOW, _SOME)):
        if p_return >= least:
            return words
    return _FEW
