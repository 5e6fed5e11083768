"""Which rules give what for the lines of an order that no award looked at yet. Pure.

The invariant: an exclusive rule's line counts for it alone; every other line for each
stackable rule that matches it; a line assessed once is never assessed again.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from loyalty.earning.conditions import Conditions
from loyalty.earning.model import (
    AwardLinePlan,
    AwardPlan,
    Covered,
    Line,
    OrderView,
    Product,
    Products,
    Promotion,
    Rule,
    TierHeld,
)
from loyalty.earning.rounding import exact_points, points_for

_ONE = Decimal(1)
_UNKNOWN = Product(0, frozenset(), frozenset())


def plan_awards(
    order: OrderView,
    lines: Sequence[Line],
    *,
    covered: Covered,
    rules: Iterable[Rule],
    promotions: Iterable[Promotion],
    tier: TierHeld,
    products: Products,
    is_first_order: bool,
    today: date,
) -> list[AwardPlan]:
    """The awards that the pieces beyond `covered` earn on the shop's day `today`, oldest rule
    first.

    Rules and promotions with a fault give nothing. A rule that has an award on the order is
    not asked its order's conditions again; a fixed one gives once per order.
    """
    added = _added(lines, covered)
    if not added:
        return []
    asked = _Asked(order, _current_basis(lines), is_first_order, today)
    weights = _weights(added, promotions, asked, products)
    matched = {
        rule: [share for share in added if _fits(rule.conditions, share.line, products)]
        for rule in sorted(rules, key=lambda rule: rule.age)
        if _is_open(rule, asked)
    }
    taken = _take_exclusively(matched, weights, tier, order.currency)
    return [
        _plan(rule, shares, weights, tier, order.currency)
        for rule, shares in taken.items()
        if shares
    ]


@dataclass(frozen=True, slots=True)
class _Share:
    """Pieces of a line that nothing looked at yet, and what they count for unweighted."""

    line: Line
    pieces: int
    basis_minor: int


@dataclass(frozen=True, slots=True)
class _Asked:
    """What conditions on the whole order are asked against."""

    order: OrderView
    basis_minor: int
    is_first_order: bool
    today: date


@dataclass(frozen=True, slots=True)
class _Weight:
    """The best promotion of a line."""

    promotion: Promotion | None
    multiplier: Decimal


_Weights = dict[int, _Weight]
_Matched = dict[Rule, list[_Share]]


def _added(lines: Sequence[Line], covered: Covered) -> list[_Share]:
    """The pieces not yet assessed that count for something."""
    shares = []
    for line in lines:
        pieces = line.quantity - covered.get(line.line_id, 0)
        if pieces > 0 and (basis_minor := line.basis_minor * pieces // line.quantity) > 0:
            shares.append(_Share(line, pieces, basis_minor))
    return shares


def _current_basis(lines: Sequence[Line]) -> int:
    """What the whole order counts for as it stands now, in minor units."""
    return sum(
        line.basis_minor * max(0, line.present) // line.quantity for line in lines if line.quantity
    )


def _is_open(rule: Rule, asked: _Asked) -> bool:
    """Whether the rule may give anything for this order today."""
    if rule.fault is not None or not _is_in_dates(rule, asked.today):
        return False
    if rule.id in asked.order.rules_awarded:
        return rule.gives == "per_unit"
    return _holds(rule.conditions, asked)


def _is_in_dates(timed: Rule | Promotion, today: date) -> bool:
    begun = timed.starts_on is None or timed.starts_on <= today
    return begun and (timed.ends_on is None or today <= timed.ends_on)


def _holds(conditions: Conditions, asked: _Asked) -> bool:
    """Whether the whole order is what the conditions ask; its lines apart."""
    order = asked.order
    if conditions.channels and (order.source_name or "").lower() not in conditions.channels:
        return False
    if conditions.locations and order.location_id not in conditions.locations:
        return False
    if conditions.first_order and not asked.is_first_order:
        return False
    return conditions.minimum_minor is None or asked.basis_minor >= conditions.minimum_minor


def _fits(conditions: Conditions, line: Line, products: Products) -> bool:
    """Whether the line is one of those that the conditions choose."""
    if conditions.products and line.product_id not in conditions.products:
        return False
    product = products.get(line.product_id or 0, _UNKNOWN)
    if conditions.collections and not conditions.collections & product.collections:
        return False
    return not conditions.tags or bool(conditions.tags & product.tags)


def _weights(
    added: Sequence[_Share], promotions: Iterable[Promotion], asked: _Asked, products: Products
) -> _Weights:
    """The best promotion per line: of equals the one created first; they never multiply."""
    running = sorted(
        (
            promotion
            for promotion in promotions
            if promotion.fault is None
            and _is_in_dates(promotion, asked.today)
            and _holds(promotion.conditions, asked)
        ),
        key=lambda promotion: (-promotion.multiplier, promotion.created_at, promotion.id),
    )
    found: _Weights = {}
    for share in added:
        fitting = (one for one in running if _fits(one.conditions, share.line, products))
        best = next(fitting, None)
        found[share.line.line_id] = _Weight(best, best.multiplier if best else _ONE)
    return found


def _take_exclusively(
    matched: _Matched, weights: _Weights, tier: TierHeld, currency: str
) -> _Matched:
    """Leave each line to the exclusive rule that wins it, or to all stackable ones."""
    claims: dict[int, list[tuple[int, Fraction, tuple[datetime, UUID]]]] = defaultdict(list)
    for rule, shares in matched.items():
        if rule.is_exclusive:
            for share in shares:
                worth = _points_on(rule, share, shares, weights, tier, currency)
                claims[share.line.line_id].append((rule.priority, -worth, rule.age))
    winners = {line_id: min(claim)[-1] for line_id, claim in claims.items()}
    return {
        rule: [
            share
            for share in shares
            if winners.get(share.line.line_id) == (rule.age if rule.is_exclusive else None)
        ]
        for rule, shares in matched.items()
    }


def _points_on(
    rule: Rule,
    share: _Share,
    shares: Sequence[_Share],
    weights: _Weights,
    tier: TierHeld,
    currency: str,
) -> Fraction:
    """What the rule gives for this line, after multipliers, unrounded."""
    if rule.gives == "fixed":
        whole = sum(one.basis_minor for one in shares)
        return Fraction((rule.fixed_points or 0) * share.basis_minor, whole)
    weighted = share.basis_minor * weights[share.line.line_id].multiplier * tier.multiplier
    return Fraction(exact_points(weighted, currency, rule.points_per_unit or Decimal(0)))


def _plan(
    rule: Rule, shares: Sequence[_Share], weights: _Weights, tier: TierHeld, currency: str
) -> AwardPlan:
    if rule.gives == "fixed":
        fixed = tuple(_line_plan(share, None, _ONE, _ONE) for share in shares)
        basis = sum((line.basis for line in fixed), Decimal(0))
        assert rule.fixed_points is not None
        return AwardPlan(rule.id, rule.version, rule.fixed_points, basis, None, _ONE, fixed)
    lines = tuple(
        _line_plan(share, weight.promotion, weight.multiplier, tier.multiplier)
        for share in shares
        for weight in (weights[share.line.line_id],)
    )
    basis = sum((line.basis for line in lines), Decimal(0))
    assert rule.points_per_unit is not None
    points = points_for(basis, currency, rule.points_per_unit, rule.rounding)
    return AwardPlan(rule.id, rule.version, points, basis, tier.id, tier.multiplier, lines)


def _line_plan(
    share: _Share, promotion: Promotion | None, multiplier: Decimal, tier_multiplier: Decimal
) -> AwardLinePlan:
    return AwardLinePlan(
        line_id=share.line.line_id,
        quantity=share.pieces,
        basis_minor=share.basis_minor,
        basis=share.basis_minor * multiplier * tier_multiplier,
        promotion_id=promotion.id if promotion else None,
        promotion_multiplier=multiplier,
    )
