"""What one point is worth: what the shop says, else what a point took off orders last year.

Only redemptions, orders and edits recorded before the moment count, so an old report stays what it
was. A redemption whose points had all come back by then is none.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.orm import Session

from loyalty.shops.tables import Shop


@dataclass(frozen=True, slots=True)
class Worth:
    """Minor units per point. `source`: setting or redemptions (of how many points)."""

    minor: Decimal
    source: str
    points: int = 0


_REDEEMED = text("""
SELECT coalesce(sum(points), 0) AS points, coalesce(sum(minor), 0) AS minor FROM (
    SELECT use.points, use.amount_minor + (
        SELECT coalesce(sum(edit.amount_minor), 0)
        FROM jsonb_to_recordset(use.edits) AS edit (recorded_at timestamptz, amount_minor bigint)
        WHERE edit.recorded_at < :before
    ) AS minor
    FROM redemption_use use
    WHERE use.shop_id = :shop_id AND use.recorded_at < :before
        AND use.recorded_at >= CAST(:before AS timestamptz) - interval '1 year'
        AND (
            SELECT -debit.points FROM ledger_entry debit
            WHERE debit.shop_id = use.shop_id AND debit.id = use.entry_id
        ) > (
            SELECT coalesce(sum(back.points), 0) FROM ledger_entry back
            WHERE back.shop_id = use.shop_id AND back.reverses_id = use.entry_id
                AND back.posted_at < :before
        )
    UNION ALL
    SELECT points, (terms ->> 'amount_minor')::bigint
    FROM redemption
    WHERE shop_id = :shop_id AND terms ->> 'kind' = 'store_credit' AND state = 'used'
        AND used_at < :before AND used_at >= CAST(:before AS timestamptz) - interval '1 year'
) AS redeemed
""")


def worth_of(
    session: Session, shop: Shop, said_minor: Decimal | None, *, before: datetime
) -> Worth | None:
    """What a point was worth then; None when nobody said and nothing was redeemed for a year."""
    if said_minor is not None:
        return Worth(said_minor, "setting")
    row = session.execute(_REDEEMED, {"shop_id": shop.shop_id, "before": before}).one()
    if row.points <= 0 or row.minor <= 0:
        return None
    return Worth(Decimal(row.minor) / Decimal(row.points), "redemptions", int(row.points))
