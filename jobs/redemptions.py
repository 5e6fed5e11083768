"""The sweep of redemptions: what waits for Shopify is brought on, and unused codes end in time.

The invariant: one at a time and each under its own claim, so that a slow Shopify holds up nobody
else's claim, and a crash is taken over by the next sweep.
"""

import time
from datetime import timedelta

import structlog

from loyalty.base import bell
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.redemption.due import begin_expired, list_due
from loyalty.shops.directory import get_shop
from shopify_app.platform import redeeming

log = structlog.get_logger()

AT_ONCE_MAX = 100
"""So many are brought on before other shops have their turn."""
TURN_S = 20.0
"""So long a shop whose Shopify is silent may keep the others waiting."""
KNOWN_BY = timedelta(minutes=10)
"""Shopify ends a code in time; we take it for unused once an order of its last minute is known."""


def bring_on_due(shop_id: int, *, for_s: float = TURN_S) -> int:
    """Bring on what is due in the shop; how many redemptions that were. Safe to run twice."""
    with shop_transaction(shop_id) as session:
        if get_shop(session, shop_id).status == "uninstalled":
            return 0
        over = begin_expired(session, shop_id, now=utc_now() - KNOWN_BY, limit=AT_ONCE_MAX)
    ends_at, done = time.monotonic() + for_s, 0
    while done < AT_ONCE_MAX and time.monotonic() < ends_at:
        if not _bring_on_next(shop_id):
            break
        done += 1
    else:
        bell.ring("redemptions", shop_id)
    if over == AT_ONCE_MAX:
        bell.ring("redemptions", shop_id)
    return done


def _bring_on_next(shop_id: int) -> bool:
    """Claim one that is due and bring it on; False when none is."""
    with shop_transaction(shop_id) as session:
        due = list_due(session, shop_id, now=utc_now(), limit=1)
    for redemption_id in due:
        try:
            redeeming.bring_on(shop_id, redemption_id)
        except Exception:
            # Its claim ends by itself; the others need not wait for it.
            log.exception("redemption_sweep_failed", shop=shop_id, redemption=str(redemption_id))
    return bool(due)
