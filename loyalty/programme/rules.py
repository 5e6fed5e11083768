"""Earning rules: points per amount. A rule that can award nothing sane is refused when saved."""

from decimal import Decimal, InvalidOperation

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.base.errors import UnusableRule
from loyalty.programme.tables import EarningRule, Programme

_RATE_MAX = Decimal(1_000_000)


def get_programme(session: Session, shop_id: int) -> Programme:
    """The shop's settings; every shop has them from its install on."""
    return session.get_one(Programme, shop_id)


def list_active_rules(session: Session, shop_id: int) -> list[EarningRule]:
    """The rules in force, oldest first: ties go to the one created first."""
    statement = (
        select(EarningRule)
        .where(EarningRule.shop_id == shop_id, EarningRule.is_active)
        .order_by(EarningRule.created_at, EarningRule.id)
    )
    return list(session.scalars(statement))


def change_rate(session: Session, rule: EarningRule, points_per_unit: str) -> None:
    """Set how many points a unit of money earns. Raises UnusableRule; orders awarded stay."""
    rule.points_per_unit = _usable_rate(points_per_unit)
    rule.version += 1
    session.flush()


def _usable_rate(text: str) -> Decimal:
    try:
        rate = Decimal(text)
    except InvalidOperation as error:
        raise UnusableRule("points per unit must be a number") from error
    if not rate.is_finite() or not 0 < rate <= _RATE_MAX:
        raise UnusableRule(f"points per unit must be above 0 and at most {_RATE_MAX:,}")
    return rate
