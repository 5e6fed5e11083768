"""Birthdays of the day, and what was done during a pause that is over: a batch a transaction."""

from collections.abc import Callable
from datetime import datetime

import structlog
from sqlalchemy.orm import Session

from jobs import overview
from loyalty.actions.awarding import settle_held
from loyalty.actions.birthdays import celebrate_due
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.shops.directory import get_shop
from loyalty.shops.tables import Shop

log = structlog.get_logger()

BATCH = 200


def run_all() -> None:
    """Do what is due in every installed shop; a shop that fails keeps none from theirs."""
    with db.shopless_transaction() as session:
        shops = overview.list_shops(session)
    for shop in shops:
        if shop.status == "uninstalled":
            continue
        try:
            run_shop(shop.shop_id, now=utc_now())
        except Exception:
            log.exception("actions_failed", shop=shop.shop_id)


def run_shop(shop_id: int, *, now: datetime) -> int:
    """Do what is due in the shop; returns how many actions it was."""

    def celebrate(session: Session, shop: Shop) -> int:
        return celebrate_due(session, shop, now=now, limit=BATCH)

    def settle(session: Session, shop: Shop) -> int:
        return settle_held(session, shop, now=now)

    return _all(shop_id, celebrate) + _all(shop_id, settle)


def _all(shop_id: int, batch: Callable[[Session, Shop], int]) -> int:
    """Batch after batch, each committed, until one finds nothing."""
    total = 0
    while True:
        with db.shop_transaction(shop_id) as session:
            done = batch(session, get_shop(session, shop_id))
        if done == 0:
            return total
        total += done
