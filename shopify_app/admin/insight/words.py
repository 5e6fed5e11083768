"""Insight in words: what a churn band, a number left out, and a stage of a run are called.

The invariant: every figure goes with one sentence that says what it is, in plain words.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from loyalty.base.money import Money
from loyalty.insights.accuracy import Accuracy
from loyalty.insights.explaining import Explanation
from loyalty.insights.health import ENGAGEMENT_MAX, RETURN_MAX, RFM_MAX
from loyalty.insights.views import Insight
from loyalty.insights.words import Words
from shopify_app.admin.formatting import ShopFormat
from shopify_app.admin.languages import N_, _, say

BANDS: Mapping[str, tuple[str, str]] = {
    "high": (N_("High risk"), "critical"),
    "medium": (N_("Medium risk"), "warning"),
    "low": (N_("Low risk"), "success"),
    "new": (N_("New"), "info"),
    "not_yet": (N_("Not yet known"), ""),
}
"""Each churn band's label and tone, the riskiest first."""

EXCLUDED: Mapping[str, str] = {
    "future": N_("Orders dated after today: left out"),
    "before_1970": N_("Orders dated before 1970: left out"),
    "negative": N_("Orders of less than nothing: left out"),
    "too_large": N_("Orders of an impossible amount: left out"),
    "foreign_currency": N_("Orders in another currency: the visit counts, the amount does not"),
    "same_day": N_("Orders of a member on the same day: counted as one visit"),
}
STAGES: Mapping[str | None, str] = {
    None: N_("Begins in a moment"),
    "reading": N_("Reads what members ordered"),
    "fitting": N_("Fits the model and tries it on the past"),
    "writing": N_("Scores the members"),
}
_MILLION = Decimal(1_000_000)


def why_not_yet(insight: Insight | None) -> str:
    """Why there is no prediction for a member, in a sentence or two."""
    if insight is None:
        return _("Scored by the next run, which comes every night.")
    if insight.orders == 0:
        return _("Has not ordered yet.")
    return " ".join(say_reasons(insight.reasons)) or _("Cannot be said yet.")


def say_reasons(reasons: Sequence[Words]) -> list[str]:
    """Each reason against a prediction, in the language of the page."""
    return [reason.translated(say) for reason in reasons]


def explain_ltv(insight: Insight, words: ShopFormat, currency: str) -> str:
    """What the predicted value is made of."""
    assert insight.ltv_minor is not None and insight.expected_orders_milli is not None
    orders = Decimal(insight.expected_orders_milli) / 1000
    if not insight.expected_orders_milli:
        return _("No more orders are expected in the next 12 months.")
    each = Money(round(insight.ltv_minor / orders), currency)
    return _(
        "About %(orders)s orders expected in the next 12 months, %(each)s each.",
        orders=words.decimal(orders),
        each=words.money(each),
    )


def explain_churn(insight: Insight, words: ShopFormat) -> str:
    """The member's history and what follows from it, and the chance itself where there is one."""
    sentence = _say_why(insight.why)
    said = sentence[:1].upper() + sentence[1:]
    if insight.p_return_ppm is None or not insight.is_calibrated:
        return f"{said}."
    return _(
        "%(why)s. Chance to order within %(days)s days: %(chance)s.",
        why=said,
        days=words.number(insight.horizon_days),
        chance=words.whole_percent(Decimal(insight.p_return_ppm) / _MILLION),
    )


def _say_why(why: Explanation) -> str:
    history = why.history.translated(say)
    if why.outlook is None:
        return history
    return _("%(name)s: %(text)s", name=history, text=why.outlook.translated(say))


def explain_accuracy(found: Accuracy | None, words: ShopFormat) -> str:
    """How right the model was on what it had not seen; empty where that cannot be said."""
    if found is None:
        return ""
    error = _share(found.revenue_error, words)
    pairs = _share(found.churn_auc, words)
    if error and pairs:
        return _(
            "Tried on orders that it had not seen, this model was %(error)s off the revenue, "
            "and told who comes back from who does not in %(pairs)s of pairs.",
            error=error,
            pairs=pairs,
        )
    if error:
        return _(
            "Tried on orders that it had not seen, this model was %(error)s off the revenue.",
            error=error,
        )
    if pairs:
        return _(
            "Tried on orders that it had not seen, this model told who comes back from who does "
            "not in %(pairs)s of pairs.",
            pairs=pairs,
        )
    return ""


def _share(found: float | None, words: ShopFormat) -> str:
    return "" if found is None else words.share(Decimal(repr(found)))


def explain_health(insight: Insight) -> str:
    """The three parts that add up to the score."""
    return _(
        "Orders %(rfm)s of %(rfm_max)s, likely to return %(back)s of %(back_max)s, "
        "engagement %(engaged)s of %(engaged_max)s.",
        rfm=insight.health_rfm,
        rfm_max=RFM_MAX,
        back=insight.health_return,
        back_max=RETURN_MAX,
        engaged=insight.health_engagement,
        engaged_max=ENGAGEMENT_MAX,
    )
