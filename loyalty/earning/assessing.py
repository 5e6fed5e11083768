"""What an order that may earn gets, from what is loaded of it. Pure.

The invariant: the answer hangs on the order, the shop's terms and its products alone, and each
piece is looked at once, whatever it was given.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from loyalty.base.clock import day_in
from loyalty.earning.model import (
    SHIPPING,
    AwardPlan,
    Line,
    OrderView,
    Products,
    TierHeld,
)
from loyalty.earning.planning import plan_awards
from loyalty.earning.removal import Removal
from loyalty.earning.rulebook import Rulebook
from loyalty.orders.sheets import LineSheet, OrderSheet
from loyalty.programme.pausing import NEVER, WAITS, Pauses
from loyalty.programme.tables import Programme

PAUSED, NO_PRODUCT = "paused", "product"
"""Why an order waits: the programme is paused, or the mirror does not know a product of it."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a shop says of earning: read once for however many orders."""

    programme: Programme
    timezone: str
    pauses: Pauses
    rulebook: Rulebook


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What must be asked of others about one order, before it earns."""

    products: Products
    tier: TierHeld
    is_first_order: bool
    rules_awarded: frozenset[UUID]


@dataclass(frozen=True, slots=True)
class Assessment:
    """Awards to be made. `held_back`: why nothing was looked at yet; then nothing else counts."""

    plans: Sequence[AwardPlan]
    held_back: str | None


def is_waiting_to_be_assessed(order: OrderSheet, lines: Iterable[LineSheet]) -> bool:
    """Whether the order may earn and has pieces that nothing looked at yet."""
    if order.is_test or order.is_history or not order.is_paid or order.cancelled_at is not None:
        return False
    return order.assessed_at is None or any(
        line.quantity > line.assessed_quantity for line in lines
    )


def assess(
    terms: Terms,
    order: OrderSheet,
    lines: Sequence[LineSheet],
    removal: Removal,
    circumstances: Circumstances,
) -> Assessment:
    """The awards for the pieces that nothing looked at yet; the caller then marks all pieces so.

    An order earns by the rules of the day on which it was placed, if nothing paused when it was
    paid; pieces added later by those of the moment at which they came.
    """
    added_at = added_when(order)
    fate = terms.pauses.fate(added_at or order.counts_from)
    if fate == WAITS:
        return Assessment((), PAUSED)
    if fate == NEVER:
        return Assessment((), None)
    if terms.rulebook.asks_for_products and unknown_products(lines, circumstances.products):
        return Assessment((), NO_PRODUCT)
    plans = plan_awards(
        view_of(order, circumstances.rules_awarded),
        earning_lines(terms.programme, order, lines, removal),
        covered=covered_by(order, lines),
        rules=terms.rulebook.rules,
        promotions=terms.rulebook.promotions,
        tier=circumstances.tier,
        products=circumstances.products,
        is_first_order=circumstances.is_first_order,
        today=day_in(terms.timezone, added_at or order.processed_at),
    )
    return Assessment(plans, None)


def added_when(order: OrderSheet) -> datetime | None:
    """When the pieces came that nothing looked at yet; None for an order's first ones."""
    return None if order.assessed_at is None else order.shopify_updated_at


def unknown_products(lines: Iterable[LineSheet], products: Products) -> set[int]:
    """Products of pieces not yet looked at whose tags and collections we do not know."""
    return {
        line.product_id
        for line in lines
        if line.product_id is not None
        and line.product_id not in products
        and line.quantity > line.assessed_quantity
    }


def view_of(order: OrderSheet, rules_awarded: frozenset[UUID]) -> OrderView:
    """The order as conditions ask it."""
    return OrderView(
        order.order_id, order.currency, order.source_name, order.location_id, rules_awarded
    )


def earning_lines(
    programme: Programme, order: OrderSheet, lines: Iterable[LineSheet], removal: Removal
) -> list[Line]:
    """The lines as they earn, shipping among them where the shop counts it."""

    def counted(basis_minor: int, tax_minor: int) -> int:
        # A gift card or a tip counts for nothing, taxed or not.
        return basis_minor + (tax_minor if programme.counts_tax and basis_minor else 0)

    found = [
        Line(
            line_id=line.line_id,
            product_id=line.product_id,
            quantity=line.quantity,
            present=int(line.quantity * (1 - removal.by_line.get(line.line_id, 0))),
            basis_minor=counted(line.basis_minor, line.tax_minor),
        )
        for line in lines
    ]
    if programme.counts_shipping and order.shipping_minor > 0:
        basis_minor = counted(order.shipping_minor, order.shipping_tax_minor)
        is_there = removal.by_line.get(SHIPPING, 0) < 1
        found.append(Line(SHIPPING, None, 1, int(is_there), basis_minor))
    return found


def covered_by(order: OrderSheet, lines: Iterable[LineSheet]) -> dict[int, int]:
    """Pieces per line that earning has looked at; shipping when it first looked at all."""
    covered = {line.line_id: line.assessed_quantity for line in lines}
    covered[SHIPPING] = 0 if order.assessed_at is None else 1
    return covered
