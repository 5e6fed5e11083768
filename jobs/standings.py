"""Looks at the tiers and badges of every shop once its day has begun, a batch a transaction.

After each such round the rows of the members list are held against the facts.
"""

from datetime import datetime

import structlog

from jobs import listing, overview
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.shops.directory import get_shop
from loyalty.tiers import nightly
from loyalty.tiers.nightly import Looked, Round

log = structlog.get_logger()

BATCH = 2_000


def run_all() -> None:
    """Look at every shop that is due; a shop that fails keeps none from theirs."""
    with db.shopless_transaction() as session:
        shops = overview.list_shops(session)
    for shop in shops:
        if shop.status == "uninstalled":
            continue
        try:
            run_shop(shop.shop_id, now=utc_now())
        except Exception:
            log.exception("standings_failed", shop=shop.shop_id)


def run_shop(shop_id: int, *, now: datetime) -> Looked | None:
    """Look at all members of the shop if that is due; what it came to. Memory is one batch's."""
    with db.shop_transaction(shop_id) as session:
        round_ = nightly.begin_round(session, shop_id, now=now)
    if round_ is None:
        return None
    looked = _look(shop_id, round_, now)
    with db.shop_transaction(shop_id) as session:
        is_done = nightly.end_round(session, shop_id, round_)
    log.info(
        "standings_seen",
        shop=shop_id,
        members=looked.members,
        moved=looked.moved,
        badges=looked.badges,
        done=is_done,
    )
    listing.mend_shop(shop_id, now=now)
    return looked


def _look(shop_id: int, round_: Round, now: datetime) -> Looked:
    members = moved = badges = 0
    last_id = None
    while True:
        with db.shop_transaction(shop_id) as session:
            shop = get_shop(session, shop_id)
            batch = nightly.look_at_batch(session, shop, round_, last_id, now=now, limit=BATCH)
        members, moved = members + batch.members, moved + batch.moved
        badges += batch.badges
        if batch.last_id is None:
            return Looked(members, moved, badges, None)
        last_id = batch.last_id
