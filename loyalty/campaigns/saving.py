"""Drafts of campaigns: added, changed, removed. What has been started is never changed.

The invariant: what a campaign names (segments, coupon, promotion) is the same shop's.
"""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from loyalty import audit
from loyalty.audit import Actor
from loyalty.base.errors import BadCampaign, BadCampaignState, CampaignNotFound
from loyalty.base.ids import new_id
from loyalty.base.said import said
from loyalty.campaigns.tables import Campaign
from loyalty.campaigns.terms import Terms, read_terms
from loyalty.coupons.tables import Coupon
from loyalty.programme.tables import Promotion
from loyalty.segments.tables import Segment
from loyalty.shops.tables import Shop


def add_campaign(
    session: Session, shop: Shop, given: Mapping[str, Any], *, actor: Actor, now: datetime
) -> Campaign:
    """A draft of the terms in `given`, as typed; see `terms.read_terms`. It may be unfinished.

    Raises BadCampaign with the field at fault. Flushes; the caller commits.
    """
    terms = read_terms(shop, given, now=now)
    _check_named(session, shop.shop_id, terms)
    campaign = Campaign(
        shop_id=shop.shop_id, id=new_id(), state="draft", created_at=now, **asdict(terms)
    )
    session.add(campaign)
    record(session, campaign, "campaign_added", actor, now)
    session.flush()
    return campaign


def change_campaign(
    session: Session,
    shop: Shop,
    campaign_id: UUID,
    given: Mapping[str, Any],
    *,
    actor: Actor,
    now: datetime,
) -> Campaign:
    """The draft with other terms; one that was scheduled is a draft again until it is started.

    Raises BadCampaign, CampaignNotFound, and BadCampaignState once it has begun.
    """
    campaign = lock_campaign(session, shop.shop_id, campaign_id)
    if campaign.state not in ("draft", "scheduled"):
        raise BadCampaignState(said("It has begun: copy it to send other words"))
    terms = read_terms(shop, given, now=now)
    _check_named(session, shop.shop_id, terms)
    for name, value in asdict(terms).items():
        setattr(campaign, name, value)
    campaign.state, campaign.started_by = "draft", None
    record(session, campaign, "campaign_changed", actor, now)
    session.flush()
    return campaign


def remove_campaign(
    session: Session, shop_id: int, campaign_id: UUID, *, actor: Actor, now: datetime
) -> None:
    """Forget a draft. Raises CampaignNotFound, and BadCampaignState for what has been started."""
    campaign = lock_campaign(session, shop_id, campaign_id)
    if campaign.state != "draft":
        raise BadCampaignState(said("Only a draft can be removed"))
    record(session, campaign, "campaign_removed", actor, now)
    session.delete(campaign)
    session.flush()


def get_campaign(session: Session, shop_id: int, campaign_id: UUID) -> Campaign:
    """The shop's campaign as it stands now; raises CampaignNotFound."""
    campaign = session.get(Campaign, (shop_id, campaign_id), populate_existing=True)
    if campaign is None:
        raise CampaignNotFound(str(campaign_id))
    return campaign


def lock_campaign(session: Session, shop_id: int, campaign_id: UUID) -> Campaign:
    """The same, locked until the transaction ends: whoever works on it, or stops it, takes turns.

    Members' balances are locked after it; recipients of it may be written meanwhile.
    """
    campaign = session.get(
        Campaign,
        (shop_id, campaign_id),
        with_for_update={"key_share": True},
        populate_existing=True,
    )
    if campaign is None:
        raise CampaignNotFound(str(campaign_id))
    return campaign


def record(
    session: Session, campaign: Campaign, action: str, actor: Actor, now: datetime, **details: Any
) -> None:
    """The audit row that says what `actor` did to the campaign."""
    subject = ("campaign", str(campaign.id))
    audit.record(
        session, campaign.shop_id, actor, action, subject, now=now, name=campaign.name, **details
    )


def _check_named(session: Session, shop_id: int, terms: Terms) -> None:
    wanted = [UUID(one) for one in terms.segment_ids]
    found = session.scalar(
        select(func.count())
        .select_from(Segment)
        .where(Segment.shop_id == shop_id, Segment.id.in_(wanted), Segment.retired_at.is_(None))
    )
    if found != len(wanted):
        raise BadCampaign("segment_ids", said("A segment of these is no more: choose again"))
    if terms.coupon_id and session.get(Coupon, (shop_id, terms.coupon_id)) is None:
        raise BadCampaign("coupon_id", said("There is no such coupon"))
    if terms.promotion_id and session.get(Promotion, (shop_id, terms.promotion_id)) is None:
        raise BadCampaign("promotion_id", said("There is no such promotion"))
