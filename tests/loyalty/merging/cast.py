"""Alice, and a second account of hers: members of Aurora who are one person."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.adjustments import adjust
from loyalty.audit import Actor
from loyalty.ledger.selfcheck import find_differences
from loyalty.ledger.tables import LedgerEntry
from loyalty.members.enrolment import record_customer
from loyalty.members.tables import Member, MemberBalance
from loyalty.merging.merging import merge
from loyalty.merging.tables import MemberMerge
from loyalty.orders.recording import record_order
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON, a_customer, a_line, an_order

STAFF = Actor("staff", "42")
SECOND = 502
"""The Shopify customer of Alice's second account; her first is 501."""


def second_account(
    session: Session, shop: Shop, *, customer_id: int = SECOND, **changes: Any
) -> Member:
    """Alice's other account, with another address."""
    facts: dict[str, Any] = {"email": "alice.archer@example.com", "has_verified_email": False}
    facts |= changes
    customer = record_customer(
        session, shop, a_customer(customer_id, **facts), now=NOON, is_backfill=False
    )
    return session.get_one(Member, (shop.shop_id, customer.member_id))


def give(session: Session, member: Member, points: int, *, key: str = "gift") -> LedgerEntry:
    """Points by hand; below 0 they are taken."""
    return adjust(
        session,
        member.shop_id,
        member.id,
        points=points,
        reason="other",
        note=None,
        order_reference=None,
        client_key=f"{key}-{member.id}-{points}",
        actor=STAFF,
        now=NOON,
    )


def buy(
    session: Session,
    shop: Shop,
    order_id: int,
    amount_minor: int,
    *,
    customer_id: int,
    now: datetime = NOON,
    **more: Any,
) -> None:
    """A paid order of one line: a point per euro."""
    line = a_line(line_id=order_id * 10, gross_minor=amount_minor)
    facts = an_order(order_id, line, customer_id=customer_id, **more)
    record_order(session, shop, facts, now=now, is_backfill=False)


def make_one(
    session: Session, shop: Shop, survivor: Member, merged: Member, *, days: int = 0
) -> MemberMerge:
    """Merge the two, so many days after noon."""
    return merge(
        session,
        shop,
        survivor.id,
        merged.id,
        actor=STAFF,
        now=NOON + timedelta(days=days, hours=1),
    )


def figures(session: Session, member: Member) -> tuple[int, int, int, int]:
    """Available, pending, lifetime earned and burned, as the database has them."""
    statement = (
        select(MemberBalance)
        .where(MemberBalance.shop_id == member.shop_id, MemberBalance.member_id == member.id)
        .execution_options(populate_existing=True)
    )
    found = session.scalars(statement).one()
    return found.available, found.pending, found.lifetime_earned, found.lifetime_burned


def entries(session: Session, member_id: UUID) -> list[tuple[str, int]]:
    """(kind, points) of the member's own entries, oldest first."""
    rows = session.execute(
        select(LedgerEntry.kind, LedgerEntry.points)
        .where(LedgerEntry.member_id == member_id)
        .order_by(LedgerEntry.id)
    )
    return [(row.kind, row.points) for row in rows]


def assert_books_agree(session: Session, shop: Shop) -> None:
    """Every cached figure is what the books say."""
    session.flush()
    assert find_differences(session, shop.shop_id) == []
