"""What can be said before a shop has shown enough: why there is no model yet, and a rule of thumb.

The rule of thumb is no probability and is never shown as one.
"""

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from loyalty.base.said import N_
from loyalty.insights.words import Words

REPEAT_BUYERS_MIN, HISTORY_DAYS_MIN = 200, 90
GAPS_MIN = 20
"""With fewer gaps in the whole shop nobody can say when whoever ordered once is late."""


class NotYet(StrEnum):
    """Why a shop has no prediction."""

    TOO_FEW_REPEAT_BUYERS = "too_few_repeat_buyers"
    TOO_YOUNG = "too_young"
    NO_AMOUNTS = "no_amounts"
    NO_FIT = "no_fit"


WORDS = {
    NotYet.TOO_FEW_REPEAT_BUYERS: N_(
        "Predictions need %(needed)d members who have ordered on more than one day. "
        "So far: %(have)d."
    ),
    NotYet.TOO_YOUNG: N_("Predictions need %(needed)d days of orders. So far: %(have)d."),
    NotYet.NO_AMOUNTS: N_("Too few orders have an amount in the shop's currency."),
    NotYet.NO_FIT: N_("No model describes the orders of this shop well enough to predict from it."),
}


def reasons(*, repeat_buyers: int, history_days: int) -> tuple[NotYet, ...]:
    """Why it is too early; empty if it is not."""
    found = []
    if repeat_buyers < REPEAT_BUYERS_MIN:
        found.append(NotYet.TOO_FEW_REPEAT_BUYERS)
    if history_days < HISTORY_DAYS_MIN:
        found.append(NotYet.TOO_YOUNG)
    return tuple(found)


def in_words(why: NotYet, *, repeat_buyers: int, history_days: int) -> Words:
    """The reason, with the shop's own figures."""
    figures = {
        NotYet.TOO_FEW_REPEAT_BUYERS: (repeat_buyers, REPEAT_BUYERS_MIN),
        NotYet.TOO_YOUNG: (history_days, HISTORY_DAYS_MIN),
    }
    if why not in figures:
        return Words(WORDS[why])
    have, needed = figures[why]
    return Words(WORDS[why], {"have": have, "needed": needed})


def rule_of_thumb(
    recency: NDArray, gap_days: NDArray, shop_gap_days: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """A stand-in for P(return), and of whom there is one.

    1 / (1 + ratio²) of days away ÷ own median gap: up to one gap is low risk (0.5), more than
    two is high (0.2). Whoever ordered once is held against the shop's median gap, 0 for unknown.
    """
    usual = np.where(gap_days > 0, gap_days, shop_gap_days)
    ratio = recency / np.maximum(usual, 1)
    return np.where(usual > 0, 1 / (1 + ratio**2), 0.0), usual > 0
