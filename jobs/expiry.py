"""Expiry, shop by shop: once on each of a shop's own days, and whenever its rule has changed.

The invariant: a batch is a transaction, so a crash leaves whole members behind, and the next run
goes on.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from jobs import overview
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.expiry import dating, running, warnings
from loyalty.shops.directory import get_shop
from loyalty.shops.tables import Shop

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Ran:
    """How many members' lots were dated, how many lots expired, how many warnings were given."""

    dated: int = 0
    expired: int = 0
    warned: int = 0


def run_all() -> None:
    """Do what is due in every shop; a shop that fails keeps none from theirs."""
    with db.shopless_transaction() as session:
        shops = overview.list_shops(session)
    for shop in shops:
        if shop.status == "uninstalled":
            continue
        try:
            run_shop(shop.shop_id, now=utc_now())
        except Exception:
            log.exception("expiry_failed", shop=shop.shop_id)


def run_shop(shop_id: int, *, now: datetime, is_asked: bool = False) -> Ran:
    """Bring a new rule to old lots; once a day expire and warn, or now when `is_asked`."""
    dated = _all(shop_id, lambda session, shop: dating.carry_on(session, shop, now=now))
    with db.shop_transaction(shop_id) as session:
        is_due = running.is_due(session, get_shop(session, shop_id), now=now)
    if not is_due and not is_asked:
        return Ran(dated=dated)
    dated += _all(shop_id, lambda session, shop: dating.date_strays(session, shop, now=now))
    expired = _all(shop_id, lambda session, shop: running.expire_dated(session, shop, now=now))
    expired += _expire_idle(shop_id, now)
    warned = sum(_warn(shop_id, days, now) for days in warnings.DAYS_BEFORE)
    with db.shop_transaction(shop_id) as session:
        running.note_done(session, get_shop(session, shop_id), now=now)
    log.info("expiry_done", shop=shop_id, dated=dated, expired=expired, warned=warned)
    return Ran(dated, expired, warned)


def _expire_idle(shop_id: int, now: datetime) -> int:
    after: UUID | None = None
    total = 0
    while True:
        with db.shop_transaction(shop_id) as session:
            shop = get_shop(session, shop_id)
            after, expired = running.expire_idle(session, shop, after=after, now=now)
        total += expired
        if after is None:
            return total


def _warn(shop_id: int, days: int, now: datetime) -> int:
    total, after = 0, None
    while True:
        with db.shop_transaction(shop_id) as session:
            shop = get_shop(session, shop_id)
            warned = warnings.warn_next(session, shop, days=days, now=now, after=after)
        if not warned:
            return total
        total, after = total + len(warned), warned[-1]


def _all(shop_id: int, batch: Callable[[Session, Shop], int]) -> int:
    """Batch after batch, each committed, until one finds nothing."""
    total = 0
    while True:
        with db.shop_transaction(shop_id) as session:
            done = batch(session, get_shop(session, shop_id))
        if done == 0:
            return total
        total += done
