"""Campaigns as pages and files show them: the list, the counts, and recipients a page at a time.

Reads only.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from loyalty.base.bulk import among
from loyalty.campaigns.tables import Campaign, CampaignRecipient
from loyalty.coupons.tables import CouponCode
from loyalty.members.tables import Member
from loyalty.orders.tables import Order
from loyalty.queries.paging import decode, encode


@dataclass(frozen=True, slots=True)
class ListedCampaign:
    """A campaign and how many of its recipients have which fate."""

    campaign: Campaign
    counts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recipient:
    """One recipient. `code` of their coupon; `ordered_at`, `order_minor`: their orders that count
    for the campaign, the first one's time and all together.
    """

    number: int
    member_id: UUID
    name: str
    email: str | None
    fate: str
    reason: str | None
    email_fate: str | None
    email_reason: str | None
    push_fate: str | None
    push_reason: str | None
    turn_at: datetime | None
    code: str | None
    opened_at: datetime | None
    clicked_at: datetime | None
    ordered_at: datetime | None
    order_minor: int


@dataclass(frozen=True, slots=True)
class CampaignPage:
    """Campaigns, the newest first; `next` is the cursor of the page behind it, if there is one."""

    rows: Sequence[ListedCampaign]
    next: str | None


@dataclass(frozen=True, slots=True)
class RecipientPage:
    """Recipients by number; `next` is the cursor of the page behind it, if there is one."""

    rows: Sequence[Recipient]
    next: str | None


def list_campaigns(
    session: Session, shop_id: int, *, after: str | None = None, limit: int = 50
) -> CampaignPage:
    """The shop's campaigns, the newest first."""
    statement = select(Campaign).where(Campaign.shop_id == shop_id)
    if (cursor := decode(after, UUID)) is not None:
        statement = statement.where(Campaign.id < cursor[0])
    found = session.scalars(
        statement.order_by(Campaign.id.desc())
        .limit(limit + 1)
        .execution_options(populate_existing=True)
    ).all()
    shown = found[:limit]
    counts = _count(session, shop_id, [campaign.id for campaign in shown])
    rows = [ListedCampaign(campaign, counts.get(campaign.id, {})) for campaign in shown]
    return CampaignPage(rows, encode(shown[-1].id) if len(found) > limit else None)


def progress(session: Session, shop_id: int, campaign_id: UUID) -> dict[str, int]:
    """How many of the campaign's recipients have which fate."""
    return _count(session, shop_id, [campaign_id]).get(campaign_id, {})


def list_recipients(
    session: Session,
    shop_id: int,
    campaign_id: UUID,
    *,
    fate: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> RecipientPage:
    """The campaign's recipients, or those of one fate, by number."""
    campaign = session.get(Campaign, (shop_id, campaign_id))
    if campaign is None:
        return RecipientPage([], None)
    found = _page(session, campaign, fate, decode(after, int), limit + 1)
    shown = found[:limit]
    orders = _orders(session, campaign, [row.CampaignRecipient.member_id for row in shown])
    rows = [_recipient(row, orders) for row in shown]
    return RecipientPage(rows, encode(rows[-1].number) if len(found) > limit else None)


def _count(
    session: Session, shop_id: int, campaign_ids: Sequence[UUID]
) -> dict[UUID, dict[str, int]]:
    counts: dict[UUID, dict[str, int]] = defaultdict(dict)
    rows = session.execute(
        select(CampaignRecipient.campaign_id, CampaignRecipient.fate, func.count())
        .where(
            CampaignRecipient.shop_id == shop_id,
            among(CampaignRecipient.campaign_id, campaign_ids),
        )
        .group_by(CampaignRecipient.campaign_id, CampaignRecipient.fate)
    )
    for campaign_id, fate, count in rows:
        counts[campaign_id][fate] = count
    return counts


def _page(
    session: Session,
    campaign: Campaign,
    fate: str | None,
    cursor: tuple[Any, ...] | None,
    limit: int,
) -> Sequence[Any]:
    statement = (
        select(
            CampaignRecipient, Member.first_name, Member.last_name, Member.email, CouponCode.code
        )
        .join(Member, _same_shop(Member) & (Member.id == CampaignRecipient.member_id))
        .outerjoin(
            CouponCode,
            and_(_same_shop(CouponCode), CouponCode.id == CampaignRecipient.coupon_code_id),
        )
        .where(
            CampaignRecipient.shop_id == campaign.shop_id,
            CampaignRecipient.campaign_id == campaign.id,
        )
    )
    if fate is not None:
        statement = statement.where(CampaignRecipient.fate == fate)
    if cursor is not None:
        statement = statement.where(CampaignRecipient.number > cursor[0])
    return session.execute(
        statement.order_by(CampaignRecipient.number)
        .limit(limit)
        .execution_options(populate_existing=True)
    ).all()


def _same_shop(model: Any) -> Any:
    return model.shop_id == CampaignRecipient.shop_id


def _orders(
    session: Session, campaign: Campaign, members: Sequence[UUID]
) -> dict[UUID, tuple[datetime, int]]:
    """member → the first of their orders that count, and all of them in minor units."""
    # Shopify tells an order's time in whole seconds, the turn has more: see the results.
    starts_at = func.date_trunc("second", CampaignRecipient.turn_at)
    ends_at = CampaignRecipient.turn_at + func.make_interval(0, 0, 0, campaign.order_days)
    rows = session.execute(
        select(
            CampaignRecipient.member_id,
            func.min(Order.processed_at),
            func.sum(Order.current_total_minor),
        )
        .join(Order, _same_shop(Order) & (Order.member_id == CampaignRecipient.member_id))
        .where(
            CampaignRecipient.shop_id == campaign.shop_id,
            CampaignRecipient.campaign_id == campaign.id,
            among(CampaignRecipient.member_id, members),
            Order.is_paid,
            Order.is_test.is_(False),
            Order.cancelled_at.is_(None),
            Order.processed_at >= starts_at,
            Order.processed_at < ends_at,
        )
        .group_by(CampaignRecipient.member_id)
    )
    return {row[0]: (row[1], int(row[2])) for row in rows}


def _recipient(row: Any, orders: dict[UUID, tuple[datetime, int]]) -> Recipient:
    one: CampaignRecipient = row.CampaignRecipient
    ordered_at, order_minor = orders.get(one.member_id, (None, 0))
    return Recipient(
        number=one.number,
        member_id=one.member_id,
        name=" ".join(filter(None, (row.first_name, row.last_name))),
        email=row.email,
        fate=one.fate,
        reason=_reason_of(one),
        email_fate=one.email_fate,
        email_reason=one.email_reason,
        push_fate=one.push_fate,
        push_reason=one.push_reason,
        turn_at=one.turn_at,
        code=row.code,
        opened_at=one.opened_at,
        clicked_at=one.clicked_at,
        ordered_at=ordered_at,
        order_minor=order_minor,
    )


def _reason_of(one: CampaignRecipient) -> str | None:
    """Why the fate over both channels is what it is: the reason of a channel that shares it."""
    both = ((one.email_fate, one.email_reason), (one.push_fate, one.push_reason))
    return next((reason for fate, reason in both if fate == one.fate and reason), None)
