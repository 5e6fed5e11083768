"""Lots as they were posted by the end of a day, told by the month in which they were earned.

The invariant: points come from the ledger alone. Each lot is its opening entry less the debits
posted by then; a late lot, which stands for one that had expired, belongs to that one's month.
"""

from sqlalchemy import TextClause, text

_HEAD = """
WITH RECURSIVE late (id, ancestor_id) AS (
    SELECT id, replaces_id FROM lot WHERE shop_id = :shop_id AND replaces_id IS NOT NULL
    UNION ALL
    SELECT late.id, lot.replaces_id FROM late
    JOIN lot ON lot.shop_id = :shop_id AND lot.id = late.ancestor_id
    WHERE lot.replaces_id IS NOT NULL
), root AS (
    SELECT late.id, late.ancestor_id AS root_id FROM late
    JOIN lot ON lot.shop_id = :shop_id AND lot.id = late.ancestor_id
    WHERE lot.replaces_id IS NULL
), born AS (
    SELECT lot.id, lot.points, lot.released_at, lot.order_id, opening.posted_at,
        opening.kind = 'redeem_reversal' AS is_return, root.id IS NULL AS is_first,
        first_opening.kind = 'earn_order' AS is_sale,
        date_trunc('month', first_lot.opened_at AT TIME ZONE :zone)::date AS month
    FROM lot
    JOIN ledger_entry opening ON opening.shop_id = lot.shop_id AND opening.id = lot.entry_id
    LEFT JOIN root ON root.id = lot.id
    JOIN lot first_lot
        ON first_lot.shop_id = lot.shop_id AND first_lot.id = coalesce(root.root_id, lot.id)
    JOIN ledger_entry first_opening
        ON first_opening.shop_id = lot.shop_id AND first_opening.id = first_lot.entry_id
    WHERE lot.shop_id = :shop_id AND opening.posted_at < :before
), moves AS (
    SELECT born.id AS lot_id, entry.posted_at, debit.points,
        entry.kind IN ('redeem', 'redeem_reversal') AS is_redeemed
    FROM born
    JOIN lot_debit debit ON debit.shop_id = :shop_id AND debit.lot_id = born.id
    JOIN ledger_entry entry
        ON entry.shop_id = :shop_id AND entry.id = debit.entry_id AND entry.posted_at < :before
)
"""


def on_lots(rest: str) -> TextClause:
    """A query whose common table expressions born and moves are these lots.

    It needs :shop_id, :zone and :before, the first moment that does not count any more.
    """
    return text(_HEAD + rest)
