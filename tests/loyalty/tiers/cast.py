"""A shop with a ladder, orders on a day, and what tier somebody is in."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.base.ids import new_id
from loyalty.members.tables import Member, TimelineEvent
from loyalty.orders.recording import record_order
from loyalty.programme.rules import get_programme
from loyalty.shops.tables import Shop
from loyalty.tiers.standing import after_change
from loyalty.tiers.tables import MemberTier, Tier
from tests.factories.facts import NOON, a_line, an_order

SILVER_AND_GOLD = (("Silver", 10_000, "1.5"), ("Gold", 50_000, "2"))


def have_tiers(
    session: Session,
    shop: Shop,
    *tiers: tuple[str, int, str],
    metric: str = "spend",
    cycle: str = "lifetime",
    grace_days: int = 30,
) -> dict[str, Tier]:
    """Switch tiers on with these rungs (name, threshold, multiplier); by name."""
    programme = get_programme(session, shop.shop_id)
    programme.tiers_on = True
    programme.tier_metric, programme.tier_cycle = metric, cycle
    programme.tier_grace_days = grace_days
    rows = {
        name: Tier(
            shop_id=shop.shop_id,
            id=new_id(),
            name=name,
            threshold=threshold,
            multiplier=Decimal(multiplier),
            created_at=NOON,
        )
        for name, threshold, multiplier in tiers or SILVER_AND_GOLD
    }
    session.add_all(rows.values())
    session.flush()
    return rows


def noon_of(shop: Shop, day: date) -> datetime:
    """Noon of the shop's day."""
    return datetime.combine(day, time(12), ZoneInfo(shop.timezone)).astimezone(UTC)


def buy(
    session: Session, shop: Shop, order_id: int, amount_minor: int, day: date, **changes: object
) -> None:
    """An order of Alice's on the shop's day, heard at once, and the tier it makes.

    Months ago, and from before the install: orders of then count for tiers and earn no points.
    """
    at = noon_of(shop, day)
    facts = an_order(
        order_id,
        a_line(gross_minor=amount_minor),
        **({"created_at": at, "processed_at": at, "updated_at": at} | changes),
    )
    order = record_order(session, shop, facts, now=at, is_backfill=False)
    assert order.member_id is not None
    after_change(session, shop, order.member_id, now=at)


def tier_name(session: Session, member: Member) -> str | None:
    """The name of the tier that is written for the member."""
    return session.scalar(
        select(Tier.name)
        .join(MemberTier, (MemberTier.shop_id == Tier.shop_id) & (MemberTier.tier_id == Tier.id))
        .where(MemberTier.shop_id == member.shop_id, MemberTier.member_id == member.id)
    )


def moves_told(session: Session, member: Member) -> list[tuple[str | None, str | None, str]]:
    """(from, to, why) of each change on the timeline, oldest first."""
    events = session.scalars(
        select(TimelineEvent)
        .where(
            TimelineEvent.shop_id == member.shop_id,
            TimelineEvent.member_id == member.id,
            TimelineEvent.kind == "tier_changed",
        )
        .order_by(TimelineEvent.id)
    )
    return [(e.details["from_tier"], e.details["to_tier"], e.details["why"]) for e in events]
