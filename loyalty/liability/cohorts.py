"""Outstanding points by cohort: the month in which they were earned. Reads only.

The invariant: what the cohorts hold, less what members lack, is the sum of all entries posted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from loyalty.ledger.tables import LedgerEntry
from loyalty.liability.lots import on_lots
from loyalty.shops.tables import Shop


@dataclass(frozen=True, slots=True)
class Cohort:
    """Points earned in one month. `is_sale`: by orders, else given for nothing bought.

    `available` and `on_hold` are outstanding; `redeemed` is net of what came back.
    """

    month: date
    is_sale: bool
    earned: int
    redeemed: int
    available: int
    on_hold: int

    @property
    def outstanding(self) -> int:
        """Points that members still hold of it."""
        return self.available + self.on_hold


@dataclass(frozen=True, slots=True)
class Outstanding:
    """All cohorts, oldest first, and what debits took beyond them: balances below zero."""

    cohorts: Sequence[Cohort]
    lacking: int

    @property
    def points(self) -> int:
        """What the ledger says is owed, as one sum."""
        return sum(cohort.outstanding for cohort in self.cohorts) - self.lacking


_COHORTS = on_lots(""", moved AS (
    SELECT lot_id, sum(points) AS taken, sum(points) FILTER (WHERE is_redeemed) AS redeemed
    FROM moves GROUP BY lot_id
), held AS (
    SELECT born.*, points - coalesce(taken, 0) AS points_left,
        coalesce(redeemed, 0) - CASE WHEN is_return THEN points ELSE 0 END AS net_redeemed,
        coalesce(released_at < :before, false) AS is_released
    FROM born LEFT JOIN moved ON moved.lot_id = born.id
)
SELECT month, is_sale,
    coalesce(sum(points) FILTER (WHERE is_first), 0)::bigint AS earned,
    sum(net_redeemed)::bigint AS redeemed,
    coalesce(sum(points_left) FILTER (WHERE is_released), 0)::bigint AS available,
    coalesce(sum(points_left) FILTER (WHERE NOT is_released), 0)::bigint AS on_hold
FROM held GROUP BY month, is_sale ORDER BY month, is_sale
""")


def list_cohorts(session: Session, shop: Shop, *, before: datetime) -> Outstanding:
    """What members held by the postings before that moment."""
    named = {"shop_id": shop.shop_id, "zone": shop.timezone, "before": before}
    cohorts = [Cohort(*row) for row in session.execute(_COHORTS, named)]
    owed = session.scalar(
        select(func.coalesce(func.sum(LedgerEntry.points), 0)).where(
            LedgerEntry.shop_id == shop.shop_id, LedgerEntry.posted_at < before
        )
    )
    held = sum(cohort.outstanding for cohort in cohorts)
    return Outstanding(cohorts, held - int(owed or 0))
