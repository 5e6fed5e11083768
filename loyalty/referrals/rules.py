"""Which rule rewards a referral, and with what. Reads only.

The invariant: one rule for each moment, or none; one that cannot be used is reported.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from loyalty.actions.rules import rules_in_force
from loyalty.base.errors import BadRule
from loyalty.base.said import said
from loyalty.earning.checking import check_rule
from loyalty.earning.rulebook import settings_of
from loyalty.programme.tables import EarningRule
from loyalty.shops.tables import Shop

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ReferralRule:
    """What either side gets, and from which order value on (inclusive, in minor units)."""

    id: UUID
    version: int
    advocate_points: int
    friend_points: int
    minimum_minor: int


def find_referral_rule(session: Session, shop: Shop, *, at: datetime) -> ReferralRule | None:
    """The rule for a friend's first order of that moment; see `loyalty.actions.rules.find_rule`.

    The friend gets as many points as the member unless the rule's `limits.friend_points` say how
    many, or 0.
    """
    for row in rules_in_force(session, shop, "referral", at=at):
        try:
            return _read(row)
        except BadRule as error:
            log.error(
                "referral_rule_unusable", shop=shop.shop_id, rule=str(row.id), field=error.field
            )
    return None


def _read(row: EarningRule) -> ReferralRule:
    settings = check_rule(settings_of(row))
    points = settings.fixed_points
    if points is None:
        raise BadRule("fixed_points", said("is missing"))
    return ReferralRule(
        id=row.id,
        version=row.version,
        advocate_points=points,
        friend_points=int(settings.limits.get("friend_points", points)),
        minimum_minor=settings.conditions.minimum_minor or 0,
    )
