"""What a merge would bring about, before anybody agrees to it. Reads only."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.base.money import Money
from loyalty.members.archiving import count_put_away
from loyalty.members.consent import read_consents, stricter
from loyalty.members.tables import Customer, Member
from loyalty.merging.checks import get_two
from loyalty.merging.details import list_gaps
from loyalty.merging.merging import UNDO_WITHIN
from loyalty.queries.profile import get_profile


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two as they are now."""

    member_id: UUID
    name: str
    state: str
    email: str | None
    phone: str | None
    joined_at: datetime
    available: int
    pending: int
    lifetime_earned: int
    lifetime_burned: int
    order_count: int
    spend: Money
    customers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """The two, and the survivor as they would be; `filled`: details taken from the other."""

    survivor: Side
    merged: Side
    available: int
    pending: int
    lifetime_earned: int
    lifetime_burned: int
    order_count: int
    spend: Money
    filled: tuple[str, ...]
    consents: dict[str, str | None]
    undo_until: datetime


def preview(
    session: Session, shop_id: int, survivor_id: UUID, merged_id: UUID, *, now: datetime
) -> Preview:
    """Raises BadMerge and MemberNotFound as the merge would."""
    survivor, merged = get_two(session, shop_id, survivor_id, merged_id)
    one, two = _side(session, survivor), _side(session, merged)
    put_away = count_put_away(session, shop_id, merged_id)
    return Preview(
        survivor=one,
        merged=two,
        available=one.available + two.available + put_away,
        pending=one.pending + two.pending,
        lifetime_earned=one.lifetime_earned + two.lifetime_earned,
        lifetime_burned=one.lifetime_burned + two.lifetime_burned,
        order_count=one.order_count + two.order_count,
        spend=Money(one.spend.amount_minor + two.spend.amount_minor, one.spend.currency),
        filled=tuple(list_gaps(survivor, merged)),
        consents=_consents(session, survivor, merged),
        undo_until=now + UNDO_WITHIN,
    )


def _side(session: Session, member: Member) -> Side:
    profile = get_profile(session, member.shop_id, member.id)
    customers = session.scalars(
        select(Customer.customer_id)
        .where(Customer.shop_id == member.shop_id, Customer.member_id == member.id)
        .order_by(Customer.customer_id)
    )
    return Side(
        member_id=member.id,
        name=profile.name,
        state=member.state,
        email=member.email,
        phone=member.phone,
        joined_at=member.joined_at,
        available=profile.available,
        pending=profile.pending,
        lifetime_earned=profile.lifetime_earned,
        lifetime_burned=profile.lifetime_burned,
        order_count=profile.order_count,
        spend=profile.total_spend,
        customers=tuple(customers),
    )


def _consents(session: Session, survivor: Member, merged: Member) -> dict[str, str | None]:
    own = read_consents(session, survivor.shop_id, survivor.id)
    theirs = read_consents(session, survivor.shop_id, merged.id)
    return {
        channel: stricter(own.get(channel), theirs.get(channel))
        for channel in sorted({*own, *theirs})
    }
