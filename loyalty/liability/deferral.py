"""Revenue that sales deferred for the points they gave: IFRS 15 B39–B42, ASC 606-10-55-41 to 45.

The price of an order is shared between goods and points by their stand-alone values, once, with
what was known in the month of the sale. What members still hold carries its part of that.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy.orm import Session

from loyalty.liability.lots import on_lots
from loyalty.shops.tables import Shop


@dataclass(frozen=True, slots=True)
class Deferred:
    """One month's sales: `allocated_minor` of their price was for the points that still stand.

    `redeemed` and `outstanding` are of those sales' points alone.
    """

    month: date
    allocated_minor: Decimal
    redeemed: int
    outstanding: int

    def left_minor(self, breakage: Decimal) -> Decimal:
        """What is not revenue yet, when that share of the outstanding points is never redeemed.

        Revenue follows the points redeemed out of all that will be: what breaks is recognised
        with them (IFRS 15 B46).
        """
        expected = self.outstanding * (1 - breakage)
        if expected <= 0:
            return Decimal(0)
        return self.allocated_minor * expected / (max(0, self.redeemed) + expected)


# A line may count for several rules, and has one price; further awards add further pieces.
_DEFERRED = on_lots(""", moved AS (
    SELECT lot_id, sum(points) AS taken, sum(points) FILTER (WHERE is_redeemed) AS redeemed
    FROM moves GROUP BY lot_id
), sale AS (
    SELECT order_id, min(month) AS month, sum(points) FILTER (WHERE is_first) AS earned,
        sum(points - coalesce(taken, 0)) AS outstanding,
        sum(coalesce(redeemed, 0) - CASE WHEN is_return THEN points ELSE 0 END) AS redeemed
    FROM born LEFT JOIN moved ON moved.lot_id = born.id
    WHERE is_sale AND order_id IS NOT NULL GROUP BY order_id
), standing AS (
    SELECT order_id, sum(points) AS points FROM ledger_entry
    WHERE shop_id = :shop_id AND kind IN ('earn_order', 'earn_reversal')
        AND order_id IS NOT NULL AND posted_at < :before
    GROUP BY order_id
), line AS (
    SELECT line.order_id, line.rule_id, line.line_id, sum(line.basis_minor) AS minor
    FROM award_line line
    JOIN award ON award.shop_id = line.shop_id AND award.order_id = line.order_id
        AND award.rule_id = line.rule_id AND award.number = line.number
    WHERE line.shop_id = :shop_id AND award.awarded_at < :before
    GROUP BY line.order_id, line.rule_id, line.line_id
), price AS (
    SELECT order_id, sum(minor) AS minor
    FROM (SELECT order_id, line_id, max(minor) AS minor FROM line GROUP BY order_id, line_id) line
    GROUP BY order_id
), known AS (
    SELECT * FROM unnest(CAST(:months AS date[]), CAST(:point_minor AS numeric[]))
        AS known (month, point_minor)
)
SELECT sale.month,
    sum(price.minor * (earned * point_minor) / nullif(price.minor + earned * point_minor, 0)
        * greatest(standing.points, 0) / earned) AS allocated_minor,
    sum(redeemed)::bigint AS redeemed, sum(outstanding)::bigint AS outstanding
FROM sale JOIN known USING (month)
    LEFT JOIN price USING (order_id) LEFT JOIN standing USING (order_id)
GROUP BY sale.month ORDER BY sale.month
""")


def list_deferred(
    session: Session, shop: Shop, point_minor: Mapping[date, Decimal], *, before: datetime
) -> Sequence[Deferred]:
    """Each month's sales, as posted before that moment.

    `point_minor`: by month what a point sold then is worth on its own, in minor units, less the
    share that was thought never to be redeemed.
    """
    named = {
        "shop_id": shop.shop_id,
        "zone": shop.timezone,
        "before": before,
        "months": list(point_minor),
        "point_minor": list(point_minor.values()),
    }
    return [
        Deferred(row.month, row.allocated_minor or Decimal(0), row.redeemed, row.outstanding)
        for row in session.execute(_DEFERRED, named)
    ]
