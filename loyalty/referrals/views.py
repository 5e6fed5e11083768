"""What is shown of a member's referrals: how many succeeded, what they earned, and the friends.

Reads only. The link itself is the wallet's (`wallet.card_links.referral_url`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from loyalty.base.said import said
from loyalty.ledger.tables import LedgerEntry
from loyalty.members.identity import with_merged
from loyalty.members.tables import Member
from loyalty.orders.tables import Order
from loyalty.referrals.paying import ADVOCATE, SOURCE_KINDS
from loyalty.referrals.settings import read_settings
from loyalty.referrals.tables import Referral
from loyalty.shops.tables import Shop

LISTED_MAX = 100

STATUSES = {
    "flagged": said("Waits for a look by the shop"),
    "rejected": said("Rejected by the shop"),
    "waiting": said("Has not bought yet"),
    "held": said("Bought; paid when the hold is over"),
    "paid": said("Bought"),
    "failed": said("Bought; does not count"),
    "reversed": said("Bought; taken back"),
    "blocked": said("Does not count"),
}
REASONS = {
    "below_minimum": said("the first order was too small"),
    "no_rule": said("no rule rewarded it then"),
    "cancelled": said("the first order was cancelled"),
    "paused": said("the programme was paused"),
    "earlier_order": said("had bought before"),
    "brought_before": said("had come by a link before"),
    "same_member": said("is the same member"),
    "same_customer": said("is the same customer"),
    "same_email": said("has the same email address"),
    "same_phone": said("has the same phone number"),
    "same_address": said("has the same address"),
    "no_advocate": said("the member was no longer active"),
}


@dataclass(frozen=True, slots=True)
class Friend:
    """Somebody who came by the link. `status` in words; `points` are what the member got.

    `first_name` is None for who was erased. `has_bought`: a paid order of theirs came since.
    """

    referral_id: UUID
    member_id: UUID
    first_name: str | None
    last_name: str | None
    claimed_at: datetime
    state: str
    status: str
    has_bought: bool
    order_name: str | None
    points: int
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Referrals:
    """A member's tab: `succeeded` friends who bought and count, `points` net of what was reversed,
    and the newest friends, blocked ones too.
    """

    succeeded: int
    points: int
    friends: Sequence[Friend]


def read_referrals(session: Session, shop: Shop, member_id: UUID) -> Referrals | None:
    """The member's referrals, of all whom they have taken in; None while the shop has none."""
    if not read_settings(session, shop.shop_id).is_on:
        return None
    ids = with_merged(session, shop.shop_id, [member_id])
    return Referrals(
        succeeded=_count_paid(session, shop.shop_id, ids),
        points=_sum_points(session, shop.shop_id, ids),
        friends=_list_friends(session, shop.shop_id, ids),
    )


def _count_paid(session: Session, shop_id: int, ids: set[UUID]) -> int:
    statement = select(func.count()).where(
        Referral.shop_id == shop_id,
        Referral.advocate_id.in_(ids),
        Referral.state == "paid",
    )
    return session.scalar(statement) or 0


def _sum_points(session: Session, shop_id: int, ids: set[UUID]) -> int:
    """What was posted for referrals and stands: what was taken back is off, forgiven is not."""
    statement = select(func.coalesce(func.sum(LedgerEntry.points), 0)).where(
        LedgerEntry.shop_id == shop_id,
        LedgerEntry.member_id.in_(ids),
        LedgerEntry.kind.in_(("referral", "earn_reversal")),
        LedgerEntry.source_kind == SOURCE_KINDS[ADVOCATE],
    )
    return int(session.scalar(statement) or 0)


def _list_friends(session: Session, shop_id: int, ids: set[UUID]) -> list[Friend]:
    rows = session.execute(
        select(Referral, Member.first_name, Member.last_name, Order.name)
        .join(Member, (Member.shop_id == Referral.shop_id) & (Member.id == Referral.friend_id))
        .outerjoin(
            Order, (Order.shop_id == Referral.shop_id) & (Order.order_id == Referral.order_id)
        )
        .where(Referral.shop_id == shop_id, Referral.advocate_id.in_(ids))
        .order_by(Referral.claimed_at.desc(), Referral.id.desc())
        .limit(LISTED_MAX)
    )
    return [_friend(*row) for row in rows]


def _friend(
    referral: Referral, first_name: str | None, last_name: str | None, order_name: str | None
) -> Friend:
    assert referral.friend_id is not None
    status, reason = STATUSES[referral.state], REASONS.get(referral.reason or "")
    if reason:
        status = said("%(status)s: %(reason)s", status=status, reason=reason)
    return Friend(
        referral_id=referral.id,
        member_id=referral.friend_id,
        first_name=first_name,
        last_name=last_name,
        claimed_at=referral.claimed_at,
        state=referral.state,
        status=status,
        has_bought=referral.order_id is not None,
        order_name=order_name,
        points=referral.advocate_points if referral.state == "paid" else 0,
        due_at=referral.due_at if referral.state == "held" else None,
    )
