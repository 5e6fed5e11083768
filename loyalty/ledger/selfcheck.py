"""The self-check: every cached figure rebuilt from the entries and the lots. It only reads."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Difference:
    """A member whose cached `figure` is not what the books say."""

    member_id: UUID
    figure: str
    cached: int
    rebuilt: int


# One pass per table: each sum is grouped once, then held against the cache.
_REBUILD = text("""
WITH entries AS (
    SELECT member_id, sum(points) AS total,
        sum(points) FILTER (WHERE kind IN
            ('earn_order', 'earn_action', 'referral', 'grant', 'earn_reversal')) AS earned,
        -sum(points) FILTER (WHERE kind IN ('redeem', 'redeem_reversal')) AS burned
    FROM ledger_entry WHERE shop_id = :shop_id GROUP BY member_id
), lots AS (
    SELECT member_id, sum(points_left) AS held,
        sum(points_left) FILTER (WHERE released_at IS NULL) AS pending
    FROM lot WHERE shop_id = :shop_id AND points_left > 0 GROUP BY member_id
), on_hold AS (
    SELECT lot.member_id, sum(lot.points_left) AS earned
    FROM lot JOIN ledger_entry entry ON entry.shop_id = lot.shop_id AND entry.id = lot.entry_id
    WHERE lot.shop_id = :shop_id AND lot.points_left > 0 AND lot.released_at IS NULL
        AND entry.kind IN ('earn_order', 'earn_action', 'referral', 'grant')
    GROUP BY lot.member_id
), deficits AS (
    SELECT member_id, sum(points_left) AS lacking
    FROM deficit WHERE shop_id = :shop_id GROUP BY member_id
), moves AS (
    SELECT member_id, sum(earned) AS earned, sum(burned) AS burned
    FROM figure_move WHERE shop_id = :shop_id GROUP BY member_id
), books AS (
    SELECT b.member_id, b.available, b.pending, b.lifetime_earned, b.lifetime_burned,
        coalesce(e.total, 0) - coalesce(l.pending, 0) AS true_available,
        coalesce(l.pending, 0) AS true_pending,
        coalesce(e.earned, 0) + coalesce(m.earned, 0) - coalesce(h.earned, 0)
            AS true_earned,
        coalesce(e.burned, 0) + coalesce(m.burned, 0) AS true_burned,
        coalesce(e.total, 0) AS total,
        coalesce(l.held, 0) - coalesce(d.lacking, 0) AS held
    FROM member_balance b
    LEFT JOIN entries e USING (member_id)
    LEFT JOIN lots l USING (member_id)
    LEFT JOIN on_hold h USING (member_id)
    LEFT JOIN deficits d USING (member_id)
    LEFT JOIN moves m USING (member_id)
    WHERE b.shop_id = :shop_id
)
SELECT member_id, figure, cached, rebuilt FROM books, LATERAL (VALUES
    ('available', available, true_available),
    ('pending', pending, true_pending),
    ('lifetime_earned', lifetime_earned, true_earned),
    ('lifetime_burned', lifetime_burned, true_burned),
    ('lots', held, total)
) AS figures (figure, cached, rebuilt)
WHERE cached <> rebuilt
ORDER BY member_id, figure
""")

# Whoever lacks something has nothing to spend: a lot that becomes available fills it first.
_UNFILLED = text("""
SELECT d.member_id, 'deficit' AS figure, sum(d.points_left) AS cached, 0 AS rebuilt
FROM deficit d WHERE d.shop_id = :shop_id AND d.points_left > 0 AND EXISTS (
    SELECT FROM lot l WHERE l.shop_id = d.shop_id AND l.member_id = d.member_id
    AND l.points_left > 0 AND l.released_at IS NOT NULL)
GROUP BY d.member_id
""")

_MERGES = text("""
SELECT (array_agg(member_id ORDER BY id))[1] AS member_id, 'merge' AS figure,
    sum(points) AS cached, 0 AS rebuilt
FROM ledger_entry WHERE shop_id = :shop_id AND kind IN ('merge_out', 'merge_in')
GROUP BY source_id HAVING sum(points) <> 0
""")

_TAKEN_TWICE = text("""
SELECT lot.member_id, 'lot_debits' AS figure, lot.points - lot.points_left AS cached,
    coalesce(sum(debit.points), 0)::bigint AS rebuilt
FROM lot LEFT JOIN lot_debit debit
    ON debit.shop_id = lot.shop_id AND debit.lot_id = lot.id
WHERE lot.shop_id = :shop_id
GROUP BY lot.shop_id, lot.id
HAVING lot.points - lot.points_left <> coalesce(sum(debit.points), 0)
""")


def find_differences(session: Session, shop_id: int) -> list[Difference]:
    """Every figure of every member that does not equal its rebuild; empty when all agree."""
    rows = [
        row
        for query in (_REBUILD, _TAKEN_TWICE, _UNFILLED, _MERGES)
        for row in session.execute(query, {"shop_id": shop_id})
    ]
    return [Difference(r.member_id, r.figure, int(r.cached), int(r.rebuilt)) for r in rows]
