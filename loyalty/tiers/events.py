"""What counts for a tier, as events: (member, day it belongs to, day it was felt, amount).

The invariant: all is worked out from the orders and the books as they are now, so that no order of
arrival matters, and a refund, reversal or expiry belongs to the day of what it takes back: a
refunded order was never there, while an expiry lowers the sum from its own day on. Reads only.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, Date, Uuid, column, text
from sqlalchemy.sql.expression import TextualSelect

# Each order with what stands of it, on the day it was placed.
_SPEND = """
SELECT o.member_id,
    (o.processed_at AT TIME ZONE CAST(:zone AS text))::date AS day_on,
    (o.processed_at AT TIME ZONE CAST(:zone AS text))::date AS felt_on,
    o.current_total_minor AS amount
FROM shop_order o
WHERE o.shop_id = :shop_id AND o.member_id = ANY (:members) AND o.processed_at >= :earliest
    AND o.is_paid AND NOT o.is_test AND o.cancelled_at IS NULL
"""

# What a merged member's own entries say counts for whom they became; orders and lots have moved.
_POINTS = """
WITH RECURSIVE identity (owner_id, member_id) AS (
    SELECT given.id, given.id FROM unnest(CAST(:members AS uuid[])) AS given (id)
    UNION ALL
    SELECT i.owner_id, b.member_id FROM identity i
    JOIN member_balance b ON b.shop_id = :shop_id AND b.merged_into = i.member_id
), holder (owner_id, member_id) AS (
    -- Whoever had the owner's lots at any time: who has them no more may have seen them expire.
    SELECT i.owner_id, i.member_id FROM identity i
    UNION
    SELECT h.owner_id, m.survivor_id FROM holder h
    JOIN member_merge m ON m.shop_id = :shop_id AND m.merged_id = h.member_id
), counted AS (
    -- What stands of the awards of each order.
    SELECT o.member_id, o.processed_at AS at, o.processed_at AS felt_at, a.standing_points AS amount
    FROM shop_order o
    JOIN award a ON a.shop_id = o.shop_id AND a.order_id = o.order_id
    WHERE o.shop_id = :shop_id AND o.member_id = ANY (:members) AND o.processed_at >= :earliest
    UNION ALL
    -- Everything else that was given.
    SELECT i.owner_id, e.occurred_at, e.occurred_at, e.points
    FROM identity i
    JOIN ledger_entry e ON e.shop_id = :shop_id AND e.member_id = i.member_id
    WHERE e.reverses_id IS NULL AND e.kind <> 'earn_order'
        AND (e.kind = ANY (:kinds) OR (e.kind = 'earn_reversal' AND e.order_id IS NULL))
    UNION ALL
    -- Its undoing belongs to the day of what it undoes, and to whose that is, whoever had it then.
    SELECT i.owner_id, e.occurred_at, e.occurred_at, undoing.points
    FROM identity i
    JOIN ledger_entry e ON e.shop_id = :shop_id AND e.member_id = i.member_id
    JOIN ledger_entry undoing ON undoing.shop_id = e.shop_id AND undoing.reverses_id = e.id
    WHERE e.kind = ANY (:kinds) AND e.kind <> 'earn_order'
    UNION ALL
    -- Held points count from their release.
    SELECT l.member_id, l.opened_at, l.opened_at, -l.points_left
    FROM lot l
    JOIN ledger_entry e ON e.shop_id = l.shop_id AND e.id = l.entry_id
    WHERE l.shop_id = :shop_id AND l.member_id = ANY (:members) AND l.points_left > 0
        AND l.released_at IS NULL AND e.kind = ANY (:kinds)
    UNION ALL
    -- An expiry, and its undoing, which gives points back to the lot, belong to the lot's day, and
    -- to whose it is by now.
    SELECT h.owner_id, l.opened_at, e.occurred_at, -d.points
    FROM holder h
    JOIN ledger_entry e ON e.shop_id = :shop_id AND e.member_id = h.member_id
    JOIN lot_debit d ON d.shop_id = e.shop_id AND d.entry_id = e.id
    JOIN lot l ON l.shop_id = d.shop_id AND l.id = d.lot_id AND l.member_id = h.owner_id
    JOIN ledger_entry given ON given.shop_id = l.shop_id AND given.id = l.entry_id
    WHERE e.kind = 'expire' AND given.kind = ANY (:kinds)
)
SELECT member_id, (at AT TIME ZONE CAST(:zone AS text))::date AS day_on,
    (felt_at AT TIME ZONE CAST(:zone AS text))::date AS felt_on, amount
FROM counted
"""
_EARNED = ("earn_order", "earn_action", "referral")


def tier_events(
    shop_id: int,
    members: Sequence[UUID],
    *,
    metric: str,
    counts_grants: bool,
    counts_imports: bool,
    since_on: date,
    zone: str,
) -> TextualSelect:
    """A SELECT of member_id, day_on, felt_on and amount; nothing placed before `since_on` matters.

    `metric` spend: minor units. points: earned − reversed − expired, with grants and imports
    where ticked; what was spent stays counted.
    """
    values: dict[str, Any] = {
        "shop_id": shop_id,
        "members": list(members),
        "earliest": datetime.combine(since_on, time.min, ZoneInfo(zone)).astimezone(UTC),
        "zone": zone,
    }
    if metric == "points":
        ticked = ("grant",) * counts_grants + ("import",) * counts_imports
        values["kinds"] = [*_EARNED, *ticked]
    statement = text(_POINTS if metric == "points" else _SPEND).bindparams(**values)
    return statement.columns(
        column("member_id", Uuid()),
        column("day_on", Date()),
        column("felt_on", Date()),
        column("amount", BigInteger()),
    )
