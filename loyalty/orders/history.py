"""Orders of a back-fill's page that are plain history, in a few statements for all of them.

The invariant: what is stored is what `record_order` would store, by the same decisions.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from loyalty.members.tables import Customer, MemberBalance
from loyalty.orders.facts import OrderFacts
from loyalty.orders.recording import columns_of, enrols, is_history, lines_of
from loyalty.orders.tables import Order, OrderLine
from loyalty.shops.tables import Shop


@dataclass(frozen=True, slots=True)
class _Owner:
    """Whose a customer's orders are; nobody's, `customer_id` included, once they were erased."""

    member_id: UUID | None
    customer_id: int | None
    may_join: bool


def record_history(session: Session, shop: Shop, page: Sequence[OrderFacts]) -> set[int]:
    """Store those of `page` that are new, without refunds, and from before the shop began to earn.

    Returns their ids; the others are for `record_order`, and so is an order that makes its
    customer a member. Flushes; the caller commits.
    """
    plain = {facts.order_id: facts for facts in page if _is_plain(shop, facts)}
    for order_id in _list_known(session, shop.shop_id, plain):
        del plain[order_id]
    owners = _lock_owners(session, shop.shop_id, plain.values())
    rows = []
    # In one order, whoever else adds some of them at the same time.
    for _, facts in sorted(plain.items()):
        owner = owners.get(facts.customer_id, _Owner(None, facts.customer_id, may_join=False))
        if not (owner.may_join and enrols(facts)):
            rows.append(_row(shop, facts, owner))
    added = _add(session, rows)
    _add_lines(session, shop.shop_id, [plain[order_id] for order_id in sorted(added)])
    return added


def _is_plain(shop: Shop, facts: OrderFacts) -> bool:
    is_ours = facts.currency == shop.currency and facts.customer is None
    return is_ours and not facts.refunds and is_history(shop, facts)


def _list_known(session: Session, shop_id: int, order_ids: Iterable[int]) -> Sequence[int]:
    statement = select(Order.order_id).where(
        Order.shop_id == shop_id, Order.order_id.in_(list(order_ids))
    )
    return session.scalars(statement).all()


def _lock_owners(
    session: Session, shop_id: int, page: Iterable[OrderFacts]
) -> dict[int | None, _Owner]:
    """The owners by customer id, their balances locked in the order of members' ids."""
    customer_ids = {facts.customer_id for facts in page if facts.customer_id is not None}
    found = _find_owners(session, shop_id, customer_ids)
    member_ids = {owner.member_id for owner in found.values() if owner.member_id is not None}
    session.execute(
        select(MemberBalance.member_id)
        .where(MemberBalance.shop_id == shop_id, MemberBalance.member_id.in_(member_ids))
        .order_by(MemberBalance.member_id)
        .with_for_update()
    ).all()
    # Anew: somebody may have been erased while we waited for a lock.
    return _find_owners(session, shop_id, customer_ids)


def _find_owners(
    session: Session, shop_id: int, customer_ids: set[int]
) -> dict[int | None, _Owner]:
    statement = select(Customer.customer_id, Customer.member_id, Customer.redacted_at).where(
        Customer.shop_id == shop_id, Customer.customer_id.in_(customer_ids)
    )
    return {
        row.customer_id: _Owner(row.member_id, row.customer_id, may_join=row.member_id is None)
        if row.redacted_at is None
        else _Owner(None, None, may_join=False)
        for row in session.execute(statement)
    }


def _row(shop: Shop, facts: OrderFacts, owner: _Owner) -> dict[str, Any]:
    return {
        "shop_id": shop.shop_id,
        "order_id": facts.order_id,
        "member_id": owner.member_id,
        "customer_id": owner.customer_id,
        "is_history": True,
        **columns_of(facts),
    }


def _add(session: Session, rows: list[dict[str, Any]]) -> set[int]:
    """The ids of those that were not there."""
    if not rows:
        return set()
    statement = postgresql.insert(Order).on_conflict_do_nothing().returning(Order.order_id)
    return set(session.scalars(statement, rows))


def _add_lines(session: Session, shop_id: int, page: Iterable[OrderFacts]) -> None:
    lines = [line for facts in page for line in lines_of(shop_id, facts.order_id, facts.lines)]
    if lines:
        session.execute(insert(OrderLine), lines)
