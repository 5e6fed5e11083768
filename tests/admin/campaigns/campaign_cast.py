"""Segments, campaigns and their recipients, committed for pages to show."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from werkzeug.test import TestResponse

from loyalty.audit import Actor
from loyalty.base.bulk import insert_rows
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.ids import new_id
from loyalty.campaigns import saving
from loyalty.campaigns.tables import Campaign, CampaignRecipient
from loyalty.members.consent import say
from loyalty.members.states import get_active_member
from loyalty.segments.tables import Segment, SegmentMember
from loyalty.shops.directory import get_shop
from tests.admin.cast import ShopAndClient

STAFF = Actor("staff", "1")


def have_segment(shop: ShopAndClient, name: str, *members: UUID) -> UUID:
    """A segment made by hand, filled already."""
    now, segment_id = utc_now(), new_id()
    with shop_transaction(shop.shop_id) as session:
        session.add(
            Segment(
                shop_id=shop.shop_id,
                id=segment_id,
                name=name,
                size=len(members),
                created_at=now,
                refreshed_at=now,
            )
        )
        session.flush()
        row = {"shop_id": shop.shop_id, "segment_id": segment_id, "entered_at": now}
        insert_rows(session, SegmentMember, [row | {"member_id": one} for one in members])
    return segment_id


def agree(shop: ShopAndClient, *members: UUID) -> None:
    """They want marketing emails."""
    with shop_transaction(shop.shop_id) as session:
        for one in members:
            get_active_member(session, shop.shop_id, one)
            said_at = utc_now()
            say(session, shop.shop_id, one, "email", "subscribed", source="test", said_at=said_at)


def have_campaign(shop: ShopAndClient, *segments: UUID, **given: Any) -> UUID:
    """A draft by email; hold-out of nobody."""
    terms = {
        "name": "Spring",
        "channels": ["email"],
        "segment_ids": [str(one) for one in segments],
        "subject": "Hello {{ first_name }}",
        "text": "The spring things are here.",
        "holdout_percent": "0",
    }
    with shop_transaction(shop.shop_id) as session:
        row = get_shop(session, shop.shop_id)
        return saving.add_campaign(session, row, terms | given, actor=STAFF, now=utc_now()).id


def be_sending(shop: ShopAndClient, campaign_id: UUID, state: str = "sending") -> None:
    """It has begun, as a worker leaves it."""
    with shop_transaction(shop.shop_id) as session:
        campaign = saving.lock_campaign(session, shop.shop_id, campaign_id)
        campaign.state = state
        campaign.started_at = campaign.prepared_at = utc_now()
        campaign.done_at = utc_now() if state in ("done", "stopped") else None


def have_recipient(
    shop: ShopAndClient, campaign_id: UUID, member_id: UUID, number: int, **columns: Any
) -> None:
    """A recipient whose turn was a day ago; sent by email unless `columns` say otherwise."""
    row = {
        "shop_id": shop.shop_id,
        "campaign_id": campaign_id,
        "member_id": member_id,
        "number": number,
        "is_held_out": False,
        "email_fate": "sent",
        "turn_at": utc_now() - timedelta(days=1),
    }
    with shop_transaction(shop.shop_id) as session:
        insert_rows(session, CampaignRecipient, [row | columns])


def campaigns(shop: ShopAndClient) -> list[Campaign]:
    """The shop's, oldest first."""
    with shop_transaction(shop.shop_id) as session:
        statement = select(Campaign).where(Campaign.shop_id == shop.shop_id)
        return list(session.scalars(statement.order_by(Campaign.id)))


def send(shop: ShopAndClient, path: str, **fields: Any) -> TestResponse:
    """Send a form; a list stands for a field that comes several times."""
    return shop.client.post(path, data=fields, headers=shop.bearer())
