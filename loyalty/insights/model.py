"""A shop's model, fitted on a sample of its members, and the scores of any batch by it.

The invariant: no figure that leaves is a NaN. What is not known says so by a mask, a band, or None.
"""

from dataclasses import asdict, dataclass
from datetime import date, timedelta
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from loyalty.insights import bgnbd, calibration, cold_start, gamma_gamma, health, rfm, scaling
from loyalty.insights import value as values
from loyalty.insights.accuracy import Accuracy, hold_out
from loyalty.insights.calibration import ReturnTable
from loyalty.insights.cold_start import NotYet
from loyalty.insights.explaining import HIGH_BELOW, LOW_FROM
from loyalty.insights.frequencies import EPOCH, Excluded, Histories, Summaries, summarise, until
from loyalty.insights.words import Words

MODEL_VERSION = 1
LTV_DAYS = 365
_LTV_MINOR_MAX = 2.0**53


class Band(IntEnum):
    """Churn risk: low from P = 0.5 up, high below 0.2. NEW has not ordered yet."""

    NOT_YET = 0
    NEW = 1
    LOW = 2
    MEDIUM = 3
    HIGH = 4


@dataclass(frozen=True, slots=True)
class ShopModel:
    """All that scores a member. `not_yet` empty: the shop has shown enough for predictions.

    Days throughout; v of `amounts` in minor units. `median_gap_days` is 0 while too few gaps are
    known, `excluded` counts orders of the sample.
    """

    as_of: date
    horizon_days: int
    not_yet: tuple[NotYet, ...]
    buyers: int
    repeat_buyers: int
    history_days: int
    median_gap_days: float
    purchases: bgnbd.Parameters | None
    amounts: gamma_gamma.Parameters | None
    scale: float
    returns: ReturnTable | None
    cuts: rfm.Cuts
    accuracy: Accuracy | None
    excluded: dict[Excluded, int]

    @property
    def reasons(self) -> list[Words]:
        """Why there is no prediction yet, in words."""
        return [
            cold_start.in_words(
                why, repeat_buyers=self.repeat_buyers, history_days=self.history_days
            )
            for why in self.not_yet
        ]

    @property
    def value(self) -> values.Value | None:
        """What predicts LTV; None while there is a reason not to."""
        if self.not_yet or self.purchases is None or self.amounts is None:
            return None
        return values.Value(self.purchases, self.amounts)

    def as_stored(self) -> dict[str, Any]:
        """As JSON; finite numbers only."""
        return {
            "version": MODEL_VERSION,
            "as_of": self.as_of.isoformat(),
            "horizon_days": self.horizon_days,
            "not_yet": [why.value for why in self.not_yet],
            "buyers": self.buyers,
            "repeat_buyers": self.repeat_buyers,
            "history_days": self.history_days,
            "median_gap_days": self.median_gap_days,
            "purchases": asdict(self.purchases) if self.purchases else None,
            "amounts": asdict(self.amounts) if self.amounts else None,
            "scale": self.scale,
            "returns": self.returns.as_stored() if self.returns else None,
            "cuts": self.cuts.as_stored(),
            "accuracy": self.accuracy.as_stored() if self.accuracy else None,
            "excluded": {why.value: count for why, count in self.excluded.items()},
        }

    @classmethod
    def from_stored(cls, stored: dict[str, Any]) -> "ShopModel":
        """What `as_stored` gave."""
        assert stored["version"] == MODEL_VERSION
        read = {name: each for name, each in stored.items() if name != "version"}
        read["as_of"] = date.fromisoformat(stored["as_of"])
        read["not_yet"] = tuple(NotYet(why) for why in stored["not_yet"])
        read["excluded"] = {Excluded(why): count for why, count in stored["excluded"].items()}
        read["cuts"] = rfm.Cuts.from_stored(stored["cuts"])
        if stored["purchases"]:
            read["purchases"] = bgnbd.Parameters(**stored["purchases"])
        if stored["amounts"]:
            read["amounts"] = gamma_gamma.Parameters(**stored["amounts"])
        if stored["returns"]:
            read["returns"] = ReturnTable.from_stored(stored["returns"])
        if stored["accuracy"]:
            read["accuracy"] = Accuracy.from_stored(stored["accuracy"])
        return cls(**read)


@dataclass(frozen=True, slots=True)
class Scores:
    """The scores of a batch, an array each; a figure counts only where its mask is true.

    `p_return` is a chance if `is_calibrated`, else a rule of thumb. `ltv_minor` is rounded half
    to even. `r`, `f`, `m` are 1 to 5, or 0 for whoever has not ordered. The three parts of
    `health` add up to it. `gap_days` 0: has no gap.
    """

    is_calibrated: bool
    band: NDArray[np.uint8]
    p_return: NDArray[np.float64]
    has_p_return: NDArray[np.bool_]
    expected_orders: NDArray[np.float64]
    ltv_minor: NDArray[np.int64]
    has_ltv: NDArray[np.bool_]
    r: NDArray[np.uint8]
    f: NDArray[np.uint8]
    m: NDArray[np.uint8]
    health: NDArray[np.int16]
    health_rfm: NDArray[np.int16]
    health_return: NDArray[np.int16]
    health_engagement: NDArray[np.int16]
    has_health: NDArray[np.bool_]
    orders: NDArray[np.int32]
    gap_days: NDArray[np.float32]
    last_days_ago: NDArray[np.int32]


def fit(sample: Histories, everyone: Summaries, *, horizon_days: int | None = None) -> ShopModel:
    """The model of a shop from the orders of a sample and the summaries of all its members.

    `horizon_days` overrides the shop's own H. Data never make it raise: what cannot be fitted is
    left out and said in `not_yet`.
    """
    gaps, _ = sample.gaps()
    history_days = int(everyone.age.max(initial=0))
    horizon = horizon_days or calibration.horizon_of(gaps, history_days)
    repeat_buyers = int((everyone.order_days > 1).sum())
    not_yet = cold_start.reasons(repeat_buyers=repeat_buyers, history_days=history_days)
    fitted = _Fitted() if not_yet else _fitted(sample, horizon, history_days)
    return ShopModel(
        as_of=EPOCH + timedelta(days=sample.as_of),
        horizon_days=horizon,
        not_yet=not_yet or fitted.not_yet,
        buyers=int(everyone.has_ordered.sum()),
        repeat_buyers=repeat_buyers,
        history_days=history_days,
        median_gap_days=float(np.median(gaps)) if len(gaps) >= cold_start.GAPS_MIN else 0.0,
        purchases=fitted.purchases,
        amounts=fitted.amounts,
        scale=fitted.scale,
        returns=fitted.returns,
        cuts=rfm.cut(everyone),
        accuracy=fitted.accuracy,
        excluded=sample.excluded,
    )


@dataclass(frozen=True, slots=True)
class _Fitted:
    not_yet: tuple[NotYet, ...] = ()
    purchases: bgnbd.Parameters | None = None
    amounts: gamma_gamma.Parameters | None = None
    scale: float = 1.0
    returns: ReturnTable | None = None
    accuracy: Accuracy | None = None


def _fitted(sample: Histories, horizon: int, history_days: int) -> _Fitted:
    summaries = summarise(sample)
    buyers = summaries.where(summaries.has_ordered)
    purchases, amounts = values.fit_purchases(buyers), values.fit_amounts(buyers)
    not_yet = [
        why
        for why, found in ((NotYet.NO_FIT, purchases), (NotYet.NO_AMOUNTS, amounts))
        if found is None
    ]
    returns = calibration.draw(sample, horizon)
    if not_yet:
        return _Fitted(tuple(not_yet), purchases, amounts, returns=returns)
    period = scaling.period_days(horizon, history_days)
    then = values.fit(until(sample, sample.as_of - period))
    return _Fitted(
        (),
        purchases,
        amounts,
        scaling.scale_of(sample, period, then),
        returns,
        hold_out(sample, period, min(horizon, period), then),
    )


def score(model: ShopModel, summaries: Summaries, engagement: NDArray[np.uint8]) -> Scores:
    """The scores of a batch of members as of the day of their summaries.

    `engagement` in fifths. A batch may be of any size; nothing grows but with it.
    """
    r, f, m = rfm.quintiles(model.cuts, summaries)
    p_return, has_p_return = _p_return(model, summaries)
    orders, ltv_minor, has_ltv = _value(model, summaries)
    parts = health.measure(rfm.points(r, f, m), p_return, engagement)
    # A shop's first buyer is scored between two nights, while nobody is ranked yet.
    has_health = has_p_return & (r > 0)
    return Scores(
        is_calibrated=model.returns is not None,
        band=_bands(summaries, p_return, has_p_return),
        p_return=p_return,
        has_p_return=has_p_return,
        expected_orders=orders,
        ltv_minor=ltv_minor,
        has_ltv=has_ltv,
        r=r,
        f=f,
        m=m,
        health=np.where(has_health, parts.score, 0).astype(np.int16),
        health_rfm=np.where(has_health, parts.rfm, 0).astype(np.int16),
        health_return=np.where(has_health, parts.returning, 0).astype(np.int16),
        health_engagement=np.where(has_health, parts.engagement, 0).astype(np.int16),
        has_health=has_health,
        orders=summaries.order_days,
        gap_days=summaries.gap_days,
        last_days_ago=summaries.recency,
    )


def _p_return(model: ShopModel, summaries: Summaries) -> tuple[NDArray, NDArray[np.bool_]]:
    p_return, known = np.zeros(len(summaries)), summaries.has_ordered
    buyers = summaries.where(known)
    if model.returns is not None:
        p_return[known] = model.returns.probability(buyers.order_days, buyers.recency)
        return p_return, known
    has = np.zeros(len(summaries), dtype=bool)
    p_return[known], has[known] = cold_start.rule_of_thumb(
        buyers.recency, buyers.gap_days, model.median_gap_days
    )
    return p_return, has


def _value(model: ShopModel, summaries: Summaries) -> tuple[NDArray, NDArray, NDArray[np.bool_]]:
    """(expected orders, LTV in minor units, of whom they are known)."""
    orders, ltv_minor = np.zeros(len(summaries)), np.zeros(len(summaries), np.int64)
    if model.value is None:
        return orders, ltv_minor, np.zeros(len(summaries), dtype=bool)
    has = summaries.has_ordered
    buyers = summaries.where(has)
    orders[has] = model.scale * model.value.orders(buyers, LTV_DAYS)
    spent = orders[has] * model.value.amount_minor(buyers)
    ltv_minor[has] = np.rint(np.clip(spent, 0, _LTV_MINOR_MAX))
    return orders, ltv_minor, has


def _bands(
    summaries: Summaries, p_return: NDArray, has_p_return: NDArray[np.bool_]
) -> NDArray[np.uint8]:
    band = np.where(
        p_return >= LOW_FROM, Band.LOW, np.where(p_return < HIGH_BELOW, Band.HIGH, Band.MEDIUM)
    )
    band = np.where(has_p_return, band, Band.NOT_YET)
    return np.where(summaries.has_ordered, band, Band.NEW).astype(np.uint8)
