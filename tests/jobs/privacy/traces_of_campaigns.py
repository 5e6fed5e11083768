"""The trace of a shopper who was told a campaign, and whose mailbox said something of them."""

from sqlalchemy.orm import Session

from loyalty.base.clock import utc_now
from loyalty.base.ids import new_id
from loyalty.campaigns.tables import Campaign, CampaignRecipient
from tests.jobs.privacy.shopper import Shopper


def be_told_a_campaign(session: Session, who: Shopper) -> None:
    """One email, which failed with a reason that names them."""
    now = utc_now()
    campaign = Campaign(
        shop_id=who.shop_id,
        id=new_id(),
        name="Spring",
        state="done",
        channels=["email"],
        segment_ids=[],
        topic="offers",
        subject="Spring",
        text="Hello",
        button="",
        link_path="",
        push_text="",
        holdout_percent=0,
        order_days=14,
        created_at=now,
        started_at=now,
        prepared_at=now,
        recipients=1,
        done_at=now,
    )
    session.add(campaign)
    session.flush()
    session.add(
        CampaignRecipient(
            shop_id=who.shop_id,
            campaign_id=campaign.id,
            member_id=who.member_id,
            number=1,
            is_held_out=False,
            email_fate="failed",
            email_reason=f"no mailbox of {who.first_name} {who.last_name}",
            turn_at=now,
            email_event_id=new_id(),
            opened_at=now,
        )
    )
    session.flush()
