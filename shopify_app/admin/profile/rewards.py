"""What the profile shows of rewards: what the member can redeem now, and what they redeemed."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from flask import g
from sqlalchemy.orm import Session

from loyalty.base.clock import day_in, utc_now
from loyalty.base.money import Money
from loyalty.queries.paging import Batch
from loyalty.redemption.doubts import is_in_doubt
from loyalty.redemption.tables import Redemption
from loyalty.redemption.terms import Terms
from loyalty.redemption.views import list_redemptions
from loyalty.rewards.views import Offer, list_offers
from loyalty.shops.directory import get_shop
from loyalty.shops.tables import Shop
from shopify_app.admin.languages import N_, Words, _
from shopify_app.admin.profile.choice_form import ChoiceForm

_BATCH = 10
_STATES = {
    "reserved": (N_("Code is being made"), "info"),
    "issued": (N_("Can be used"), "success"),
    "used": (N_("Used"), ""),
    "returning": (N_("Being taken back"), "info"),
    "returned": (N_("Taken back"), ""),
}
_BEING_PAID = (N_("Store credit is being paid"), "info")
_DOUBTED = (N_("Paid or not is not known"), "critical")
_REASONS = Words(
    {
        "voided": N_("by hand"),
        "voided_at_till": N_("at the till"),
        "deleted_in_shopify": N_("code deleted or ended in Shopify"),
        "expired": N_("the code ran out"),
        "order_cancelled": N_("order cancelled"),
        "refunded": N_("order refunded"),
    }
)


@dataclass(frozen=True, slots=True)
class Redeemed:
    """A redemption in words; `can_be_taken_back` while its code is unused.

    `is_in_doubt`: somebody must say whether its store credit was paid. `worth`: of
    an amount.
    """

    id: UUID
    name: str
    points: int
    state: str
    tone: str
    code: str | None
    at: datetime
    last_on: date | None
    reason: str
    can_be_taken_back: bool
    is_in_doubt: bool
    worth: Money | None


@dataclass(frozen=True, slots=True)
class MemberRewards:
    """The offers, the newest redemptions, the key of the next one, and what was chosen."""

    redeemable: list[Offer]
    others: list[Offer]
    redeemed: Batch[Redeemed]
    client_key: str
    form: ChoiceForm

    @property
    def has_any(self) -> bool:
        """Whether there is anything to show."""
        return bool(self.redeemable or self.others or self.redeemed.rows)

    @property
    def has_per_point(self) -> bool:
        """Whether it can be chosen how many points to spend."""
        return any(offer.pricing == "per_point" for offer in self.redeemable)


def read_rewards(
    session: Session, member_id: UUID, *, form: ChoiceForm | None = None
) -> dict[str, Any]:
    """The member's rewards as staff may redeem them, with a fresh key. Raises MemberNotFound."""
    shop = get_shop(session, g.shop_id)
    offers = list_offers(session, shop, member_id, channel="admin", now=utc_now())
    rewards = MemberRewards(
        redeemable=[offer for offer in offers if offer.is_redeemable],
        others=[offer for offer in offers if not offer.is_redeemable],
        redeemed=read_redeemed(session, member_id),
        client_key=str(uuid4()),
        form=form or ChoiceForm(),
    )
    return {"rewards": rewards}


def read_redeemed(session: Session, member_id: UUID, after: str | None = None) -> Batch[Redeemed]:
    """A batch of what the member redeemed, the newest first."""
    shop = get_shop(session, g.shop_id)
    page = list_redemptions(session, g.shop_id, member_id, limit=_BATCH, after=after)
    return Batch([_redeemed(redemption, shop) for redemption in page.rows], page.next)


def _redeemed(redemption: Redemption, shop: Shop) -> Redeemed:
    state, tone = _STATES[redemption.state]
    terms, in_doubt = Terms.from_json(redemption.terms), is_in_doubt(redemption)
    if redemption.state == "reserved" and not terms.has_code:
        state, tone = _DOUBTED if in_doubt else _BEING_PAID
    is_open = redemption.state == "issued"
    reason = redemption.reason or ""
    return Redeemed(
        id=redemption.id,
        name=redemption.terms["name"],
        points=redemption.points,
        state=_(state),
        tone=tone,
        code=redemption.code if is_open else None,
        at=redemption.reserved_at,
        last_on=_last_day(redemption, shop) if is_open else None,
        reason=_REASONS.get(reason, reason),
        can_be_taken_back=is_open,
        is_in_doubt=in_doubt,
        worth=_worth(terms),
    )


def _worth(terms: Terms) -> Money | None:
    return None if terms.amount_minor is None else Money(terms.amount_minor, terms.currency)


def _last_day(redemption: Redemption, shop: Shop) -> date | None:
    """It ends at a midnight, so the day before is the last one."""
    if redemption.expires_at is None:
        return None
    return day_in(shop.timezone, redemption.expires_at - timedelta(seconds=1))
