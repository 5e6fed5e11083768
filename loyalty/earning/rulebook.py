"""A shop's rules and promotions as planning wants them, and the products they ask for. Reads only.

The invariant: what cannot be used is here, too, with its fault, and gives nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.base.errors import BadRule
from loyalty.catalogue import tables as catalogue
from loyalty.earning.checking import check_promotion, check_rule
from loyalty.earning.conditions import Conditions
from loyalty.earning.model import Product, Promotion, Rule
from loyalty.programme import tables


@dataclass(frozen=True, slots=True)
class Rulebook:
    """What is in force for orders, the oldest first."""

    rules: tuple[Rule, ...]
    promotions: tuple[Promotion, ...]

    @property
    def asks_for_products(self) -> bool:
        """Whether any condition needs the mirror of products."""
        return any(conditions.asks_for_products for conditions in self._conditions())

    @property
    def asks_for_first_order(self) -> bool:
        """Whether any condition needs to know if it is the member's first order."""
        return any(conditions.first_order for conditions in self._conditions())

    def _conditions(self) -> list[Conditions]:
        rules = [rule.conditions for rule in self.rules]
        return rules + [promotion.conditions for promotion in self.promotions]


def read_rulebook(session: Session, shop_id: int) -> Rulebook:
    """The active order rules and promotions, in two queries."""
    rule, promotion = tables.EarningRule, tables.Promotion
    rules = session.scalars(
        select(rule)
        .where(rule.shop_id == shop_id, rule.is_active, rule.kind == "order")
        .order_by(rule.created_at, rule.id)
    )
    promotions = session.scalars(
        select(promotion)
        .where(promotion.shop_id == shop_id, promotion.is_active)
        .order_by(promotion.created_at, promotion.id)
    )
    return Rulebook(tuple(map(rule_of, rules)), tuple(map(promotion_of, promotions)))


def read_products(session: Session, shop_id: int, product_ids: Iterable[int]) -> dict[int, Product]:
    """Those of `product_ids` whose tags and collections we know, in two queries."""
    wanted = sorted(set(product_ids))
    if not wanted:
        return {}
    product, membership = catalogue.Product, catalogue.ProductCollection
    collections: dict[int, set[int]] = {}
    for product_id, collection_id in session.execute(
        select(membership.product_id, membership.collection_id).where(
            membership.shop_id == shop_id, membership.product_id.in_(wanted)
        )
    ):
        collections.setdefault(product_id, set()).add(collection_id)
    known = session.execute(
        select(product.product_id, product.tags).where(
            product.shop_id == shop_id,
            product.product_id.in_(wanted),
            product.collections_read_at.is_not(None),
        )
    )
    return {
        product_id: Product(product_id, frozenset(collections.get(product_id, ())), frozenset(tags))
        for product_id, tags in known
    }


def rule_of(row: tables.EarningRule) -> Rule:
    """The rule of a row; with its fault where the row cannot work."""
    conditions, fault = Conditions(), None
    try:
        conditions = check_rule(settings_of(row)).conditions
    except BadRule as error:
        fault = f"{error.field} {error}"
    return Rule(
        id=row.id,
        version=row.version,
        name=row.name,
        gives=row.gives,
        points_per_unit=row.points_per_unit,
        fixed_points=row.fixed_points,
        rounding=row.rounding,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        is_exclusive=row.is_exclusive,
        priority=row.priority,
        conditions=conditions,
        created_at=row.created_at,
        fault=fault,
    )


def promotion_of(row: tables.Promotion) -> Promotion:
    """The promotion of a row; with its fault where the row cannot work."""
    conditions, fault, multiplier = Conditions(), None, Decimal(1)
    try:
        checked = check_promotion(settings_of(row))
        conditions, multiplier = checked.conditions, checked.multiplier
    except BadRule as error:
        fault = f"{error.field} {error}"
    return Promotion(
        id=row.id,
        name=row.name,
        multiplier=multiplier,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        conditions=conditions,
        created_at=row.created_at,
        fault=fault,
    )


def settings_of(row: tables.EarningRule | tables.Promotion) -> dict[str, Any]:
    """A row's settings by name, as `check_rule` and `check_promotion` take them."""
    apart = {"shop_id", "id", "version", "created_at", "fault", "fault_at"}
    names = (column.key for column in row.__table__.columns)
    return {name: getattr(row, name) for name in names if name not in apart}
