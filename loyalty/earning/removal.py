"""How much of an award's basis refunds, edits and cancellations took back, counted once.

The invariant: the answer depends on the order's present state alone, not on what came first.
"""

from collections import defaultdict
from fractions import Fraction
from math import floor

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.earning.tables import Award, AwardLine
from loyalty.orders.tables import Order, OrderLine, Refund, RefundLine


def removed_share(
    session: Session, order: Order, award: Award, lines: list[AwardLine], *, counts_money: bool
) -> Fraction:
    """The removed part of the award's basis, from 0 to 1."""
    if order.cancelled_at is not None or award.basis == 0:
        return Fraction(1)
    removed = _removed_by_line(session, order)
    basis = sum(
        (Fraction(line.basis) * removed.get(line.line_id, Fraction(0)) for line in lines),
        Fraction(0),
    )
    share = basis / Fraction(award.basis)
    if counts_money:
        share += _money_share(session, order)
    return min(share, Fraction(1))


def target_points(points: int, removed: Fraction) -> int:
    """What stands of an award: always floored like this, whatever the rule's rounding."""
    return points - floor(points * removed)


def _removed_by_line(session: Session, order: Order) -> dict[int, Fraction]:
    """Per line, the share of its pieces that is gone.

    The order's own state counts its edits and the refunds it knew; refunds that
    arrived apart from it are added until the order's state knows them too.
    """
    gone: dict[int, int] = defaultdict(int, _refunded_apart(session, order))
    lines = session.scalars(
        select(OrderLine).where(
            OrderLine.shop_id == order.shop_id, OrderLine.order_id == order.order_id
        )
    )
    shares = {}
    for line in lines:
        pieces = line.quantity - line.current_quantity + gone[line.line_id]
        shares[line.line_id] = Fraction(min(pieces, line.quantity), max(line.quantity, 1))
    return shares


def _refunded_apart(session: Session, order: Order) -> dict[int, int]:
    statement = (
        select(RefundLine.line_id, RefundLine.quantity)
        .join(
            Refund,
            (Refund.shop_id == RefundLine.shop_id) & (Refund.refund_id == RefundLine.refund_id),
        )
        .where(
            Refund.shop_id == order.shop_id,
            Refund.order_id == order.order_id,
            Refund.in_order.is_(False),
        )
    )
    pieces: dict[int, int] = defaultdict(int)
    for line_id, quantity in session.execute(statement):
        pieces[line_id] += quantity
    return pieces


def _money_share(session: Session, order: Order) -> Fraction:
    """Money given back without a line counts as its share of what the order cost."""
    amounts = session.scalars(
        select(Refund.money_minor).where(
            Refund.shop_id == order.shop_id, Refund.order_id == order.order_id
        )
    )
    return Fraction(sum(amounts), order.total_minor) if order.total_minor > 0 else Fraction(0)
