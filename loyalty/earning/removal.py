"""How much of an award's basis refunds, edits and cancellations took back, counted once.

The invariant: the answer depends on the order's present state alone, not on what came first.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import floor

from loyalty.earning.model import SHIPPING
from loyalty.earning.sheets import AwardSheet
from loyalty.orders.sheets import LineSheet, OrderSheet, RefundSheet

_NOTHING = Fraction(0)


@dataclass(frozen=True, slots=True)
class Removal:
    """What is gone of an order: a share from 0 to 1 of a line (none: it is there whole), and of
    all of it by money.
    """

    is_cancelled: bool
    by_line: dict[int, Fraction]
    by_money: Fraction

    def share_of(self, award: AwardSheet) -> Fraction:
        """The removed part of the award's basis, from 0 to 1."""
        if self.is_cancelled or award.basis == 0:
            return Fraction(1)
        if not self.by_line and not self.by_money:
            return Fraction(0)
        gone = sum(
            (Fraction(each.basis) * self.by_line.get(each.line_id, 0) for each in award.shares),
            Fraction(0),
        )
        return min(Fraction(1), gone / Fraction(award.basis) + self.by_money)


def removal_of(sheet: OrderSheet, *, counts_money: bool) -> Removal:
    """What the order's state and its refunds say is gone; `counts_money` is the shop's setting."""
    refunds = sheet.refunds.values()
    apart = _refunded_apart(refunds)
    by_line = {
        line.line_id: gone
        for line in sheet.lines.values()
        if (gone := _gone(line, apart.get(line.line_id, 0)))
    }
    shipping_minor = sheet.shipping_minor + sheet.shipping_tax_minor
    back_minor = min(sum(refund.shipping_minor for refund in refunds), shipping_minor)
    if back_minor > 0:
        by_line[SHIPPING] = Fraction(back_minor, shipping_minor)
    by_money = Fraction(0)
    if counts_money and sheet.total_minor > 0:
        by_money = Fraction(sum(refund.money_minor for refund in refunds), sheet.total_minor)
    return Removal(sheet.cancelled_at is not None, by_line, by_money)


def target_points(points: int, removed: Fraction) -> int:
    """What stands of an award: always floored like this, whatever the rule's rounding."""
    return points - floor(points * removed)


def _refunded_apart(refunds: Iterable[RefundSheet]) -> dict[int, int]:
    """Pieces per line of refunds that the order's own state does not know yet."""
    apart: dict[int, int] = defaultdict(int)
    for refund in refunds:
        if not refund.in_order:
            for line_id, quantity in refund.lines.items():
                apart[line_id] += quantity
    return apart


def _gone(line: LineSheet, refunded_apart: int) -> Fraction:
    """The order's own state counts its edits and the refunds it knew; the others are added."""
    pieces = line.quantity - line.current_quantity + refunded_apart
    return Fraction(min(pieces, line.quantity), max(line.quantity, 1)) if pieces else _NOTHING
