"""A shop's model in words: how right it was on what it had not seen, and what it assumes.

The invariant: every figure stands beside what one would have got without the model.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from loyalty.base.money import Money
from loyalty.insights.accuracy import Accuracy
from loyalty.insights.model import ShopModel
from shopify_app.admin.formatting import ShopFormat
from shopify_app.admin.insight.chart import Chart, draw
from shopify_app.admin.insight.words import EXCLUDED
from shopify_app.admin.languages import _, ngettext, say


@dataclass(frozen=True, slots=True)
class Line:
    """A figure, its name, and what it means."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class BinRow:
    """A line of the calibration table."""

    chance: str
    members: str
    predicted: str
    actual: str


@dataclass(frozen=True, slots=True)
class ShownAccuracy:
    """The hold-out: what was tried, the figures, the chart and its table."""

    period: str
    came_back: str
    revenue: Sequence[Line]
    churn: Sequence[Line]
    chart: Chart
    bins: Sequence[BinRow]


def show_accuracy(found: Accuracy, currency: str, words: ShopFormat) -> ShownAccuracy:
    """How right the model was."""
    period = _(
        "Fitted on orders up to %(day)s alone, then held against what %(members)s buyers did "
        "until %(until)s.",
        day=words.calendar_day(found.cut_on),
        members=words.number(found.members),
        until=words.calendar_day(found.until),
    )
    came_back = _(
        "Whoever ordered again within %(days)s of %(day)s came back.",
        days=days_in_words(found.horizon_days, words),
        day=words.calendar_day(found.cut_on),
    )
    return ShownAccuracy(
        period,
        came_back,
        _revenue(found, currency, words),
        _churn(found, words),
        draw(found.bins),
        [
            BinRow(
                _(
                    "%(low)s to %(high)s",
                    low=_percent(one.low, words),
                    high=_percent(one.high, words),
                ),
                words.number(one.members),
                _percent(one.predicted, words),
                _percent(one.actual, words),
            )
            for one in found.bins
        ],
    )


def _revenue(found: Accuracy, currency: str, words: ShopFormat) -> Sequence[Line]:
    actual = words.money(Money(found.revenue_actual_minor, currency))
    predicted = words.money(Money(found.revenue_predicted_minor, currency))
    return [
        Line(
            _("Predicted revenue"), predicted, _("From members who had ordered before the period.")
        ),
        Line(_("Actual revenue"), actual, _("From the same members.")),
        Line(
            _("Error of the prediction"),
            _error(found.revenue_error, words),
            _("The difference, as a share of the actual revenue."),
        ),
        *_naive_revenue(found, currency, words),
    ]


def _naive_revenue(found: Accuracy, currency: str, words: ShopFormat) -> Sequence[Line]:
    if found.revenue_before_minor is None:
        return []
    before = words.money(Money(found.revenue_before_minor, currency))
    return [
        Line(
            _("Error without the model"),
            _error(found.naive_revenue_error, words),
            _("Had we said that as much comes as in the period before: %(money)s.", money=before),
        )
    ]


def _churn(found: Accuracy, words: ShopFormat) -> Sequence[Line]:
    return [
        Line(
            _("Right by this model"),
            _auc(found.churn_auc, words),
            _(
                "Of a member who came back and one who did not, how often it gave the first the "
                "higher chance (AUC). A guess is right half the time."
            ),
        ),
        Line(
            _("Right by the RFM score"),
            _auc(found.rfm_auc, words),
            _("The same, by recency, frequency and order value alone."),
        ),
        Line(
            _("Right by P(alive)"),
            _auc(found.alive_auc, words),
            _("The same, by BG/NBD's chance to be still a customer. Churn risk does not use it."),
        ),
        Line(
            _("Error of this model's chances"),
            _number(found.brier, words),
            _("The mean squared distance from what happened (Brier score). Less is better."),
        ),
        Line(
            _("Error without the model"),
            _number(found.naive_brier, words),
            _(
                "The same, had we said %(share)s of every member.",
                share=_share(found.naive_rate, words),
            ),
        ),
    ]


def show_model(model: ShopModel, currency: str, words: ShopFormat) -> Sequence[Line]:
    """What the model assumes, in plain words."""
    lines = [
        Line(
            _("Churn risk looks ahead"),
            days_in_words(model.horizon_days, words),
            _("Whoever does not order within this time counts as lost."),
        ),
        Line(_("Members who have ordered"), words.number(model.buyers)),
        Line(_("Members who came back on another day"), words.number(model.repeat_buyers)),
        Line(_("First order"), _days_ago(model.history_days, words)),
    ]
    if model.value is None:
        return lines
    rate = model.value.purchases.r / model.value.purchases.alpha
    leaving = model.value.purchases.a / (model.value.purchases.a + model.value.purchases.b)
    mean = Money(round(model.value.amounts.mean), currency)
    return [
        *lines,
        Line(
            _("Time between orders"),
            days_in_words(round(1 / rate), words),
            _("Of an average buyer, for as long as they are a customer."),
        ),
        Line(
            _("Chance to leave after an order"),
            _share(leaving, words),
            _("For good, on average over all buyers."),
        ),
        Line(_("Value of an order"), words.money(mean), _("To expect of somebody who is new.")),
        Line(
            _("Predictions are multiplied by"),
            _number(model.scale, words),
            _("Actual by predicted revenue of the last period, between 0.5 and 2."),
        ),
    ]


def show_excluded(excluded: dict[str, int] | None, words: ShopFormat) -> Sequence[Line]:
    """What was left out, by reason."""
    found = excluded or {}
    return [Line(say(label), words.number(found.get(why, 0))) for why, label in EXCLUDED.items()]


def days_in_words(days: int, words: ShopFormat) -> str:
    """`1,234 days`, `1 day`; a shop of a day, or of hourly buyers, has less."""
    if days < 1:
        return _("Less than a day")
    return ngettext("1 day", "%(shown)s days", days, shown=words.number(days))


def _days_ago(days: int, words: ShopFormat) -> str:
    if days < 1:
        return _("Less than a day ago")
    return ngettext("1 day ago", "%(shown)s days ago", days, shown=words.number(days))


def _percent(share: float, words: ShopFormat) -> str:
    return words.whole_percent(Decimal(repr(share)))


def _share(share: float, words: ShopFormat) -> str:
    return words.share(Decimal(repr(share)))


def _error(value: float | None, words: ShopFormat) -> str:
    return _("Nobody bought") if value is None else _share(value, words)


def _auc(value: float | None, words: ShopFormat) -> str:
    return _("Cannot be said") if value is None else _share(value, words)


def _number(value: float, words: ShopFormat) -> str:
    return words.thousandths(Decimal(repr(value)))
