"""Orders that no customer placed and nobody has: which can be claimed by their email, and by whom.

The invariant: an email gives an order to the one active member who has proved it, else to nobody.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from loyalty.base.bulk import among
from loyalty.members.addresses import email_mark
from loyalty.members.matching import find_all_by_verified_email, list_proved_by_mark
from loyalty.orders.facts import OrderFacts
from loyalty.orders.tables import Order
from loyalty.programme.rules import get_programme
from loyalty.shops.tables import Shop


def can_be_claimed(session: Session, shop: Shop, facts: OrderFacts, now: datetime) -> bool:
    """Whether an order that no customer placed is young enough to become somebody's."""
    days = get_programme(session, shop.shop_id).claim_days
    return not facts.is_test and now - facts.processed_at <= timedelta(days=days)


def list_strays(session: Session, shop_id: int, email: str, now: datetime) -> Sequence[int]:
    """Orders of no customer that were sent to this address, as long as they can be claimed."""
    is_marked = Order.email_mark == email_mark(email)
    return session.scalars(
        select(Order.order_id).where(is_marked, _is_claimable(session, shop_id, now))
    ).all()


def list_proved(
    session: Session, shop_id: int, emails: Iterable[str], now: datetime
) -> dict[int, UUID]:
    """Those that were sent to these normalised addresses, and who has proved theirs.

    One query for all, and one more if there are any.
    """
    marks = {email_mark(email): email for email in emails if email}
    if not marks:
        return {}
    rows = session.execute(
        select(Order.order_id, Order.email_mark).where(
            among(Order.email_mark, sorted(map(str, marks))), _is_claimable(session, shop_id, now)
        )
    ).all()
    if not rows:
        return {}
    owners = find_all_by_verified_email(session, shop_id, {marks[row.email_mark] for row in rows})
    found = ((row.order_id, owners.get(marks[row.email_mark])) for row in rows)
    return {order_id: member_id for order_id, member_id in found if member_id is not None}


def list_left(session: Session, shop_id: int, now: datetime, *, limit: int) -> dict[int, UUID]:
    """Those whose address somebody has proved though nothing gave it to them; reads all members."""
    is_claimable = Order.email_mark.is_not(None) & _is_claimable(session, shop_id, now)
    owner = list_proved_by_mark(shop_id, select(Order.email_mark).where(is_claimable)).subquery()
    rows = session.execute(
        select(Order.order_id, owner.c.member_id)
        .join(owner, owner.c.mark == Order.email_mark)
        .where(is_claimable)
        .order_by(Order.order_id)
        .limit(limit)
    )
    return {row.order_id: row.member_id for row in rows}


def _is_claimable(session: Session, shop_id: int, now: datetime) -> ColumnElement[bool]:
    days = get_programme(session, shop_id).claim_days
    return and_(
        Order.shop_id == shop_id,
        Order.member_id.is_(None),
        Order.customer_id.is_(None),
        Order.is_history.is_(False),
        Order.is_test.is_(False),
        Order.is_there(),
        Order.processed_at >= now - timedelta(days=days),
    )
