"""The self-check of redemptions: Σ issued − used − returned = what the ledger says. Reads alone."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class UnlikeLedger:
    """A redemption whose rows say that `away` points are gone for it, and the ledger `taken`."""

    redemption_id: UUID
    away: int
    taken: int


# One pass per table. What an order used is told by its use; what none did, by the redemption.
_COMPARE = text("""
WITH entries AS (
    SELECT source_id, -sum(points) AS taken FROM ledger_entry
    WHERE shop_id = :shop_id AND source_kind = 'redemption'
        AND kind IN ('redeem', 'redeem_reversal')
    GROUP BY source_id
), uses AS (
    SELECT redemption_id, sum(points - points_returned) AS away
    FROM redemption_use WHERE shop_id = :shop_id GROUP BY redemption_id
)
SELECT r.id, coalesce(u.away, r.points - r.points_returned) AS away, coalesce(e.taken, 0) AS taken
FROM redemption r
LEFT JOIN entries e ON e.source_id = r.id::text
LEFT JOIN uses u ON u.redemption_id = r.id
WHERE r.shop_id = :shop_id
    AND coalesce(u.away, r.points - r.points_returned) <> coalesce(e.taken, 0)
ORDER BY r.id
""")


def find_unlike_ledger(session: Session, shop_id: int) -> list[UnlikeLedger]:
    """Every redemption of the shop for which the ledger took more or less than its rows say."""
    session.flush()
    rows = session.execute(_COMPARE, {"shop_id": shop_id})
    return [UnlikeLedger(row.id, int(row.away), int(row.taken)) for row in rows]
