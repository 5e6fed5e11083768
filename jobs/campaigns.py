"""Campaigns brought on step by step: written down, told in turns, followed to their end.

The invariant: a step is one transaction under the campaign's lock, which asks for its state first:
a pause holds from its commit on, and a worker that dies leaves whole steps behind. What the
channels have under way is bounded, so a campaign stands before nothing that somebody waits for.
"""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from jobs import queues
from loyalty.base import faults
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import BadCampaign, LoyaltyError, SegmentNotFound
from loyalty.base.said import said
from loyalty.campaigns import ending, running
from loyalty.campaigns.channels import channels_of
from loyalty.campaigns.preparing import prepare_next
from loyalty.campaigns.saving import lock_campaign
from loyalty.campaigns.tables import Campaign
from loyalty.campaigns.turns import AT_ONCE_MAX, take_turns
from loyalty.campaigns.working import list_work
from loyalty.segments import refreshing
from loyalty.shops.directory import get_shop
from loyalty.shops.tables import Shop
from shopify_app.platform import backfill_runs

log = structlog.get_logger()

Outcome = Literal["more", "wait", "done"]
"""Of a step: there is more to do at once, or once something has ended, or nothing."""
Step = Callable[[Session, Shop, Campaign, datetime], Outcome]

TURN_S = 3.0
"""So long a shop's campaigns are brought on before emails have their turn."""
LOOKS_AGAIN = timedelta(seconds=2)
AWAITED_MAX = 1_000
"""So many may wait for codes that Shopify is to make: it makes hundreds at once."""


def advance(shop_id: int) -> None:
    """Bring the shop's campaigns on for a while; what is left is rung for again."""
    ends_at = time.monotonic() + TURN_S
    with shop_transaction(shop_id) as session:
        if get_shop(session, shop_id).status == "uninstalled":
            return
        work = list_work(session, shop_id, now=utc_now())
    outcomes = [_bring_on(shop_id, campaign_id, ends_at) for campaign_id in work]
    if "more" in outcomes:
        queues.ring("campaigns", shop_id)
    elif "wait" in outcomes:
        queues.ring_later("campaigns", shop_id, LOOKS_AGAIN)


def _bring_on(shop_id: int, campaign_id: UUID, ends_at: float) -> Outcome:
    """Step after step until nothing can be done at once, or the turn is over."""
    outcome: Outcome = "more"
    while outcome == "more" and time.monotonic() < ends_at:
        try:
            outcome = _step(shop_id, campaign_id)
        except LoyaltyError as refusal:
            _halt(shop_id, campaign_id, refusal)
            return "done"
    return outcome


def _step(shop_id: int, campaign_id: UUID) -> Outcome:
    now = utc_now()
    _look(shop_id, campaign_id, now)
    with shop_transaction(shop_id) as session:
        campaign = lock_campaign(session, shop_id, campaign_id)
        step = _STEPS.get(campaign.state)
        if step is None:
            return "done"
        outcome = step(session, get_shop(session, shop_id), campaign, now)
        told = {"campaign": str(campaign_id), "state": campaign.state, "outcome": outcome}
        faults.point("campaign_before_commit", shop=shop_id, **told)
    faults.point("campaign_after_commit", shop=shop_id, **told)
    return outcome


def _look(shop_id: int, campaign_id: UUID, now: datetime) -> None:
    """What has ended by now; before the first batch, who is in the segments by now.

    Each in a transaction of its own: a step locks balances before recipients, and segments never.
    """
    with shop_transaction(shop_id) as session:
        campaign = lock_campaign(session, shop_id, campaign_id)
        if campaign.state in ("sending", "paused", "stopped"):
            for channel in channels_of(campaign):
                channel.settle(session, campaign, now)
    if campaign.state != "preparing" or campaign.prepared_after is not None:
        return
    for segment_id in campaign.segment_ids:
        with shop_transaction(shop_id) as session:
            _refresh(session, get_shop(session, shop_id), UUID(segment_id), now)


def _refresh(session: Session, shop: Shop, segment_id: UUID, now: datetime) -> None:
    try:
        refreshed = refreshing.refresh(session, shop, segment_id, now=now)
    except SegmentNotFound as error:
        raise BadCampaign("segment_ids", said("A segment of its audience is no more")) from error
    if refreshed is None:
        words = said("The rule of a segment of its audience cannot be used")
        raise BadCampaign("segment_ids", words)


def _halt(shop_id: int, campaign_id: UUID, refusal: LoyaltyError) -> None:
    """What can be explained waits for the merchant, who reads why."""
    with shop_transaction(shop_id) as session:
        campaign = lock_campaign(session, shop_id, campaign_id)
        if campaign.state in ("scheduled", "preparing", "sending"):
            running.halt(session, campaign, str(refusal), now=utc_now())
    log.warning("campaign_halted", shop=shop_id, campaign=str(campaign_id), code=refusal.code)


def _begin(session: Session, shop: Shop, campaign: Campaign, now: datetime) -> Outcome:
    if campaign.starts_at is not None and campaign.starts_at > now:
        return "done"
    running.check_ready(session, shop, campaign, now=now, is_due=True)
    running.begin(campaign, now=now)
    return "more"


def _prepare(session: Session, shop: Shop, campaign: Campaign, now: datetime) -> Outcome:
    looked_at = prepare_next(session, campaign, now=now)
    log.info("campaign_prepared", shop=shop.shop_id, campaign=str(campaign.id), members=looked_at)
    return "more" if campaign.state in ("preparing", "sending") else "done"


def _send(session: Session, shop: Shop, campaign: Campaign, now: datetime) -> Outcome:
    reason = ending.why_no_codes(session, campaign)
    if reason is not None:
        running.halt(session, campaign, reason, now=now)
        return "done"
    running.check_still_announced(session, shop, campaign, now=now)
    room = _room(session, campaign)
    if ending.tell_ready(session, shop, campaign, limit=room, now=now):
        return "more"
    limit = min(room, AWAITED_MAX - ending.count_awaiting(session, campaign))
    turn = take_turns(session, shop, campaign, limit=max(limit, 0), now=now)
    if turn.needs_codes and campaign.coupon_id is not None:
        backfill_runs.ask_for_coupon(session, shop.shop_id, campaign.coupon_id, now=now)
    if turn.members:
        log.info("campaign_told", shop=shop.shop_id, campaign=str(campaign.id), turns=turn.members)
        return "more"
    return "done" if ending.finish(session, campaign, now=now) else "wait"


def _follow(session: Session, shop: Shop, campaign: Campaign, now: datetime) -> Outcome:
    """What was under way when it was paused still ends."""
    return "wait" if any(ending.count_queued(session, campaign).values()) else "done"


def _close(session: Session, shop: Shop, campaign: Campaign, now: datetime) -> Outcome:
    if campaign.done_at is not None:
        return "done"
    if ending.leave_out(session, campaign, now=now):
        return "more"
    return "wait" if campaign.done_at is None else "done"


def _room(session: Session, campaign: Campaign) -> int:
    """How many more may be put under way now, on the fuller of its channels."""
    queued = ending.count_queued(session, campaign)
    rooms = [channel.room() - queued[channel.name] for channel in channels_of(campaign)]
    return max(0, min(AT_ONCE_MAX, *rooms))


_STEPS: dict[str, Step] = {
    "scheduled": _begin,
    "preparing": _prepare,
    "sending": _send,
    "paused": _follow,
    "stopped": _close,
}
