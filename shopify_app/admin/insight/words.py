"""Insight in words: what a churn band, a number left out, and a stage of a run are called.

The invariant: every figure goes with one sentence that says what it is, in plain words.
"""

from collections.abc import Mapping
from decimal import Decimal

from loyalty.base.money import Money
from loyalty.insights.accuracy import Accuracy
from loyalty.insights.health import ENGAGEMENT_MAX, RETURN_MAX, RFM_MAX
from loyalty.insights.views import Insight
from shopify_app.admin.formatting import ShopFormat

BANDS: Mapping[str, tuple[str, str]] = {
    "high": ("High risk", "critical"),
    "medium": ("Medium risk", "warning"),
    "low": ("Low risk", "success"),
    "new": ("New", "info"),
    "not_yet": ("Not yet known", ""),
}
"""Each churn band's label and tone, the riskiest first."""

EXCLUDED: Mapping[str, str] = {
    "future": "Orders dated after today: left out",
    "before_1970": "Orders dated before 1970: left out",
    "negative": "Orders of less than nothing: left out",
    "too_large": "Orders of an impossible amount: left out",
    "foreign_currency": "Orders in another currency: the visit counts, the amount does not",
    "same_day": "Orders of a member on the same day: counted as one visit",
}
STAGES: Mapping[str | None, str] = {
    None: "Begins in a moment",
    "reading": "Reads what members ordered",
    "fitting": "Fits the model and tries it on the past",
    "writing": "Scores the members",
}
_MILLION = Decimal(1_000_000)


def why_not_yet(insight: Insight | None) -> str:
    """Why there is no prediction for a member, in a sentence or two."""
    if insight is None:
        return "Scored by the next run, which comes every night."
    if insight.orders == 0:
        return "Has not ordered yet."
    return " ".join(str(reason) for reason in insight.reasons) or "Cannot be said yet."


def explain_ltv(insight: Insight, words: ShopFormat, currency: str) -> str:
    """What the predicted value is made of."""
    assert insight.ltv_minor is not None and insight.expected_orders_milli is not None
    orders = Decimal(insight.expected_orders_milli) / 1000
    if not insight.expected_orders_milli:
        return "No more orders are expected in the next 12 months."
    each = Money(round(insight.ltv_minor / orders), currency)
    return (
        f"About {words.decimal(orders)} orders expected in the next 12 months, "
        f"{words.money(each)} each."
    )


def explain_churn(insight: Insight, words: ShopFormat) -> str:
    """The member's history and what follows from it, and the chance itself where there is one."""
    sentence = str(insight.why)
    said = sentence[:1].upper() + sentence[1:] + "."
    if insight.p_return_ppm is None or not insight.is_calibrated:
        return said
    chance = words.whole_percent(Decimal(insight.p_return_ppm) / _MILLION)
    return f"{said} Chance to order within {words.number(insight.horizon_days)} days: {chance}."


def explain_accuracy(found: Accuracy | None, words: ShopFormat) -> str:
    """How right the model was on what it had not seen; empty where that cannot be said."""
    if found is None:
        return ""
    said = []
    if found.revenue_error is not None:
        said.append(f"was {words.share(Decimal(repr(found.revenue_error)))} off the revenue")
    if found.churn_auc is not None:
        pairs = words.share(Decimal(repr(found.churn_auc)))
        said.append(f"told who comes back from who does not in {pairs} of pairs")
    if not said:
        return ""
    return f"Tried on orders that it had not seen, this model {', and '.join(said)}."


def explain_health(insight: Insight) -> str:
    """The three parts that add up to the score."""
    return (
        f"Orders {insight.health_rfm} of {RFM_MAX}, likely to return {insight.health_return} of "
        f"{RETURN_MAX}, engagement {insight.health_engagement} of {ENGAGEMENT_MAX}."
    )
