"""Campaigns of Aurora, and the members that they mean."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.audit import Actor
from loyalty.base.ids import new_id
from loyalty.campaigns import running
from loyalty.campaigns.preparing import prepare_next
from loyalty.campaigns.saving import add_campaign
from loyalty.campaigns.tables import Campaign, CampaignRecipient
from loyalty.campaigns.turns import Turn, take_turns
from loyalty.members.consent import say
from loyalty.members.enrolment import record_customer
from loyalty.members.tables import Member, TimelineEvent
from loyalty.outbox import CAMPAIGN_EMAIL_ASKED, OutboxEvent
from loyalty.segments.tables import Segment, SegmentMember
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON, a_customer

STAFF = Actor("staff", "42")


def agree(session: Session, *members: Member) -> None:
    """They said yes to marketing by email."""
    for who in members:
        say(session, who.shop_id, who.id, "email", "subscribed", source="test", said_at=NOON)


def person(
    session: Session, shop: Shop, customer_id: int, *, agrees: bool = True, **changes: Any
) -> Member:
    """Somebody of the shop, who said yes to marketing unless told otherwise."""
    facts = {"email": f"{customer_id}@example.com", "first_name": "Carol"} | changes
    customer = record_customer(
        session, shop, a_customer(customer_id, **facts), now=NOON, is_backfill=False
    )
    member = session.get_one(Member, (shop.shop_id, customer.member_id))
    if agrees:
        agree(session, member)
    return member


def people(session: Session, shop: Shop, count: int) -> list[Member]:
    """So many, by their ids."""
    found = [person(session, shop, 700 + number) for number in range(count)]
    return sorted(found, key=lambda one: one.id)


def segment(session: Session, shop: Shop, members: Iterable[Member], name: str = "VIP") -> Segment:
    """A segment of these members, put together by hand."""
    made = Segment(
        shop_id=shop.shop_id,
        id=new_id(),
        name=name,
        criteria=None,
        created_at=NOON,
        refreshed_at=NOON,
    )
    session.add(made)
    session.flush()
    for who in members:
        session.add(
            SegmentMember(
                shop_id=shop.shop_id, segment_id=made.id, member_id=who.id, entered_at=NOON
            )
        )
    session.flush()
    return made


def draft(session: Session, shop: Shop, *segments: Segment, **changes: Any) -> Campaign:
    """An email to these segments, finished, not started."""
    given = {
        "name": "Spring",
        "channels": ["email"],
        "segment_ids": [str(one.id) for one in segments],
        "subject": "Spring is here",
        "text": "Hello {{ first_name | friend }}",
    }
    return add_campaign(session, shop, given | changes, actor=STAFF, now=NOON)


def started(session: Session, shop: Shop, *segments: Segment, **changes: Any) -> Campaign:
    """The same, started."""
    campaign = draft(session, shop, *segments, **changes)
    return running.start(session, shop, campaign.id, actor=STAFF, now=NOON)


def prepared(session: Session, shop: Shop, *segments: Segment, **changes: Any) -> Campaign:
    """The same, with its recipients written down."""
    campaign = started(session, shop, *segments, **changes)
    while campaign.state == "preparing":
        prepare_next(session, campaign, now=NOON)
    return campaign


def turn(
    session: Session, shop: Shop, campaign: Campaign, *, limit: int = 100, now: datetime = NOON
) -> Turn:
    """Let the next of them have their turn."""
    return take_turns(session, shop, campaign, limit=limit, now=now)


def recipients(session: Session, campaign: Campaign) -> list[CampaignRecipient]:
    """All of them as the database has them, by number."""
    statement = (
        select(CampaignRecipient)
        .where(
            CampaignRecipient.shop_id == campaign.shop_id,
            CampaignRecipient.campaign_id == campaign.id,
        )
        .order_by(CampaignRecipient.number)
        .execution_options(populate_existing=True)
    )
    return list(session.scalars(statement))


def fates(session: Session, campaign: Campaign) -> list[str]:
    """The fate of each, by number."""
    return [one.fate for one in recipients(session, campaign)]


def of(session: Session, campaign: Campaign, who: Member) -> CampaignRecipient:
    """One of them."""
    (found,) = (one for one in recipients(session, campaign) if one.member_id == who.id)
    return found


def emails(session: Session, shop: Shop) -> list[tuple[UUID | None, dict[str, Any]]]:
    """Who was staged which campaign email."""
    rows = session.execute(
        select(OutboxEvent.member_id, OutboxEvent.body)
        .where(OutboxEvent.shop_id == shop.shop_id, OutboxEvent.kind == CAMPAIGN_EMAIL_ASKED)
        .order_by(OutboxEvent.id)
    )
    return [(row[0], row[1]) for row in rows]


def said(session: Session, who: Member, kind: str) -> list[dict[str, Any]]:
    """What the member's timeline says of this kind."""
    statement = select(TimelineEvent.details).where(
        TimelineEvent.shop_id == who.shop_id,
        TimelineEvent.member_id == who.id,
        TimelineEvent.kind == kind,
    )
    return list(session.scalars(statement.order_by(TimelineEvent.id)))
