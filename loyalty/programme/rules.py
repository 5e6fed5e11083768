"""A shop's settings and its earning rules in force. Reads only."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.programme.tables import EarningRule, Programme


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
