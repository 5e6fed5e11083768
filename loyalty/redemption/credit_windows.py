"""In which time a store credit of Shopify's may be a redemption's, and whose others must wait.

The invariant: of two redemptions of one member and one amount, the times in which a credit may be
theirs never overlap, so that no credit is taken for the other's.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import BigInteger, Text, and_, cast, select
from sqlalchemy.orm import Session

from loyalty.base.bulk import among_many
from loyalty.reconciliation import recording
from loyalty.reconciliation.tables import Finding
from loyalty.redemption.tables import Redemption

CLOCKS_DIFFER = timedelta(minutes=10)
"""So far Shopify's clock may be from ours; what else was paid in that time is taken for ours."""
SETTLED = timedelta(minutes=10)
"""A credit is asked for again only so long after it was: its call waits 16 s for an answer at most,
and what is not on the account by then does not come."""
APART = SETTLED + 2 * CLOCKS_DIFFER
"""A credit reserved so long after another was asked for cannot be taken for it."""


def ends_at(asked_at: datetime) -> datetime:
    """What stands on the account from later than this, by Shopify's clock, was not asked for then.

    It begins CLOCKS_DIFFER before the reservation.
    """
    return asked_at + SETTLED + CLOCKS_DIFFER


def list_under_way(
    session: Session, shop_id: int, member_ids: Collection[UUID], *, now: datetime
) -> dict[UUID, dict[int, bool]]:
    """Members → amounts in minor units of which no other store credit of theirs may be paid now.

    True: nobody knows whether the first was paid, and a person must say. That stands in the way
    for half an hour: it is not asked for again, so a later one is told from it by its time. Who
    redeems holds the balance's lock, so that none comes between.
    """
    statement = (
        select(
            Redemption.member_id,
            cast(Redemption.terms["amount_minor"].astext, BigInteger),
            Finding.found_at,
            Finding.details,
        )
        .outerjoin(
            Finding,
            and_(
                Finding.shop_id == Redemption.shop_id,
                Finding.kind == recording.CREDIT_UNSURE,
                Finding.thing == cast(Redemption.id, Text),
                Finding.mended_at.is_(None),
            ),
        )
        .where(
            Redemption.shop_id == shop_id,
            Redemption.state == "reserved",
            Redemption.terms["kind"].astext == "store_credit",
            among_many(Redemption.member_id, member_ids),
        )
    )
    found: dict[UUID, dict[int, bool]] = {}
    for member_id, amount_minor, asked_at, details in session.execute(statement):
        is_told = bool(details and details.get("is_told"))
        if not is_told or asked_at + APART > now:
            amounts = found.setdefault(member_id, {})
            amounts[amount_minor] = is_told and amounts.get(amount_minor, True)
    return found
