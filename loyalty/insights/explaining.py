"""Why a member has that churn risk, in a sentence: what they did, and what others like them do."""

from collections.abc import Callable
from dataclasses import dataclass

from loyalty.base.said import N_
from loyalty.insights.words import Words

LOW_FROM, HIGH_BELOW = 0.5, 0.2
_NEARLY_ALL_FROM = 0.8

_ONCE = {
    0: N_("ordered once, today"),
    1: N_("ordered once, yesterday"),
    2: N_("ordered once, %(days)d days ago"),
}
_DAILY = {
    0: N_("ordered %(orders)d times, every day, last today"),
    1: N_("ordered %(orders)d times, every day, last yesterday"),
    2: N_("ordered %(orders)d times, every day, last %(days)d days ago"),
}
_OFTEN = {
    0: N_("ordered %(orders)d times, every %(gap)d days, last today"),
    1: N_("ordered %(orders)d times, every %(gap)d days, last yesterday"),
    2: N_("ordered %(orders)d times, every %(gap)d days, last %(days)d days ago"),
}
_NEVER = N_("has not ordered yet")
_NEARLY_ALL = N_("nearly all who look like this come back")
_MOST = N_("most who look like this come back")
_SOME = N_("some who look like this come back")
_FEW = N_("few who look like this come back")
_ON_TIME = N_("not longer away than usual")
_LATE = N_("longer away than usual")
_VERY_LATE = N_("much longer away than usual")
_TOO_EARLY = N_("too early to say")

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
