"""A campaign to one member by email, started by Dana and brought on by a worker."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from jobs import campaigns
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.ids import new_id
from loyalty.campaigns import running
from loyalty.campaigns.saving import add_campaign, get_campaign
from loyalty.campaigns.tables import Campaign, CampaignRecipient
from loyalty.members.consent import say
from loyalty.segments.overriding import put_in
from loyalty.segments.tables import Segment
from loyalty.shops.directory import get_shop
from mailing.campaign_links import CampaignLink, make_token
from tests.mailing.cast import DANA, Addressee


@dataclass(frozen=True)
class Sent:
    """A campaign to one member."""

    who: Addressee
    campaign_id: UUID

    def advance(self) -> None:
        """Let a worker bring it on for a turn."""
        campaigns.advance(self.who.shop_id)

    def move(self, move: Any) -> None:
        """Let Dana pause, resume or stop it."""
        with shop_transaction(self.who.shop_id) as session:
            shop = get_shop(session, self.who.shop_id)
            move(session, shop, self.campaign_id, actor=DANA, now=utc_now())

    def campaign(self) -> Campaign:
        """As the database has it."""
        with shop_transaction(self.who.shop_id) as session:
            return get_campaign(session, self.who.shop_id, self.campaign_id)

    def recipient(self) -> CampaignRecipient:
        """The one recipient."""
        with shop_transaction(self.who.shop_id) as session:
            return session.scalars(
                select(CampaignRecipient).where(CampaignRecipient.campaign_id == self.campaign_id)
            ).one()

    def fate(self) -> tuple[str, str | None]:
        """The fate of their email, and why."""
        found = self.recipient()
        return found.fate, found.email_reason

    @property
    def token(self) -> str:
        """What stands in the link of their email."""
        link = CampaignLink(self.who.shop_id, self.campaign_id, self.who.member_id)
        return make_token(link)


def start(who: Addressee, **changes: Any) -> Sent:
    """A campaign to a segment of this member, who said yes, started by Dana."""
    now = utc_now()
    with shop_transaction(who.shop_id) as session:
        shop = get_shop(session, who.shop_id)
        said_at = now - timedelta(minutes=1)
        say(session, who.shop_id, who.member_id, "email", "subscribed", source="test",
            said_at=said_at)  # fmt: skip
        vip = Segment(
            shop_id=who.shop_id, id=new_id(), name="VIP", criteria=None, created_at=now,
            refreshed_at=now,
        )  # fmt: skip
        session.add(vip)
        session.flush()
        put_in(session, shop, vip.id, who.member_id, actor=DANA, now=now)
        given = {
            "name": "Spring",
            "channels": ["email"],
            "segment_ids": [str(vip.id)],
            "subject": "Spring for {{ first_name }}",
            "text": "Hello {{ first_name }}\nCome & see <us>",
            "button": "See it",
            "link_path": "/collections/spring?a=1",
        } | changes
        campaign = add_campaign(session, shop, given, actor=DANA, now=now)
        running.start(session, shop, campaign.id, actor=DANA, now=now)
    return Sent(who, campaign.id)
