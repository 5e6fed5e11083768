"""The locks of a merge, in the order in which everybody takes them: customers, balances, members.

The invariant: two merges that cross wait for each other and never both hold what the other wants.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from loyalty.ledger.books import Books
from loyalty.members.tables import Customer, Member


def lock_two(session: Session, shop_id: int, member_ids: Iterable[UUID], *, now: datetime) -> Books:
    """The members' customers, their open books, and their rows, locked; raises MemberNotFound."""
    ids = sorted(member_ids)
    books = _lock_customers_and_books(session, shop_id, ids, now)
    session.scalars(
        select(Member)
        .where(Member.shop_id == shop_id, Member.id.in_(ids))
        .order_by(Member.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).all()
    return books


def _lock_customers_and_books(
    session: Session, shop_id: int, ids: list[UUID], now: datetime
) -> Books:
    """Again from the start if another merge brought one of them customers while we waited.

    To lock those late would be out of turn: two merges could then wait for each other.
    """
    while True:
        savepoint = session.begin_nested()
        locked = session.scalars(
            _customers_of(shop_id, ids).with_for_update().execution_options(populate_existing=True)
        ).all()
        books = Books.open(session, shop_id, ids, now=now, admits_merged=True)
        present = session.scalars(_customers_of(shop_id, ids)).all()
        if {each.customer_id for each in present} <= {each.customer_id for each in locked}:
            savepoint.commit()
            return books
        savepoint.rollback()


def _customers_of(shop_id: int, ids: list[UUID]) -> Select[Customer]:
    return (
        select(Customer)
        .where(Customer.shop_id == shop_id, Customer.member_id.in_(ids))
        .order_by(Customer.customer_id)
    )
