"""Orders that wait to earn, for the end of a pause or for a product: a batch a transaction."""

import structlog

from jobs import overview
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.earning.waiting import settle_waiting
from loyalty.shops.directory import get_shop
from shopify_app.platform import backfill_runs as runs

log = structlog.get_logger()

BATCH = 200


def run_all() -> None:
    """Settle what waits for nothing any more in every installed shop, and ask for the rest."""
    with db.shopless_transaction() as session:
        shops = overview.list_shops(session)
    for shop in shops:
        if shop.status == "uninstalled":
            continue
        try:
            run_shop(shop.shop_id)
        except Exception:
            log.exception("waiting_orders_failed", shop=shop.shop_id)


def run_shop(shop_id: int) -> int:
    """Settle the shop's orders that wait for nothing any more; how many there were.

    Products that others wait for are asked for, unless that is under way.
    """
    total = 0
    while True:
        now = utc_now()
        with db.shop_transaction(shop_id) as session:
            shop = get_shop(session, shop_id)
            done = settle_waiting(session, shop, now=now, limit=BATCH)
            if done == 0:
                runs.ask_for_lacking_products(session, shop_id, now=now)
                return total
        total += done
