"""Which earning rule rewards an action: one rule for each kind and day, or none. Reads only.

The invariant: a rule that cannot be used gives nothing and is reported, never guessed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

import structlog
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from loyalty.base.clock import day_in
from loyalty.base.errors import BadRule
from loyalty.earning.conditions import read_conditions
from loyalty.programme.tables import EarningRule
from loyalty.shops.tables import Shop

log = structlog.get_logger()

Kind = Literal[
    "signup", "verified_email", "pass_installed", "birthday", "check_in", "social_follow"
]
LIMITS = ("once", "week", "month", "quarter", "year")
"""How often a check-in at one place may earn."""


@dataclass(frozen=True, slots=True)
class ActionRule:
    """A rule in force: whole points (> 0) each time; `limit` is one of LIMITS, of check-ins."""

    id: UUID
    version: int
    name: str
    points: int
    limit: str


def find_rule(
    session: Session, shop: Shop, kind: Kind, *, at: datetime, location_id: int | None = None
) -> ActionRule | None:
    """The rule that rewards what is done `at` that moment, at the place if one is named.

    Its dates are the shop's days, and it rewards nothing from before it was made. Of several the
    one with the priority nearest 1, then more points, then the older: one action earns by one
    rule.
    """
    for row in rules_in_force(session, shop, kind, at=at):
        try:
            if _is_for(row, location_id):
                return _read(row)
        except BadRule as error:
            log.error(
                "action_rule_unusable", shop=shop.shop_id, rule=str(row.id), field=error.field
            )
    return None


def rules_in_force(
    session: Session, shop: Shop, kind: str, *, at: datetime
) -> Iterable[EarningRule]:
    """The rules of a kind for what is done `at` that moment, the one that rewards it first."""
    on = day_in(shop.timezone, at)
    statement = (
        select(EarningRule)
        .where(
            EarningRule.shop_id == shop.shop_id,
            EarningRule.kind == kind,
            EarningRule.is_active,
            EarningRule.created_at <= at,
            or_(EarningRule.starts_on.is_(None), EarningRule.starts_on <= on),
            or_(EarningRule.ends_on.is_(None), EarningRule.ends_on >= on),
        )
        .order_by(
            EarningRule.priority,
            EarningRule.fixed_points.desc().nulls_last(),
            EarningRule.created_at,
            EarningRule.id,
        )
    )
    return session.scalars(statement)


def _is_for(row: EarningRule, location_id: int | None) -> bool:
    places = read_conditions(row.conditions).locations
    return not places or location_id in places


def _read(row: EarningRule) -> ActionRule:
    if not row.fixed_points or row.fixed_points < 0:
        raise BadRule("fixed_points", "is no number of points above zero")
    limit = row.limits.get("check_in", "once")
    if limit not in LIMITS:
        raise BadRule("limits.check_in", "is no limit that we know")
    return ActionRule(row.id, row.version, row.name, row.fixed_points, limit)
