"""Members are told 30 and 7 days before points expire: once per day of expiry, however often run.

The invariant: a warning is written down in the transaction that stages it.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from loyalty import automatic_emails, outbox, timeline
from loyalty.base import bulk
from loyalty.base.clock import day_in
from loyalty.expiry.tables import ExpiryWarning
from loyalty.programme.tables import Programme
from loyalty.shops.tables import Shop

DAYS_BEFORE = (30, 7)
BATCH = 500

# A day that was missed is made up for until the next warning. Points that came within the time of
# a warning are not warned of by it: who gets them knows their day. Each batch goes on behind the
# last one, in the order of an index.
_WARNABLE = """
WITH lots AS (
    SELECT l.member_id, l.points_left, {last_day} AS last_day,
        (l.released_at AT TIME ZONE :zone)::date AS released_on
    FROM lot l JOIN member_balance b ON b.shop_id = l.shop_id AND b.member_id = l.member_id
    WHERE l.shop_id = :shop_id AND l.points_left > 0 AND l.released_at IS NOT NULL AND {near}
)
SELECT lots.member_id, lots.last_day, sum(lots.points_left)::bigint AS points
FROM lots JOIN member m ON m.shop_id = :shop_id AND m.id = lots.member_id
WHERE m.state = 'active' AND lots.last_day BETWEEN :first AND :last AND {behind}
AND lots.last_day - cast(:days AS integer) > greatest(lots.released_on, cast(:since AS date))
AND NOT EXISTS (SELECT FROM expiry_warning w WHERE w.shop_id = :shop_id
    AND w.member_id = lots.member_id AND w.last_valid_on = lots.last_day AND w.days = :days)
GROUP BY {order} ORDER BY {order} LIMIT :batch
"""
_BY_DATE = text(
    _WARNABLE.format(
        last_day="l.last_valid_on",
        near="l.last_valid_on BETWEEN :first AND :last"
        " AND (l.last_valid_on, l.member_id) > (cast(:after_day AS date), cast(:after AS uuid))",
        behind="true",
        order="lots.last_day, lots.member_id",
    )
)
_BY_INACTIVITY = text(
    _WARNABLE.format(
        last_day="least(l.last_valid_on, greatest(b.active_on, cast(:since AS date), "
        "(l.released_at AT TIME ZONE :zone)::date) + cast(:idle_days AS integer))",
        near="l.member_id >= cast(:after AS uuid)",
        behind="(lots.member_id, lots.last_day) > (cast(:after AS uuid), cast(:after_day AS date))",
        order="lots.member_id, lots.last_day",
    )
)


@dataclass(frozen=True, slots=True)
class Expiring:
    """So many of a member's points are gone once `last_valid_on` is over."""

    member_id: UUID
    last_valid_on: date
    points: int


def warn_next(
    session: Session,
    shop: Shop,
    *,
    days: int,
    now: datetime,
    after: Expiring | None = None,
    limit: int = BATCH,
) -> list[Expiring]:
    """Warn of what expires within `days`, the next behind `after`; nothing when all know.

    Flushes; the caller commits, and calls again with the last one.
    """
    found = _find(session, shop, days, now, after, limit)
    bulk.insert_rows(
        session,
        ExpiryWarning,
        [
            {
                "shop_id": shop.shop_id,
                "member_id": expiring.member_id,
                "last_valid_on": expiring.last_valid_on,
                "days": days,
                "points": expiring.points,
                "warned_at": now,
            }
            for expiring in found
        ],
    )
    for expiring in found:
        _tell(session, shop.shop_id, expiring, days, now)
    session.flush()
    return found


def _find(
    session: Session,
    shop: Shop,
    days: int,
    now: datetime,
    after: Expiring | None,
    limit: int,
) -> list[Expiring]:
    # Locked, so that two runs at once take turns and nobody is warned twice.
    programme = session.get_one(Programme, shop.shop_id, with_for_update=True)
    today = day_in(shop.timezone, now)
    later = [other for other in DAYS_BEFORE if other < days]
    values = {
        "shop_id": shop.shop_id,
        "zone": shop.timezone,
        "first": today + timedelta(days=max(later) + 1 if later else 0),
        "last": today + timedelta(days=days),
        "since": programme.expiry_since,
        "days": days,
        "batch": limit,
        "after": after.member_id if after else UUID(int=0),
        "after_day": after.last_valid_on if after else today - timedelta(days=1),
    }
    if programme.expiry_mode == "inactivity":
        rows = session.execute(_BY_INACTIVITY, values | {"idle_days": programme.expiry_days})
    else:
        rows = session.execute(_BY_DATE, values)
    return [Expiring(row.member_id, row.last_day, row.points) for row in rows]


def _tell(session: Session, shop_id: int, expiring: Expiring, days: int, now: datetime) -> None:
    member_id, last_day = expiring.member_id, expiring.last_valid_on.isoformat()
    timeline.note_event(
        session,
        shop_id,
        member_id,
        timeline.POINTS_EXPIRING,
        now,
        expiring=expiring.points,
        last_valid_on=last_day,
    )
    if not automatic_emails.is_on(session, shop_id, "expiry_warning"):
        return
    body = {"points": expiring.points, "last_valid_on": last_day, "days": days}
    outbox.stage(
        session, shop_id, outbox.EXPIRY_EMAIL_ASKED, member_id=member_id, body=body, now=now
    )
