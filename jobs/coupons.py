"""Coupons and Shopify: what it still lacks though nothing works on it, and what it has no more."""

from collections.abc import Callable

import structlog

from jobs import overview
from loyalty.base import db
from loyalty.base.clock import day_in, utc_now
from loyalty.coupons.living import list_living
from loyalty.shops.directory import get_shop
from shopify_app.platform import backfill_runs, coupon_codes

log = structlog.get_logger()


def run_all() -> None:
    """Have made what waits for Shopify, in every installed shop."""
    _each(lambda shop_id: coupon_codes.ask_waiting(shop_id, now=utc_now()))


def ask_for_looks() -> None:
    """Have the discounts of coupons looked at, in every installed shop that hands some out."""
    _each(_ask_for_look)


def _ask_for_look(shop_id: int) -> None:
    now = utc_now()
    with db.shop_transaction(shop_id) as session:
        shop = get_shop(session, shop_id)
        if list_living(session, shop_id, day_in(shop.timezone, now)):
            backfill_runs.ask_for_coupon_states(session, shop_id, now=now)


def _each(do: Callable[[int], object]) -> None:
    """A shop that fails keeps none from theirs."""
    with db.shopless_transaction() as session:
        shops = overview.list_shops(session)
    for shop in shops:
        if shop.status != "installed":
            continue
        try:
            do(shop.shop_id)
        except Exception:
            log.exception("coupons_failed", shop=shop.shop_id)
