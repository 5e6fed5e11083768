"""What earning is worked out from, and what comes out: plain values, no session, no time.

The invariant: everything here is frozen, so that the desk, a dry run and an explanation share it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from loyalty.earning.conditions import Conditions

SHIPPING = 0
"""The line id under which an order's shipping earns; Shopify's own ids are above it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """An earning rule of kind `order` as it is now. `gives` is per_unit or fixed.

    `points_per_unit`: points per major unit of money. `priority`: nearest to 1 first.
    `fault`: why it cannot be used, found when it was loaded; such a rule earns nothing.
    """

    id: UUID
    version: int
    name: str
    gives: str
    points_per_unit: Decimal | None
    fixed_points: int | None
    rounding: str
    starts_on: date | None
    ends_on: date | None
    is_exclusive: bool
    priority: int
    conditions: Conditions
    created_at: datetime
    fault: str | None = None

    @property
    def age(self) -> tuple[datetime, UUID]:
        """Sorts the rule created first to the front: it wins ties."""
        return self.created_at, self.id


@dataclass(frozen=True, slots=True)
class Promotion:
    """A multiplier for a time, on points per amount."""

    id: UUID
    name: str
    multiplier: Decimal
    starts_on: date | None
    ends_on: date | None
    conditions: Conditions
    created_at: datetime
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class TierHeld:
    """The tier that the member held before the order, and its multiplier; 1 without tiers."""

    id: UUID | None
    multiplier: Decimal


NO_TIER = TierHeld(None, Decimal(1))


@dataclass(frozen=True, slots=True)
class Product:
    """A product of the mirror; `tags` as `tag_key` writes them."""

    product_id: int
    collections: frozenset[int]
    tags: frozenset[str]


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it earns: `basis_minor` is for the ordered `quantity`, in minor units, tax
    counted or not as the programme says. `present`: pieces neither removed nor refunded.
    Shipping is the line `SHIPPING` with quantity 1, where shipping counts.
    """

    line_id: int
    product_id: int | None
    quantity: int
    present: int
    basis_minor: int


@dataclass(frozen=True, slots=True)
class OrderView:
    """What of an order the conditions ask; `rules_awarded`: rules with an award on it already."""

    order_id: int
    currency: str
    source_name: str | None
    location_id: int | None
    rules_awarded: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class AwardLinePlan:
    """A line's share of an award: `basis` = `basis_minor` × both multipliers, in minor units."""

    line_id: int
    quantity: int
    basis_minor: int
    basis: Decimal
    promotion_id: UUID | None
    promotion_multiplier: Decimal


@dataclass(frozen=True, slots=True)
class AwardPlan:
    """Whole points of one rule for the added lines; `basis` is the sum of its lines'."""

    rule_id: UUID
    rule_version: int
    points: int
    basis: Decimal
    tier_id: UUID | None
    tier_multiplier: Decimal
    lines: tuple[AwardLinePlan, ...]


Products = Mapping[int, Product]
Covered = Mapping[int, int]
"""Pieces per line id that were assessed before, whether or not a rule gave points for them."""
