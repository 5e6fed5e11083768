"""What a merchant does with a campaign: start, pause, resume, stop. Each is safe to repeat.

The invariant: only one that could be sent is started, and a word of the merchant's holds from its
commit on: whoever takes the next turn asks the state under the same lock.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from loyalty.audit import SYSTEM, Actor
from loyalty.base.clock import day_in
from loyalty.base.db import ring_after_commit
from loyalty.base.errors import BadCampaign, BadCampaignState
from loyalty.base.said import said
from loyalty.campaigns import announcing
from loyalty.campaigns.audience import audience_of
from loyalty.campaigns.channels import channels_of
from loyalty.campaigns.saving import lock_campaign, record
from loyalty.campaigns.tables import Campaign, CampaignRecipient
from loyalty.coupons.tables import Coupon
from loyalty.coupons.terms import is_over
from loyalty.programme.tables import Promotion
from loyalty.segments.tables import Segment
from loyalty.shops.tables import Shop

_UNDER_WAY = ("preparing", "sending")
_WAS = {"stopped": said("It was stopped"), "paused": said("It was paused")}


def start(
    session: Session, shop: Shop, campaign_id: UUID, *, actor: Actor, now: datetime
) -> Campaign:
    """Let the draft go out now, or at its time; one that has been started stays as it is.

    Raises BadCampaign with what is missing or wrong, and BadCampaignState for one that was stopped.
    """
    campaign = lock_campaign(session, shop.shop_id, campaign_id)
    if campaign.state in _WAS:
        raise BadCampaignState(_WAS[campaign.state])
    if campaign.state != "draft":
        return campaign
    if campaign.starts_at is not None and campaign.starts_at <= now:
        raise BadCampaign("starts_at", said("That time is over: choose another, or none"))
    check_ready(session, shop, campaign, now=now)
    campaign.started_by = str(actor)
    if campaign.starts_at is not None:
        campaign.state = "scheduled"
    else:
        begin(campaign, now=now)
    record(session, campaign, "campaign_started", actor, now, state=campaign.state)
    session.flush()
    ring_after_commit(session, "campaigns", shop.shop_id)
    return campaign


def pause(
    session: Session, shop: Shop, campaign_id: UUID, *, actor: Actor, now: datetime
) -> Campaign:
    """Send nothing further until it is resumed; the few messages under way still arrive.

    Raises BadCampaignState where nothing is under way.
    """
    campaign = lock_campaign(session, shop.shop_id, campaign_id)
    if campaign.state == "paused":
        return campaign
    if campaign.state not in _UNDER_WAY:
        raise BadCampaignState(said("Only a campaign that is being sent can be paused"))
    campaign.state = "paused"
    record(session, campaign, "campaign_paused", actor, now)
    session.flush()
    return campaign


def resume(
    session: Session, shop: Shop, campaign_id: UUID, *, actor: Actor, now: datetime
) -> Campaign:
    """Go on where it was paused; before its recipients are known it must be ready to be sent, and
    afterwards what it brings must still be there while somebody waits for it.

    Raises BadCampaignState for one that is not paused, and BadCampaign as `start`.
    """
    campaign = lock_campaign(session, shop.shop_id, campaign_id)
    if campaign.state in _UNDER_WAY:
        return campaign
    if campaign.state != "paused":
        raise BadCampaignState(said("It is not paused"))
    if campaign.prepared_at:
        if _has_waiting(session, campaign):
            _check_gifts(session, shop, campaign, now)
        campaign.state = "sending"
    else:
        check_ready(session, shop, campaign, now=now)
        begin(campaign, now=now)
    campaign.error = None
    record(session, campaign, "campaign_resumed", actor, now)
    session.flush()
    ring_after_commit(session, "campaigns", shop.shop_id)
    return campaign


def stop(
    session: Session, shop: Shop, campaign_id: UUID, *, actor: Actor, now: datetime
) -> Campaign:
    """End it for good: who was not told yet is not told. A worker writes down who that was.

    Raises BadCampaignState for a draft, and for one that is done.
    """
    campaign = lock_campaign(session, shop.shop_id, campaign_id)
    if campaign.state == "stopped":
        return campaign
    if campaign.state in ("draft", "done"):
        raise BadCampaignState(said("Nothing of it is under way"))
    campaign.state = "stopped"
    record(session, campaign, "campaign_stopped", actor, now)
    session.flush()
    ring_after_commit(session, "campaigns", shop.shop_id)
    return campaign


def halt(session: Session, campaign: Campaign, reason: str, *, now: datetime) -> None:
    """Pause the locked campaign by itself, because of `reason`, until somebody resumes it."""
    campaign.state, campaign.error = "paused", reason[:500]
    record(session, campaign, "campaign_paused", SYSTEM, now, reason=campaign.error)
    session.flush()


def begin(campaign: Campaign, *, now: datetime) -> None:
    """Its time has come: who is to be told is written down next."""
    campaign.state, campaign.started_at = "preparing", campaign.started_at or now


def check_ready(
    session: Session, shop: Shop, campaign: Campaign, *, now: datetime, is_due: bool = False
) -> None:
    """Raise BadCampaign with the first field that keeps the campaign from being sent.

    `is_due`: its segments are looked at anew just now, so that nothing is said of who is in them.
    """
    if not campaign.channels:
        raise BadCampaign("channels", said("Choose email, push or both"))
    _check_segments(session, campaign, is_due=is_due)
    for channel in channels_of(campaign):
        channel.check(session, shop, campaign)
    _check_gifts(session, shop, campaign, now)
    if not is_due and not session.scalar(select(exists(audience_of(session, campaign)))):
        raise BadCampaign("segment_ids", said("Nobody is in these segments"))


def check_still_announced(
    session: Session, shop: Shop, campaign: Campaign, *, now: datetime
) -> None:
    """Raise BadCampaign where its promotion has ended while somebody was still to be told of it."""
    if campaign.promotion_id is not None and _has_waiting(session, campaign):
        _check_promotion(session, shop, campaign, day_in(shop.timezone, now))


def _check_segments(session: Session, campaign: Campaign, *, is_due: bool) -> None:
    if not campaign.segment_ids:
        raise BadCampaign("segment_ids", said("Choose at least one segment"))
    wanted = [UUID(one) for one in campaign.segment_ids]
    segments = session.scalars(
        select(Segment)
        .where(Segment.shop_id == campaign.shop_id, Segment.id.in_(wanted))
        .execution_options(populate_existing=True)
    ).all()
    for segment in segments:
        if why := _why_unusable(segment, is_due=is_due):
            raise BadCampaign("segment_ids", why)


def _why_unusable(segment: Segment, *, is_due: bool) -> str:
    name = segment.name
    if segment.retired_at is not None:
        return said("%(name)s is no more", name=name)
    if segment.error is not None:
        return said("%(name)s cannot be used: %(why)s", name=name, why=segment.error)
    if segment.refreshed_at is None and not is_due:
        return said("%(name)s is still being filled: wait a little", name=name)
    return ""


def _check_gifts(session: Session, shop: Shop, campaign: Campaign, now: datetime) -> None:
    day = day_in(shop.timezone, max(now, campaign.starts_at or now))
    if campaign.coupon_id is not None:
        coupon = session.get_one(Coupon, (shop.shop_id, campaign.coupon_id), populate_existing=True)
        if not coupon.is_active or is_over(coupon, day):
            raise BadCampaign("coupon_id", _why_not_handed_out(coupon))
    _check_promotion(session, shop, campaign, day)


def _why_not_handed_out(coupon: Coupon) -> str:
    name = coupon.name
    if coupon.error:
        return said("%(name)s is not handed out then: %(why)s", name=name, why=coupon.error)
    return said("%(name)s is not handed out then", name=name)


def _check_promotion(session: Session, shop: Shop, campaign: Campaign, day: date) -> None:
    if campaign.promotion_id is None:
        return
    key = (shop.shop_id, campaign.promotion_id)
    promotion = session.get_one(Promotion, key, populate_existing=True)
    if why := announcing.why_over(promotion, day):
        raise BadCampaign("promotion_id", why)


def _has_waiting(session: Session, campaign: Campaign) -> bool:
    """Whether somebody is still to be told."""
    is_waiting = exists().where(
        CampaignRecipient.shop_id == campaign.shop_id,
        CampaignRecipient.campaign_id == campaign.id,
        CampaignRecipient.fate == "waiting",
    )
    return bool(session.scalar(select(is_waiting)))
