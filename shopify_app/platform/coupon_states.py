"""Coupons whose discount a merchant deleted or ended in Shopify: they are over here, too.

The invariant: nobody is given, sent or shown a code as good that Shopify no longer takes.
"""

from datetime import datetime

import structlog

from loyalty.base.clock import day_in, utc_now
from loyalty.base.db import shop_transaction
from loyalty.coupons.saving import list_living, lock_coupon, refuse_coupon
from loyalty.coupons.tables import Coupon
from loyalty.reconciliation import recording
from loyalty.shops.directory import get_shop
from shopify_app.platform import client

log = structlog.get_logger()

AT_ONCE_MAX = 100
DELETED = "Its discount was deleted in Shopify"
ENDED = "Its discount was ended in Shopify"


def follow(shop_id: int) -> int:
    """Look at the discount of every coupon that is not over; how many are over now. Commits.

    Raises ShopifyError, to be tried again.
    """
    now = utc_now()
    with shop_transaction(shop_id) as session:
        shop = get_shop(session, shop_id)
        living = list_living(session, shop_id, day_in(shop.timezone, now))
    ended = 0
    for start in range(0, len(living), AT_ONCE_MAX):
        batch = living[start : start + AT_ONCE_MAX]
        gids = [coupon.discount_gid for coupon in batch]
        nodes = client.execute(shop_id, "discount_states", {"ids": gids})["nodes"]
        for coupon, node in zip(batch, nodes, strict=True):
            if not (node or {}).get("id"):
                ended += _end(shop_id, coupon, DELETED, now)
            elif (node.get("codeDiscount") or {}).get("status") == "EXPIRED":
                ended += _end(shop_id, coupon, ENDED, now)
    return ended


def _end(shop_id: int, looked_at: Coupon, reason: str, now: datetime) -> bool:
    with shop_transaction(shop_id) as session:
        coupon = lock_coupon(session, shop_id, looked_at.id)
        if coupon.error is not None or coupon.discount_gid != looked_at.discount_gid:
            return False  # Somebody saw it before us.
        refuse_coupon(session, shop_id, coupon.id, reason)
        kind = recording.CODE_DELETED
        recording.note(session, shop_id, kind, coupon.id, now=now, is_mended=True)
    log.info("coupon_over_in_shopify", shop=shop_id, coupon=str(coupon.id))
    return True
