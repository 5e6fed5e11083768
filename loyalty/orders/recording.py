"""What Shopify says of orders and refunds becomes rows, then points; late or twice is no matter.

Locks: the member's balance first, then the order.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from loyalty.base.errors import ForeignCurrency
from loyalty.earning.awards import settle_order
from loyalty.ledger.posting import lock_balance
from loyalty.members.enrolment import enrol_customer, record_customer
from loyalty.members.tables import Customer
from loyalty.orders.facts import LineFacts, OrderFacts, RefundFacts
from loyalty.orders.tables import Order, OrderLine, Refund, RefundLine
from loyalty.shops.tables import Shop


def record_order(
    session: Session, shop: Shop, facts: OrderFacts, *, now: datetime, is_backfill: bool
) -> Order:
    """Store the order's state unless we know a newer one, and settle its points.

    Raises ForeignCurrency when its shop money is not the shop's. Flushes; the caller commits.
    """
    if facts.currency != shop.currency:
        raise ForeignCurrency(f"{facts.name} is in {facts.currency}, the shop in {shop.currency}")
    member_id, customer_id = _owner(session, shop, facts, now=now, is_backfill=is_backfill)
    balance = lock_balance(session, shop.shop_id, member_id) if member_id else None
    order = _find_order(session, shop.shop_id, facts.order_id, lock=True)
    if order is None:
        order = _add_order(session, shop, facts, member_id, customer_id)
    elif not _is_news(session, order, facts):
        return order
    elif order.member_id is not None and order.customer_id is None:
        customer_id = None  # They were erased, whoever names them again.
    order.member_id, order.customer_id = order.member_id or member_id, customer_id
    _copy_state(session, order, facts)
    if balance is not None:
        settle_order(session, order, balance, happened_at=_happened_at(facts), now=now)
    return order


def record_refund(session: Session, shop: Shop, facts: RefundFacts, *, now: datetime) -> None:
    """Store a refund, and settle its order's points if the order is here already."""
    seen = _find_order(session, shop.shop_id, facts.order_id, lock=False)
    if seen is None or seen.member_id is None:
        _store_refund(session, shop.shop_id, facts, in_order=False)
        return
    balance = lock_balance(session, shop.shop_id, seen.member_id)
    order = _find_order(session, shop.shop_id, facts.order_id, lock=True)
    assert order is not None
    _store_refund(session, shop.shop_id, facts, in_order=False)
    settle_order(session, order, balance, happened_at=facts.created_at, now=now)


def is_history(shop: Shop, facts: OrderFacts) -> bool:
    """Whether the order was placed before the shop began to earn.

    Whether it was paid by then is not asked: the answer would hang on which webhook came first.
    """
    return min(facts.created_at, facts.processed_at) < shop.earning_since


def columns_of(facts: OrderFacts) -> dict[str, Any]:
    """The columns of an order that Shopify's facts fill."""
    names = (
        "name", "currency", "taxes_included", "is_test", "is_paid", "source_name",
        "location_id", "total_minor", "current_total_minor", "created_at", "processed_at",
        "cancelled_at",
    )  # fmt: skip
    return {name: getattr(facts, name) for name in names} | {"shopify_updated_at": facts.updated_at}


def lines_of(shop_id: int, order_id: int, lines: Iterable[LineFacts]) -> list[dict[str, Any]]:
    """The rows of an order's lines, one for each id."""
    rows = {
        line.line_id: {
            "shop_id": shop_id,
            "order_id": order_id,
            "line_id": line.line_id,
            "title": line.title,
            "product_id": line.product_id,
            "quantity": line.quantity,
            "current_quantity": line.current_quantity,
            "basis_minor": line.basis_minor,
            "is_gift_card": line.is_gift_card,
            "gross_minor": line.gross_minor,
        }
        for line in lines
    }
    return list(rows.values())


def enrols(facts: OrderFacts) -> bool:
    """Whether the order makes its customer a member."""
    return facts.is_paid and not facts.is_test


def _owner(
    session: Session, shop: Shop, facts: OrderFacts, *, now: datetime, is_backfill: bool
) -> tuple[UUID | None, int | None]:
    """The member whose order this is, the one it had first or its customer's; and the customer."""
    known = _find_order(session, shop.shop_id, facts.order_id, lock=False)
    if known is not None and known.member_id is not None:
        return known.member_id, facts.customer_id
    customer = _find_customer(session, shop, facts, now=now, is_backfill=is_backfill)
    if customer is None:
        return None, facts.customer_id
    if customer.redacted_at is not None:
        return None, None
    if customer.member_id is None and enrols(facts):
        enrol_customer(session, shop, customer, now=now, is_backfill=is_backfill)
    return customer.member_id, facts.customer_id


def _find_customer(
    session: Session, shop: Shop, facts: OrderFacts, *, now: datetime, is_backfill: bool
) -> Customer | None:
    if facts.customer is not None:
        return record_customer(session, shop, facts.customer, now=now, is_backfill=is_backfill)
    if facts.customer_id is not None:
        return session.get(Customer, (shop.shop_id, facts.customer_id))
    return None


def _find_order(session: Session, shop_id: int, order_id: int, *, lock: bool) -> Order | None:
    statement = select(Order).where(Order.shop_id == shop_id, Order.order_id == order_id)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return session.scalar(statement)


def _add_order(
    session: Session,
    shop: Shop,
    facts: OrderFacts,
    member_id: UUID | None,
    customer_id: int | None,
) -> Order:
    order = Order(
        shop_id=shop.shop_id,
        order_id=facts.order_id,
        member_id=member_id,
        customer_id=customer_id,
        is_history=is_history(shop, facts),
        **columns_of(facts),
    )
    session.add(order)
    session.flush()
    return order


def _is_news(session: Session, order: Order, facts: OrderFacts) -> bool:
    """Newer, or of the same second and further along: Shopify's times have no fractions."""
    return _progress(facts.updated_at, facts.cancelled_at, facts.is_paid, len(facts.refunds)) >= (
        _progress(
            order.shopify_updated_at,
            order.cancelled_at,
            order.is_paid,
            _count_refunds_in_order(session, order),
        )
    )


def _progress(
    updated_at: datetime, cancelled_at: datetime | None, is_paid: bool, refunds: int
) -> tuple[datetime, bool, bool, int]:
    return updated_at, cancelled_at is not None, is_paid, refunds


def _count_refunds_in_order(session: Session, order: Order) -> int:
    statement = select(func.count()).where(
        Refund.shop_id == order.shop_id, Refund.order_id == order.order_id, Refund.in_order
    )
    return session.scalar(statement) or 0


def _copy_state(session: Session, order: Order, facts: OrderFacts) -> None:
    for name, value in columns_of(facts).items():
        setattr(order, name, value)
    _store_lines(session, order, facts.lines)
    for refund in facts.refunds:
        _store_refund(session, order.shop_id, refund, in_order=True)
    session.flush()


def _store_lines(session: Session, order: Order, lines: tuple[LineFacts, ...]) -> None:
    """All lines in one statement: an order of fifty lines costs no more trips than one of one."""
    if not lines:
        return
    statement = insert(OrderLine).values(lines_of(order.shop_id, order.order_id, lines))
    keys = ("shop_id", "order_id", "line_id")
    newer = {c.name: c for c in statement.excluded if c.name not in keys}
    session.execute(statement.on_conflict_do_update(index_elements=keys, set_=newer))


def _store_refund(session: Session, shop_id: int, facts: RefundFacts, *, in_order: bool) -> None:
    """Keep a refund once; what an order's state has counted stays counted.

    A copy that knows the money or the lines completes one that did not.
    """
    statement = insert(Refund).values(
        shop_id=shop_id,
        refund_id=facts.refund_id,
        order_id=facts.order_id,
        money_minor=facts.money_minor,
        in_order=in_order,
        created_at=facts.created_at,
    )
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["shop_id", "refund_id"],
            set_={
                "in_order": Refund.in_order | statement.excluded.in_order,
                "money_minor": func.greatest(Refund.money_minor, statement.excluded.money_minor),
            },
        )
    )
    for line_id, quantity in facts.lines:
        session.merge(
            RefundLine(
                shop_id=shop_id, refund_id=facts.refund_id, line_id=line_id, quantity=quantity
            )
        )
    session.flush()


def _happened_at(facts: OrderFacts) -> datetime:
    """When what we settle took place: the payment at first, later the last change."""
    return facts.cancelled_at or (facts.updated_at if facts.refunds else facts.processed_at)
