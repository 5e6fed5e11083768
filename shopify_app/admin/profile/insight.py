"""What the profile says of a member's orders to come: worth, health and churn risk, each with why.

The invariant: where nothing can be said, the reason stands in its place, and never a nought.
"""

from dataclasses import dataclass
from typing import Any

from flask import g
from sqlalchemy.orm import Session

from loyalty.base.money import Money
from loyalty.insights.views import Insight, find_insight
from loyalty.queries.profile import Profile
from shopify_app.admin.formatting import ShopFormat
from shopify_app.admin.insight.words import (
    BANDS,
    explain_accuracy,
    explain_churn,
    explain_health,
    explain_ltv,
    why_not_yet,
)
from shopify_app.admin.languages import N_, _

_NOT_YET = N_("Not yet")


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure, or that there is none yet, and the sentence that explains it."""

    text: str
    note: str


@dataclass(frozen=True, slots=True)
class ShownInsight:
    """The churn badge with its sentence, three figures, and how right such figures were.

    `as_of` None: no run has seen the member. `tried` empty: the model was not tried yet.
    """

    as_of: str | None
    label: str
    tone: str
    why: str
    predicted: Figure
    health: Figure
    lifetime: Figure
    tried: str


def read_insight(session: Session, member: Profile) -> dict[str, Any]:
    """The insight of the member whose profile it is."""
    found, words = find_insight(session, g.shop_id, member.id), g.shop_format
    currency = member.total_spend.currency
    label, tone = BANDS[found.band if found else "not_yet"]
    shown = ShownInsight(
        as_of=words.calendar_day(found.as_of) if found else None,
        label=_(label),
        tone=tone,
        why=explain_churn(found, words) if found else why_not_yet(None),
        predicted=_predicted(found, words, currency),
        health=_health(found, words),
        lifetime=_lifetime(found, member, words),
        tried=explain_accuracy(found.accuracy, words) if found else "",
    )
    return {"insight": shown}


def _predicted(found: Insight | None, words: ShopFormat, currency: str) -> Figure:
    if found is None or found.ltv_minor is None:
        return Figure(_(_NOT_YET), why_not_yet(found))
    money = words.money(Money(found.ltv_minor, currency))
    return Figure(money, explain_ltv(found, words, currency))


def _health(found: Insight | None, words: ShopFormat) -> Figure:
    if found is None or found.health is None:
        return Figure(_(_NOT_YET), why_not_yet(found))
    return Figure(f"{words.number(found.health)} / {words.number(100)}", explain_health(found))


def _lifetime(found: Insight | None, member: Profile, words: ShopFormat) -> Figure:
    spent = words.money(member.total_spend)
    if found is None or found.ltv_minor is None:
        note = _("Spent so far. What the next 12 months bring cannot be said yet.")
        return Figure(spent, note)
    total = Money(member.total_spend.amount_minor + found.ltv_minor, member.total_spend.currency)
    coming = words.money(Money(found.ltv_minor, total.currency))
    note = _(
        "%(spent)s spent so far and %(coming)s predicted for the next 12 months.",
        spent=spent,
        coming=coming,
    )
    return Figure(words.money(total), note)
