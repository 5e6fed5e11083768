"""Orders and refunds that no webhook brought: what Shopify changed is read again, whole."""

from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from loyalty.base.bulk import among
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import LoyaltyError
from loyalty.orders.tables import Order, Refund
from loyalty.reconciliation import recording
from shopify_app.platform.backfill.one_order import read_order
from shopify_app.platform.errors import ShapeError
from shopify_app.platform.payloads.reading import identifier, moment

log = structlog.get_logger()


def look(shop_id: int, nodes: list[dict[str, Any]]) -> int:
    """Mend the orders among `nodes` of which we know less than Shopify; how many. Commits."""
    told = {identifier(node.get("id"), "order.id"): moment(node, "updatedAt") for node in nodes}
    with shop_transaction(shop_id) as session:
        known = _list_known(session, shop_id, list(told))
    lacking = [
        order_id for order_id, at in told.items() if order_id not in known or known[order_id] < at
    ]
    return sum(_mend(shop_id, order_id, is_new=order_id not in known) for order_id in lacking)


def _list_known(session: Session, shop_id: int, order_ids: list[int]) -> dict[int, datetime]:
    rows = session.execute(
        select(Order.order_id, Order.shopify_updated_at).where(
            Order.shop_id == shop_id, among(Order.order_id, order_ids)
        )
    )
    return {row.order_id: row.shopify_updated_at for row in rows}


def _mend(shop_id: int, order_id: int, *, is_new: bool) -> bool:
    """Read the order, and keep what was found in the same transaction."""
    with shop_transaction(shop_id) as session:
        before = _count_refunds(session, shop_id, order_id)

    def note(session: Session) -> None:
        now = utc_now()
        session.flush()
        refunds = _count_refunds(session, shop_id, order_id) - before
        kind = _kind(is_new=is_new, refunds=refunds)
        recording.note(
            session, shop_id, kind, order_id, now=now, is_mended=True, new_refunds=refunds
        )
        unread = recording.ORDER_UNREADABLE
        recording.mend(session, shop_id, unread, [str(order_id)], now=now)

    try:
        return read_order(shop_id, order_id, note)
    except (ShapeError, LoyaltyError) as error:
        # One order that we cannot take must not hold up all that come after it.
        log.error("order_unreadable", shop=shop_id, order=order_id, reason=str(error))
        with shop_transaction(shop_id) as session:
            unread = recording.ORDER_UNREADABLE
            code = getattr(error, "code", "shape")
            recording.note(session, shop_id, unread, order_id, now=utc_now(), code=code)
        return True


def _kind(*, is_new: bool, refunds: int) -> str:
    if is_new:
        return recording.ORDER_MISSING
    return recording.REFUND_MISSING if refunds else recording.ORDER_BEHIND


def _count_refunds(session: Session, shop_id: int, order_id: int) -> int:
    count = select(func.count()).select_from(Refund)
    return session.scalar(count.where(Refund.shop_id == shop_id, Refund.order_id == order_id)) or 0
