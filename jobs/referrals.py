"""Referrals that a friend's order may have decided, and those whose hold is over."""

from datetime import datetime
from uuid import UUID

import structlog

from jobs import overview
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.referrals.settling import list_due, put_off, settle, settle_of_friend
from loyalty.shops.directory import get_shop

log = structlog.get_logger()

BATCH = 100
BATCHES_MAX = 20
"""In one turn of a shop: the others must not wait for it too long."""


def settle_friend(shop_id: int, member_id: UUID) -> None:
    """Settle whatever referral brought this member; safe to call twice."""
    with db.shop_transaction(shop_id) as session:
        settle_of_friend(session, get_shop(session, shop_id), member_id, now=utc_now())


def run_all() -> None:
    """Settle what is due in every installed shop; a shop that fails keeps none from theirs."""
    with db.shopless_transaction() as session:
        shops = overview.list_shops(session)
    for shop in shops:
        if shop.status == "uninstalled":
            continue
        try:
            run_shop(shop.shop_id, now=utc_now())
        except Exception:
            log.exception("referrals_failed", shop=shop.shop_id)


def run_shop(shop_id: int, *, now: datetime) -> int:
    """Settle the shop's due referrals, each in a transaction of its own; how many there were.

    What one of them fails at is logged, and it is put off, so that it keeps none behind it from
    theirs. Past so many in a turn the rest is the next one's.
    """
    count = 0
    for _ in range(BATCHES_MAX):
        with db.shop_transaction(shop_id) as session:
            due = list_due(session, shop_id, now=now, limit=BATCH)
        for referral_id in due:
            _settle_or_put_off(shop_id, referral_id, now)
        count += len(due)
        if len(due) < BATCH:
            break
    return count


def _settle_or_put_off(shop_id: int, referral_id: UUID, now: datetime) -> None:
    try:
        with db.shop_transaction(shop_id) as session:
            settle(session, get_shop(session, shop_id), referral_id, now=now)
    except Exception:
        log.exception("referral_failed", shop=shop_id, referral=str(referral_id))
        with db.shop_transaction(shop_id) as session:
            put_off(session, shop_id, referral_id, now=now)
