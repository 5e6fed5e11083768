"""Orders of no customer whose email somebody has proved: what nothing gave them, every night.

A proof and an order that come at one moment do not see each other, and customers who come with the
history are not asked one by one. A batch is a transaction, so a crash leaves whole orders behind.
"""

import structlog

from jobs import overview
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.orders.claiming import claim_left
from loyalty.shops.directory import get_shop

log = structlog.get_logger()

BATCH = 200


def run_all() -> None:
    """Give what is left in every installed shop; one that fails keeps none from theirs."""
    with db.shopless_transaction() as session:
        shops = overview.list_shops(session)
    for shop in shops:
        if shop.status == "uninstalled":
            continue
        try:
            run_shop(shop.shop_id)
        except Exception:
            log.exception("strays_failed", shop=shop.shop_id)


def run_shop(shop_id: int) -> int:
    """Give the shop's orders of nobody to who has proved their email; how many there were."""
    total = 0
    while True:
        with db.shop_transaction(shop_id) as session:
            shop = get_shop(session, shop_id)
            claimed = claim_left(session, shop, now=utc_now(), limit=BATCH)
        total += len(claimed.order_ids)
        if len(claimed.order_ids) < BATCH:
            return total
