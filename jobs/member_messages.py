"""Texts of shops that are over leave the cards, a batch a turn."""

from datetime import datetime

import structlog

from jobs import overview
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.member_messages.writing import take_off_due

log = structlog.get_logger()

AT_ONCE_MAX = 1_000
"""Of a turn: a card that changes because somebody bought waits no longer than for so many."""


def run_all() -> None:
    """Take off what is over in every installed shop; a shop that fails keeps none from theirs."""
    with db.shopless_transaction() as session:
        shops = overview.list_shops(session)
    for shop in shops:
        if shop.status == "uninstalled":
            continue
        try:
            run_shop(shop.shop_id, now=utc_now())
        except Exception:
            log.exception("member_messages_failed", shop=shop.shop_id)


def run_shop(shop_id: int, *, now: datetime) -> int:
    """Take off a batch of what is over in the shop; how many texts."""
    with db.shop_transaction(shop_id) as session:
        return take_off_due(session, shop_id, now=now, limit=AT_ONCE_MAX)
