"""What a new shop's programme looks like: one point per unit of money, for everyone, at once."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy.orm import Session

from loyalty.badges.ready_made import add_ready_made
from loyalty.base.ids import new_id
from loyalty.earning.saving import keep_version
from loyalty.programme.tables import EarningRule, Programme


def start_programme(session: Session, shop_id: int, *, name: str, now: datetime) -> Programme:
    """The settings, the badges and the first earning rule of a shop that has just installed."""
    programme = Programme(
        shop_id=shop_id,
        name=f"{name} Rewards",
        points_name="points",
        enrolment="everyone",
        hold_days=0,
        money_refunds="prorate",
    )
    rule = EarningRule(
        shop_id=shop_id,
        id=new_id(),
        name="Points for every order",
        kind="order",
        gives="per_unit",
        points_per_unit=Decimal(1),
        rounding="floor",
        is_exclusive=False,
        priority=100,
        conditions={},
        limits={},
        version=1,
        is_active=True,
        created_at=now,
    )
    session.add_all([programme, rule])
    session.flush()
    keep_version(session, rule, now=now)
    add_ready_made(session, shop_id, now=now)
    return programme
