"""What a campaign gives each recipient at their turn: points, and a code of its coupon.

The invariant: the same campaign gives a member its points once and one code, however often asked:
both are known by the campaign's id.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from loyalty.audit import SYSTEM
from loyalty.campaigns.tables import Campaign
from loyalty.campaigns.words import HAD_COUPON, NO_CODE_LEFT, NOT_ACTIVE
from loyalty.coupons import assigning
from loyalty.ledger.books import Books
from loyalty.ledger.journal import Cause
from loyalty.shops.tables import Shop
from loyalty.tiers.standing import BY_POINTS, after_changes

_WORDS = {assigning.HAD_IT: HAD_COUPON, assigning.NO_CODE_LEFT: NO_CODE_LEFT}


@dataclass(frozen=True, slots=True)
class Gifts:
    """`codes`: member → coupon code; `awaited`: whose code Shopify is still to make; `refused`:
    who gets none, and why.
    """

    codes: dict[UUID, UUID] = field(default_factory=dict)
    awaited: frozenset[UUID] = frozenset()
    refused: dict[UUID, str] = field(default_factory=dict)

    @property
    def needs_codes(self) -> bool:
        """Whether Shopify is to be asked for some."""
        return bool(self.awaited)


def give(
    session: Session, shop: Shop, campaign: Campaign, members: Sequence[UUID], *, now: datetime
) -> Gifts:
    """Give these members, whose balances are locked, what the campaign brings. Flushes.

    Who can be given no code is given no points either, and who waits for one gets them with it:
    should Shopify refuse to make any, nobody was given anything. Raises CouponOver.
    """
    if not members:
        return Gifts()
    gifts = _give_codes(session, shop, campaign, members, now) if campaign.coupon_id else Gifts()
    ready = [m for m in members if m not in gifts.refused and m not in gifts.awaited]
    give_points(session, shop, campaign, ready, now=now)
    return gifts


def give_points(
    session: Session, shop: Shop, campaign: Campaign, members: Sequence[UUID], *, now: datetime
) -> None:
    """Give these, whose balances are locked, the campaign's points, if it brings some; once."""
    if campaign.bonus_points is None or not members:
        return
    books = Books.open(session, shop.shop_id, members, now=now)
    causes = {member_id: _cause(campaign, member_id, now) for member_id in members}
    books.expect(cause.idempotency_key for cause in causes.values())
    for member_id in sorted(members):
        books.credit(member_id, causes[member_id], points=campaign.bonus_points)
    books.write()
    # Grants count for tiers where the merchant ticked so.
    after_changes(session, shop, sorted(members), now=now, touched=BY_POINTS)


def _give_codes(
    session: Session, shop: Shop, campaign: Campaign, members: Sequence[UUID], now: datetime
) -> Gifts:
    assert campaign.coupon_id is not None
    handed = assigning.assign(
        session,
        shop,
        campaign.coupon_id,
        members,
        batch_id=campaign.id,
        sends_email=False,
        actor=SYSTEM,
        now=now,
    )
    return Gifts(
        codes={member_id: code.id for member_id, code in handed.given.items()},
        awaited=frozenset(m for m, code in handed.given.items() if code.state == "making"),
        refused={m: _WORDS.get(why, NOT_ACTIVE) for m, why in handed.refused.items()},
    )


def _cause(campaign: Campaign, member_id: UUID, now: datetime) -> Cause:
    return Cause(
        kind="grant",
        idempotency_key=f"campaign:{campaign.id}:{member_id}",
        source_kind="campaign",
        source_id=str(campaign.id),
        actor=campaign.started_by or str(SYSTEM),
        occurred_at=now,
        reason_code="campaign",
    )
