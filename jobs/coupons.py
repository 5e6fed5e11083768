"""Coupons whose discount or codes Shopify still lacks, though nothing works on them any more."""

import structlog

from jobs import overview
from loyalty.base import db
from loyalty.base.clock import utc_now
from shopify_app.platform import coupon_codes

log = structlog.get_logger()


def run_all() -> None:
    """Have them made in every installed shop; a shop that fails keeps none from theirs."""
    with db.shopless_transaction() as session:
        shops = overview.list_shops(session)
    for shop in shops:
        if shop.status != "installed":
            continue
        try:
            coupon_codes.ask_waiting(shop.shop_id, now=utc_now())
        except Exception:
            log.exception("coupons_failed", shop=shop.shop_id)
