"""What became of coupons in Shopify: discounts that were deleted or ended there, and single codes.

The invariant: nobody is given, sent or shown a code as good that Shopify no longer takes.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog

from loyalty.base.clock import day_in, utc_now
from loyalty.base.db import shop_transaction
from loyalty.coupons import living
from loyalty.coupons.saving import lock_coupon, refuse_coupon
from loyalty.coupons.tables import Coupon
from loyalty.reconciliation import recording
from loyalty.shops.directory import get_shop
from shopify_app.platform import client
from shopify_app.platform.backfill.paging import end_cursor
from shopify_app.platform.payloads.reading import object_at, objects_at

log = structlog.get_logger()

AT_ONCE_MAX = 50
"""Each costs its node, its discount and its count: together a fraction of what a bucket holds."""
DELETED = "Its discount was deleted in Shopify"
ENDED = "Its discount was ended in Shopify"


def follow(shop_id: int) -> int:
    """Look at every coupon that is not over; how many coupons and codes are over now. Commits.

    Raises ShopifyError, to be tried again.
    """
    now = utc_now()
    with shop_transaction(shop_id) as session:
        shop = get_shop(session, shop_id)
        coupons = living.list_living(session, shop_id, day_in(shop.timezone, now))
    found = 0
    for start in range(0, len(coupons), AT_ONCE_MAX):
        batch = coupons[start : start + AT_ONCE_MAX]
        gids = [coupon.discount_gid for coupon in batch]
        nodes = client.execute(shop_id, "coupon_states", {"ids": gids})["nodes"]
        for coupon, node in zip(batch, nodes, strict=True):
            found += _look_at(shop_id, coupon, node or {}, now)
    return found


def why_over(shop_id: int, gid: str) -> str | None:
    """Why the discount's codes work no more; None while it lives. Raises ShopifyError."""
    (node,) = client.execute(shop_id, "coupon_states", {"ids": [gid]})["nodes"]
    return _why_over(node or {})


def end(shop_id: int, coupon_id: UUID, gid: str | None, reason: str, *, now: datetime) -> int:
    """The coupon's discount `gid` is over, for `reason`: so is the coupon; 1, or 0 if it was.

    Commits.
    """
    with shop_transaction(shop_id) as session:
        coupon = lock_coupon(session, shop_id, coupon_id)
        if coupon.error is not None or coupon.discount_gid != gid:
            return 0  # Somebody saw it before us.
        refuse_coupon(session, shop_id, coupon.id, reason)
        kind = recording.CODE_DELETED
        recording.note(session, shop_id, kind, coupon.id, now=now, is_mended=True)
    log.info("coupon_over_in_shopify", shop=shop_id, coupon=str(coupon.id))
    return 1


def _look_at(shop_id: int, coupon: Coupon, node: dict[str, Any], now: datetime) -> int:
    if reason := _why_over(node):
        return end(shop_id, coupon.id, coupon.discount_gid, reason, now=now)
    discount = node.get("codeDiscount") or {}
    counted = discount.get("codesCount") or {}
    with shop_transaction(shop_id) as session:
        expected = living.count_made(session, shop_id, coupon.id)
    # Of very many codes Shopify says only that there are at least so many.
    if counted.get("precision") != "EXACT" or int(counted["count"]) >= expected:
        return 0
    return _end_codes(shop_id, coupon, _read_codes(shop_id, coupon), now)


def _why_over(node: dict[str, Any]) -> str | None:
    if not node.get("id"):
        return DELETED
    is_ended = (node.get("codeDiscount") or {}).get("status") == "EXPIRED"
    return ENDED if is_ended else None


def _end_codes(shop_id: int, coupon: Coupon, present: Sequence[str], now: datetime) -> int:
    with shop_transaction(shop_id) as session:
        gone = living.end_missing(session, shop_id, coupon.id, present, made_before=now)
        for code_id in gone:
            kind = recording.CODE_DELETED
            recording.note(session, shop_id, kind, code_id, now=now, is_mended=True)
    return len(gone)


def _read_codes(shop_id: int, coupon: Coupon) -> list[str]:
    codes: list[str] = []
    after: str | None = None
    while True:
        variables = {"id": coupon.discount_gid, "after": after}
        data = client.execute(shop_id, "coupon_codes_page", variables)
        page = object_at(object_at(object_at(data, "node"), "codeDiscount"), "codes")
        codes += [str(node["code"]).upper() for node in objects_at(page, "nodes")]
        after = end_cursor(page)
        if after is None:
            return codes
