"""How a campaign ends: who waited for a code is told, who was stopped is left out, and it is done.

The invariant: a campaign is done once nobody's turn is to come and nothing is under way.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.orm import Session

from loyalty import timeline
from loyalty.base.bulk import among, update_rows
from loyalty.campaigns.channels import NAMES, channels_of
from loyalty.campaigns.gifts import Gifts, give_points
from loyalty.campaigns.preparing import note_members
from loyalty.campaigns.tables import Campaign, CampaignRecipient
from loyalty.campaigns.turns import ask_of_all, is_reached, lock_balances, note_left, send_to
from loyalty.campaigns.words import NO_CODE_LEFT, STOPPED
from loyalty.coupons.tables import Coupon, CouponCode
from loyalty.shops.tables import Shop

_KEYS = ("shop_id", "campaign_id", "member_id")
_STOPPED_AT_ONCE = 2_000


def tell_ready(
    session: Session, shop: Shop, campaign: Campaign, *, limit: int, now: datetime
) -> int:
    """Tell those of the locked campaign's recipients whose code works by now, and give them its
    points; how many.

    Whose code is good for nothing any more is skipped. Nothing is locked where nobody is told.
    """
    through = _list_through(session, campaign, limit)
    if not through:
        return 0
    lock_balances(session, campaign, list(through), posts=campaign.bonus_points is not None)
    rows = _lock_awaiting(session, campaign, list(through))
    gone = [row.member_id for row in rows if through[row.member_id] != "ready"]
    gifts = Gifts(
        codes={row.member_id: row.coupon_code_id for row in rows if row.coupon_code_id},
        refused=dict.fromkeys(gone, NO_CODE_LEFT),
    )
    reasons = ask_of_all(session, campaign, [row.member_id for row in rows])
    told = [row.member_id for row in rows if row.member_id not in gone and is_reached(row, reasons)]
    give_points(session, shop, campaign, told, now=now)
    sent = send_to(session, shop, campaign, rows, reasons, gifts, now=now)
    note_left(session, campaign, rows, reasons, gifts, now=now)
    update_rows(session, CampaignRecipient, _KEYS, list(sent.values()))
    return len(sent)


def why_no_codes(session: Session, campaign: Campaign) -> str | None:
    """Why Shopify makes no codes of the campaign's coupon any more, if some are waited for."""
    if campaign.coupon_id is None:
        return None
    coupon = session.get_one(Coupon, (campaign.shop_id, campaign.coupon_id), populate_existing=True)
    return coupon.error if coupon.error and count_awaiting(session, campaign) else None


def count_queued(session: Session, campaign: Campaign) -> dict[str, int]:
    """By channel: how many messages it has taken that have not ended yet."""
    counts: dict[str, int] = {}
    for channel in channels_of(campaign):
        fate = getattr(CampaignRecipient, f"{channel.name}_fate")
        statement = (
            select(func.count())
            .select_from(CampaignRecipient)
            .where(_of(campaign), CampaignRecipient.turn_at.is_not(None), fate == "queued")
        )
        counts[channel.name] = session.scalar(statement) or 0
    return counts


def count_awaiting(session: Session, campaign: Campaign) -> int:
    """How many have had their turn and wait for a code that Shopify is still to make."""
    if campaign.coupon_id is None:
        return 0
    statement = select(func.count()).select_from(CampaignRecipient)
    return session.scalar(statement.where(_of(campaign), _is_awaiting())) or 0


def finish(session: Session, campaign: Campaign, *, now: datetime) -> bool:
    """Note that the locked campaign is done; False while something of it is still to come."""
    assert campaign.state == "sending"
    is_open = _has_next(session, campaign) or count_awaiting(session, campaign)
    if is_open or any(count_queued(session, campaign).values()):
        return False
    campaign.state, campaign.done_at = "done", now
    session.flush()
    return True


def leave_out(session: Session, campaign: Campaign, *, now: datetime) -> int:
    """Skip the next of those whom the stopped campaign will not tell; how many.

    When there are none and no message is under way any more, it has ended.
    """
    assert campaign.state == "stopped"
    rows = session.scalars(
        select(CampaignRecipient)
        .where(_of(campaign), CampaignRecipient.fate == "waiting")
        .order_by(CampaignRecipient.number)
        .limit(_STOPPED_AT_ONCE)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    if not rows:
        if not any(count_queued(session, campaign).values()):
            campaign.done_at = now
            session.flush()
        return 0
    update_rows(session, CampaignRecipient, _KEYS, [_left_out(row) for row in rows])
    # One to whom something has gone already has had the campaign.
    left = [row.member_id for row in rows if not _has_been_told(row)]
    why = dict.fromkeys(left, STOPPED)
    note_members(session, campaign, left, timeline.CAMPAIGN_DISJOINED, now, why)
    session.flush()
    return len(rows)


def _list_through(session: Session, campaign: Campaign, limit: int) -> dict[UUID, str]:
    """member → the state of their code, of the first who wait for one that is made no more."""
    rows = session.execute(
        select(CampaignRecipient.member_id, CouponCode.state)
        .join(
            CouponCode,
            (CouponCode.shop_id == CampaignRecipient.shop_id)
            & (CouponCode.id == CampaignRecipient.coupon_code_id),
        )
        .where(_of(campaign), _is_awaiting(), CouponCode.state != "making")
        .order_by(CampaignRecipient.number)
        .limit(limit)
    )
    return {row.member_id: row.state for row in rows}


def _lock_awaiting(
    session: Session, campaign: Campaign, members: Sequence[UUID]
) -> Sequence[CampaignRecipient]:
    return session.scalars(
        select(CampaignRecipient)
        .where(_of(campaign), _is_awaiting(), among(CampaignRecipient.member_id, members))
        .order_by(CampaignRecipient.number)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()


def _is_awaiting() -> ColumnElement[bool]:
    """Written so that the two indexes of what is under way serve it."""
    has_had_turn = CampaignRecipient.turn_at.is_not(None)
    return or_(
        has_had_turn & (CampaignRecipient.email_fate == "waiting"),
        has_had_turn & (CampaignRecipient.push_fate == "waiting"),
    )


def _has_next(session: Session, campaign: Campaign) -> bool:
    is_next = exists().where(
        _of(campaign),
        CampaignRecipient.turn_at.is_(None),
        CampaignRecipient.fate.in_(("waiting", "held_out")),
    )
    return bool(session.scalar(select(is_next)))


def _left_out(row: CampaignRecipient) -> dict[str, object]:
    columns: dict[str, object] = {name: getattr(row, name) for name in _KEYS}
    for name in NAMES:
        fate, reason = getattr(row, f"{name}_fate"), getattr(row, f"{name}_reason")
        is_left = fate == "waiting"
        columns[f"{name}_fate"] = "skipped" if is_left else fate
        columns[f"{name}_reason"] = STOPPED if is_left else reason
    return columns


def _has_been_told(row: CampaignRecipient) -> bool:
    return any(getattr(row, f"{name}_fate") in ("queued", "sent", "unknown") for name in NAMES)


def _of(campaign: Campaign) -> ColumnElement[bool]:
    return (CampaignRecipient.shop_id == campaign.shop_id) & (
        CampaignRecipient.campaign_id == campaign.id
    )
