"""Rules for actions, and what the books say of them afterwards."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.actions.tables import MemberAction
from loyalty.audit import Actor
from loyalty.earning.saving import add_rule
from loyalty.ledger.tables import LedgerEntry
from loyalty.members.tables import Member, TimelineEvent
from loyalty.programme.tables import EarningRule
from loyalty.shops.tables import Location, Shop
from tests.factories.facts import NOON

DANA = Actor("staff", "42")
MADE_AT = NOON - timedelta(days=20)
"""When the cast's rules were made."""


def a_rule(session: Session, shop: Shop, kind: str, points: int, **given: Any) -> EarningRule:
    """A rule that gives `points` for `kind`, made by Dana."""
    made_at = given.pop("made_at", MADE_AT)
    settings = {"name": kind, "kind": kind, "gives": "fixed", "fixed_points": points} | given
    return add_rule(session, shop.shop_id, settings, actor=DANA, now=made_at)


def a_place(session: Session, shop: Shop, location_id: int = 901, **changes: Any) -> int:
    """One of the shop's places, open unless told otherwise."""
    facts = {"name": "Main Street", "is_active": True, "address": {}} | changes
    session.add(Location(shop_id=shop.shop_id, location_id=location_id, **facts))
    session.flush()
    return location_id


def actions_of(session: Session, member: Member) -> list[tuple[str, str, str, int]]:
    """kind, key, state and points of everything the member did."""
    rows = session.scalars(
        select(MemberAction)
        .where(MemberAction.shop_id == member.shop_id, MemberAction.member_id == member.id)
        .order_by(MemberAction.occurred_at, MemberAction.kind, MemberAction.key)
        .execution_options(populate_existing=True)
    )
    return [(row.kind, row.key, row.state, row.points) for row in rows]


def entries_of(session: Session, member: Member) -> list[LedgerEntry]:
    """The member's entries for actions, oldest first."""
    statement = (
        select(LedgerEntry)
        .where(LedgerEntry.member_id == member.id, LedgerEntry.kind == "earn_action")
        .order_by(LedgerEntry.id)
    )
    return list(session.scalars(statement))


def told(session: Session, member: Member, kind: str) -> list[dict[str, Any]]:
    """The details of the member's events of a kind, oldest first."""
    session.flush()
    events = session.scalars(
        select(TimelineEvent)
        .where(TimelineEvent.member_id == member.id, TimelineEvent.kind == kind)
        .order_by(TimelineEvent.id)
    )
    return [event.details for event in events]


def madrid(day: int, hour: int = 12, *, month: int = 11, year: int = 2026) -> datetime:
    """An hour of a winter's day in Madrid, which is an hour before UTC."""
    return datetime(year, month, day, hour, tzinfo=UTC) - timedelta(hours=1)
