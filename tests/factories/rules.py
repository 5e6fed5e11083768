"""Rules, promotions and lines as planning takes them: a test states only what matters."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from loyalty.earning.conditions import Conditions
from loyalty.earning.model import NO_TIER, AwardPlan, Line, OrderView, Product, Promotion, Rule
from loyalty.earning.planning import plan_awards
from tests.factories.facts import NOON

TODAY = date(2026, 11, 22)


def a_rule(number: int = 1, **changes: Any) -> Rule:
    """One point per 1.00, floored, stackable, for everything; `number` is its id."""
    facts: dict[str, Any] = {
        "id": UUID(int=number),
        "version": 1,
        "name": f"Rule {number}",
        "gives": "per_unit",
        "points_per_unit": Decimal(1),
        "fixed_points": None,
        "rounding": "floor",
        "starts_on": None,
        "ends_on": None,
        "is_exclusive": False,
        "priority": 100,
        "conditions": Conditions(),
        "created_at": NOON,
    }
    return Rule(**(facts | changes))


def a_fixed_rule(number: int = 1, points: int = 100, **changes: Any) -> Rule:
    """So many points once per order."""
    return a_rule(
        number, **({"gives": "fixed", "points_per_unit": None, "fixed_points": points} | changes)
    )


def a_promotion(number: int = 1, multiplier: str = "2", **changes: Any) -> Promotion:
    """Double points, for everything; `number` is its id."""
    facts: dict[str, Any] = {
        "id": UUID(int=100 + number),
        "name": f"Promotion {number}",
        "multiplier": Decimal(multiplier),
        "starts_on": None,
        "ends_on": None,
        "conditions": Conditions(),
        "created_at": NOON,
    }
    return Promotion(**(facts | changes))


def a_line_of(basis_minor: int = 1000, line_id: int = 1, **changes: Any) -> Line:
    """One piece that counts `basis_minor`, of product 9001."""
    facts: dict[str, Any] = {"product_id": 9001, "quantity": 1, "basis_minor": basis_minor}
    facts |= {"line_id": line_id} | changes
    facts.setdefault("present", facts["quantity"])
    return Line(**facts)


def a_product(product_id: int = 9001, *, collections: Any = (), tags: Any = ()) -> Product:
    """A product in these collections, with these tags."""
    return Product(product_id, frozenset(collections), frozenset(tags))


def plan(
    *lines: Line, rules: Any = (), promotions: Any = (), order: Any = None, **changes: Any
) -> list[AwardPlan]:
    """The awards for `lines`, today, in euros, without a tier."""
    view: dict[str, Any] = {
        "order_id": 5123,
        "currency": "EUR",
        "source_name": "web",
        "location_id": None,
    }
    given: dict[str, Any] = {
        "covered": {},
        "tier": NO_TIER,
        "products": {9001: a_product()},
        "is_first_order": False,
        "today": TODAY,
    }
    return plan_awards(
        OrderView(**(view | (order or {}))),
        lines,
        rules=rules or (a_rule(),),
        promotions=promotions,
        **(given | changes),
    )


def points_by_rule(plans: list[AwardPlan]) -> dict[int, int]:
    """What each rule gave, by its number."""
    return {plan.rule_id.int: plan.points for plan in plans}
