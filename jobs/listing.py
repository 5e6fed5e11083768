"""Holds the rows of the members list against the facts, and mends those that differ.

The invariant: a row is mended under its lock, in batches, so that nobody waits for a whole shop.
"""

from datetime import datetime

import structlog

from loyalty.base import db
from loyalty.listing import churning, keeping
from loyalty.shops.directory import get_shop

log = structlog.get_logger()

BATCH = 1_000
CHURN_BATCH = 20_000
"""Whoever looks at one of so many members waits no longer than for all of them."""


def mend_shop(shop_id: int, *, now: datetime) -> int:
    """Bring all rows of the shop to what is true; how many were not. Safe to run twice."""
    with db.shop_transaction(shop_id) as session:
        shop = get_shop(session, shop_id)
        mended = keeping.add_missing(session, shop, now=now)
    with db.shop_transaction(shop_id) as session:
        differing = keeping.find_differing(session, shop, now=now)
    for at in range(0, len(differing), BATCH):
        with db.shop_transaction(shop_id) as session:
            batch = differing[at : at + BATCH]
            mended += keeping.refresh_members(session, shop, batch, now=now)
    if mended:
        log.info("listing_mended", shop=shop_id, rows=mended)
    return mended


def take_churn(shop_id: int) -> int:
    """Let the list say the bands of the last run of insight; how many rows did not. Safe twice."""
    with db.shop_transaction(shop_id) as session:
        bounds = churning.find_bounds(session, shop_id, at_once=CHURN_BATCH)
    taken, after = 0, None
    for upto in bounds:
        with db.shop_transaction(shop_id) as session:
            taken += churning.take_churn(session, shop_id, after, upto)
        after = upto
    if taken:
        log.info("listing_churn_taken", shop=shop_id, rows=taken)
    return taken
