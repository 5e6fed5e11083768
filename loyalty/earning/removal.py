"""How much of an award's basis refunds, edits and cancellations took back, counted once.

The invariant: the answer depends on the order's present state alone, not on what came first.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.earning.model import SHIPPING
from loyalty.earning.tables import Award, AwardLine
from loyalty.orders.tables import Order, OrderLine, Refund, RefundLine


@dataclass(frozen=True, slots=True)
class Removal:
    """What is gone of an order: a share from 0 to 1 of each line, and of the whole by money."""

    is_cancelled: bool
    by_line: dict[int, Fraction]
    by_money: Fraction

    def share_of(self, award: Award, lines: Sequence[AwardLine]) -> Fraction:
        """The removed part of the award's basis, from 0 to 1."""
        if self.is_cancelled or award.basis == 0:
            return Fraction(1)
        gone = sum(
            (Fraction(line.basis) * self.by_line.get(line.line_id, 0) for line in lines),
            Fraction(0),
        )
        return min(Fraction(1), gone / Fraction(award.basis) + self.by_money)


@dataclass(frozen=True, slots=True)
class Refunded:
    """What an order's refunds gave back: pieces per line that its own state does not know yet,
    money without lines, and shipping with its tax.
    """

    apart: Mapping[int, int]
    money_minor: int
    shipping_minor: int


def removal_of(
    session: Session, order: Order, lines: Sequence[OrderLine], *, counts_money: bool
) -> Removal:
    """What the order's state and its refunds say is gone; `counts_money` is the shop's setting."""
    return removal_from(order, lines, _refunded(session, order), counts_money=counts_money)


def removal_from(
    order: Order, lines: Sequence[OrderLine], refunded: Refunded, *, counts_money: bool
) -> Removal:
    """As `removal_of`, from what is loaded already."""
    has_total = counts_money and order.total_minor > 0
    by_line = {line.line_id: _gone(line, refunded.apart.get(line.line_id, 0)) for line in lines}
    shipping = order.shipping_minor + order.shipping_tax_minor
    if shipping > 0:
        by_line[SHIPPING] = Fraction(min(refunded.shipping_minor, shipping), shipping)
    return Removal(
        is_cancelled=order.cancelled_at is not None,
        by_line=by_line,
        by_money=Fraction(refunded.money_minor, order.total_minor) if has_total else Fraction(0),
    )


def target_points(points: int, removed: Fraction) -> int:
    """What stands of an award: always floored like this, whatever the rule's rounding."""
    return points - floor(points * removed)


def _gone(line: OrderLine, refunded_apart: int) -> Fraction:
    """The order's own state counts its edits and the refunds it knew; the others are added."""
    pieces = line.quantity - line.current_quantity + refunded_apart
    return Fraction(min(pieces, line.quantity), max(line.quantity, 1))


def _refunded(session: Session, order: Order) -> Refunded:
    statement = (
        select(Refund.refund_id, Refund.in_order, Refund.money_minor, Refund.shipping_minor)
        .add_columns(RefundLine.line_id, RefundLine.quantity)
        .outerjoin(
            RefundLine,
            (Refund.shop_id == RefundLine.shop_id) & (Refund.refund_id == RefundLine.refund_id),
        )
        .where(Refund.shop_id == order.shop_id, Refund.order_id == order.order_id)
    )
    apart: dict[int, int] = defaultdict(int)
    money: dict[int, tuple[int, int]] = {}
    for row in session.execute(statement):
        money[row.refund_id] = row.money_minor, row.shipping_minor
        if row.line_id is not None and not row.in_order:
            apart[row.line_id] += row.quantity
    return Refunded(
        apart,
        money_minor=sum(given for given, _ in money.values()),
        shipping_minor=sum(shipping for _, shipping in money.values()),
    )
