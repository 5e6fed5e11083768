"""What a campaign came to: fates with their reasons, and its recipients' orders beside those of
the members who were told nothing. Reads only.

The invariant: orders of both groups count from the same kind of moment on, their turn, for as many
days, and as they stand by now: a refund lowers them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from loyalty.campaigns.comparing import Group, Interval, difference_of, gain_of
from loyalty.campaigns.saving import get_campaign
from loyalty.campaigns.tables import Campaign
from loyalty.shops.tables import Shop

# Orders as everywhere: paid, no tests, not cancelled, at their current total. Shopify tells an
# order's time in whole seconds: one placed in the very second of the turn is told as before it.
_ORDERS = """
SELECT r.is_held_out, count(*) AS people,
    count(*) FILTER (WHERE r.email_fate = 'sent' OR r.opened_at IS NOT NULL) AS emailed,
    count(r.opened_at) AS opened,
    count(r.clicked_at) AS clicked, count(*) FILTER (WHERE o.orders > 0) AS ordered,
    coalesce(sum(o.orders), 0)::bigint AS orders,
    coalesce(sum(o.minor), 0)::bigint AS orders_minor,
    coalesce(sum(o.minor::numeric * o.minor), 0) AS squares
FROM campaign_recipient r
CROSS JOIN LATERAL (
    SELECT count(*) AS orders, coalesce(sum(s.current_total_minor), 0)::bigint AS minor
    FROM shop_order s
    WHERE s.shop_id = r.shop_id AND s.member_id = r.member_id AND s.is_paid AND NOT s.is_test
        AND s.cancelled_at IS NULL AND s.processed_at >= date_trunc('second', r.turn_at)
        AND s.processed_at < r.turn_at + make_interval(days => cast(:days AS integer))
) o
WHERE r.shop_id = :shop_id AND r.campaign_id = :campaign_id AND r.turn_at IS NOT NULL
GROUP BY r.is_held_out
"""
_FATES = """
SELECT channel, fate, reason, count(*) AS members FROM (
    SELECT 'email' AS channel, email_fate AS fate, email_reason AS reason
        FROM campaign_recipient WHERE shop_id = :shop_id AND campaign_id = :campaign_id
    UNION ALL
    SELECT 'push', push_fate, push_reason
        FROM campaign_recipient WHERE shop_id = :shop_id AND campaign_id = :campaign_id
) AS fates WHERE fate IS NOT NULL
GROUP BY channel, fate, reason ORDER BY channel, fate, members DESC, reason
"""
_LAST_TURN = """
SELECT max(turn_at) FROM campaign_recipient
WHERE shop_id = :shop_id AND campaign_id = :campaign_id
"""


@dataclass(frozen=True, slots=True)
class Fated:
    """So many members share a fate on a channel, for one reason."""

    channel: str
    fate: str
    reason: str | None
    count: int


@dataclass(frozen=True, slots=True)
class Share:
    """A group and what it did: `ordered` of its `people` placed `orders` for `orders_minor`.

    `opened` and `clicked` are of those whom an email reached, the `emailed`.
    """

    people: int = 0
    emailed: int = 0
    opened: int = 0
    clicked: int = 0
    ordered: int = 0
    orders: int = 0
    orders_minor: int = 0


@dataclass(frozen=True, slots=True)
class Result:
    """`difference`: the share who ordered, told less held out, with its 95 % interval; None for
    what cannot be said without a hold-out. `gain`: minor units per person, likewise.
    `is_over`: no order can count any more.
    """

    by_fate_reason: Sequence[Fated]
    told: Share
    held_out: Share
    difference: Decimal | None
    interval_low: Decimal | None
    interval_high: Decimal | None
    gain: Interval | None
    is_over: bool

    @property
    def is_clear(self) -> bool:
        """Whether chance alone hardly makes such a difference: its interval leaves out nothing."""
        if self.interval_low is None or self.interval_high is None:
            return False
        return self.interval_low > 0 or self.interval_high < 0


def read_result(session: Session, shop: Shop, campaign_id: UUID, *, now: datetime) -> Result:
    """What the campaign has come to by now; raises CampaignNotFound.

    Who was to be told counts as told, whatever became of the message: who did not get it is of
    the held-out group's kind, too, and leaving them out would flatter the campaign.
    """
    campaign = get_campaign(session, shop.shop_id, campaign_id)
    found = session.execute(text(_ORDERS), _key(campaign) | {"days": campaign.order_days})
    rows = {row["is_held_out"]: row for row in found.mappings()}
    told, held_out = rows.get(False), rows.get(True)
    difference = difference_of(_group(told), _group(held_out))
    return Result(
        by_fate_reason=_list_fates(session, campaign),
        told=_share(told),
        held_out=_share(held_out),
        difference=difference.middle if difference else None,
        interval_low=difference.low if difference else None,
        interval_high=difference.high if difference else None,
        gain=gain_of(_group(told), _group(held_out)),
        is_over=_is_over(session, campaign, now),
    )


def _list_fates(session: Session, campaign: Campaign) -> list[Fated]:
    return [Fated(*row) for row in session.execute(text(_FATES), _key(campaign))]


def _is_over(session: Session, campaign: Campaign, now: datetime) -> bool:
    if campaign.state not in ("done", "stopped"):
        return False
    last = session.scalar(text(_LAST_TURN), _key(campaign))
    return last is None or now >= last + timedelta(days=campaign.order_days)


def _key(campaign: Campaign) -> dict[str, Any]:
    return {"shop_id": campaign.shop_id, "campaign_id": campaign.id}


def _share(row: Any) -> Share:
    if row is None:
        return Share()
    names = ("people", "emailed", "opened", "clicked", "ordered", "orders", "orders_minor")
    return Share(**{name: row[name] for name in names})


def _group(row: Any) -> Group:
    if row is None:
        return Group(0, 0, 0, Decimal(0))
    return Group(row["people"], row["ordered"], row["orders_minor"], Decimal(row["squares"]))
