"""The turn of a campaign's next recipients: gifts and messages, or nothing for who is held out.

The invariant: a turn is one transaction. Whatever it gives and stages is there with the
recipient's new fate, or not at all: who dies anywhere leaves nobody told twice and nobody
forgotten. Locks: the campaign, then balances in id order, then recipients.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty import timeline
from loyalty.base.bulk import among, update_rows
from loyalty.campaigns.channels import NAMES, Told, channels_of
from loyalty.campaigns.gifts import Gifts, give
from loyalty.campaigns.once import list_had
from loyalty.campaigns.preparing import Reasons, ask_channels, note_members
from loyalty.campaigns.tables import Campaign, CampaignRecipient
from loyalty.campaigns.words import HAD_IT, NOT_ACTIVE
from loyalty.members.tables import MemberBalance
from loyalty.shops.tables import Shop

AT_ONCE_MAX = 500
"""How many one transaction takes: whoever pauses waits no longer for it."""


@dataclass(frozen=True, slots=True)
class Turn:
    """How many had their turn, and whether codes are to be made in Shopify for some of them."""

    members: int = 0
    needs_codes: bool = False


def take_turns(
    session: Session, shop: Shop, campaign: Campaign, *, limit: int, now: datetime
) -> Turn:
    """Give the next `limit` recipients of the locked campaign what they are to get.

    Who waits for a code that Shopify is still to make is told later, by `tell_ready`. Raises
    CouponOver where the coupon is not handed out any more. Flushes; the caller commits.
    """
    assert campaign.state == "sending" and limit <= AT_ONCE_MAX
    next_ones = _list_next(session, campaign, limit)
    if not next_ones:
        return Turn()
    lock_balances(session, campaign, next_ones, posts=campaign.bonus_points is not None)
    rows = _lock_next(session, campaign, next_ones)
    told = [row for row in rows if not row.is_held_out]
    reasons = ask_of_all(session, campaign, [row.member_id for row in told]) if told else {}
    reached = [row.member_id for row in told if is_reached(row, reasons)]
    gifts = give(session, shop, campaign, reached, now=now)
    sent = send_to(session, shop, campaign, rows, reasons, gifts, now=now)
    note_left(session, campaign, told, reasons, gifts, now=now)
    update_rows(
        session,
        CampaignRecipient,
        ("shop_id", "campaign_id", "member_id"),
        [sent[row.member_id] | {"turn_at": now} for row in rows],
    )
    return Turn(len(rows), gifts.needs_codes)


def ask_of_all(session: Session, campaign: Campaign, members: Sequence[UUID]) -> Reasons:
    """Why who may not be told what; no channel tells whoever has had it before a merge."""
    had = list_had(session, campaign.shop_id, campaign.id, members)
    blocked = dict.fromkeys(had, HAD_IT)
    reasons = ask_channels(session, campaign, members)
    return {name: {**found, **blocked} for name, found in reasons.items()}


def send_to(
    session: Session,
    shop: Shop,
    campaign: Campaign,
    rows: Sequence[CampaignRecipient],
    reasons: Reasons,
    gifts: Gifts,
    *,
    now: datetime,
) -> dict[UUID, dict[str, Any]]:
    """Stage what these recipients are told now; each one's new columns, by member."""
    columns = {row.member_id: _columns_of(row, gifts) for row in rows}
    for channel in channels_of(campaign):
        waiting = [row for row in rows if getattr(row, f"{channel.name}_fate") == "waiting"]
        blocked = {**gifts.refused, **reasons.get(channel.name, {})}
        ready = [
            Told(row.member_id, gifts.codes.get(row.member_id))
            for row in waiting
            if row.member_id not in blocked and row.member_id not in gifts.awaited
        ]
        taken = channel.send(session, shop, campaign, ready, now) if ready else {}
        # A channel leaves out who is not there any more.
        gone = {one.member_id: NOT_ACTIVE for one in ready if one.member_id not in taken}
        for row in waiting:
            news = _news(channel.name, row.member_id, {**blocked, **gone}, taken)
            columns[row.member_id] |= news
    return columns


def _news(
    name: str, member_id: UUID, blocked: Mapping[UUID, str], taken: Mapping[UUID, UUID]
) -> dict[str, Any]:
    """What changes of a recipient's columns by one channel; nothing for who waits for a code."""
    if member_id in taken:
        told = {f"{name}_fate": "queued", f"{name}_reason": None}
        return told | ({"email_event_id": taken[member_id]} if name == "email" else {})
    if member_id in blocked:
        return {f"{name}_fate": "skipped", f"{name}_reason": blocked[member_id]}
    return {}


def note_left(
    session: Session,
    campaign: Campaign,
    rows: Sequence[CampaignRecipient],
    reasons: Reasons,
    gifts: Gifts,
    *,
    now: datetime,
) -> None:
    """Who was to be told and may not be any more has left the campaign."""
    why = {
        row.member_id: gifts.refused.get(row.member_id) or _first_reason(row, reasons)
        for row in rows
        if row.member_id in gifts.refused or not is_reached(row, reasons)
    }
    note_members(session, campaign, list(why), timeline.CAMPAIGN_DISJOINED, now, why)


def is_reached(row: CampaignRecipient, reasons: Reasons) -> bool:
    """Whether a channel that still waits for the member may reach them."""
    return any(
        getattr(row, f"{name}_fate") == "waiting" and row.member_id not in blocked
        for name, blocked in reasons.items()
    )


def lock_balances(
    session: Session, campaign: Campaign, members: Sequence[UUID], *, posts: bool = False
) -> None:
    """Keep merges and erasures of these away until the commit, before any recipient is locked."""
    session.execute(
        select(MemberBalance.member_id)
        .where(MemberBalance.shop_id == campaign.shop_id, among(MemberBalance.member_id, members))
        .order_by(MemberBalance.member_id)
        # As strong at once as posting will need it: raised later, two could wait for each other.
        .with_for_update(read=not posts)
    ).all()


def _list_next(session: Session, campaign: Campaign, limit: int) -> Sequence[UUID]:
    return session.scalars(
        select(CampaignRecipient.member_id)
        .where(
            CampaignRecipient.shop_id == campaign.shop_id,
            CampaignRecipient.campaign_id == campaign.id,
            CampaignRecipient.turn_at.is_(None),
            CampaignRecipient.fate.in_(("waiting", "held_out")),
        )
        .order_by(CampaignRecipient.number)
        .limit(limit)
    ).all()


def _lock_next(
    session: Session, campaign: Campaign, members: Sequence[UUID]
) -> Sequence[CampaignRecipient]:
    """A merge may have moved some meanwhile: those have their turn under their new member."""
    return session.scalars(
        select(CampaignRecipient)
        .where(
            CampaignRecipient.shop_id == campaign.shop_id,
            CampaignRecipient.campaign_id == campaign.id,
            among(CampaignRecipient.member_id, members),
            CampaignRecipient.turn_at.is_(None),
        )
        .order_by(CampaignRecipient.number)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()


def _columns_of(row: CampaignRecipient, gifts: Gifts) -> dict[str, Any]:
    """What may change of a recipient, as it stands; all rows of a statement name the same."""
    fates = {f"{name}_{part}" for name in NAMES for part in ("fate", "reason")}
    return {name: getattr(row, name) for name in sorted(fates)} | {
        "shop_id": row.shop_id,
        "campaign_id": row.campaign_id,
        "member_id": row.member_id,
        "email_event_id": row.email_event_id,
        "coupon_code_id": gifts.codes.get(row.member_id) or row.coupon_code_id,
    }


def _first_reason(row: CampaignRecipient, reasons: Reasons) -> str:
    found = (blocked.get(row.member_id) for blocked in reasons.values())
    return next((reason for reason in found if reason), NOT_ACTIVE)
