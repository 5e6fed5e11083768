"""A shop's settings, its earning rules in force, and its promotions. Reads only."""

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.programme.tables import EarningRule, Programme, Promotion


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


def list_promotions_to_come(session: Session, shop_id: int, today: date) -> list[Promotion]:
    """The promotions that run on the shop's day `today` or will, oldest first."""
    statement = (
        select(Promotion)
        .where(
            Promotion.shop_id == shop_id,
            Promotion.is_active,
            Promotion.ends_on.is_(None) | (Promotion.ends_on >= today),
        )
        .order_by(Promotion.created_at, Promotion.id)
    )
    return list(session.scalars(statement))
