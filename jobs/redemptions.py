"""The sweep of redemptions: what waits for Shopify is brought on, and unused codes end in time.

The invariant: a few side by side and each under its own claim, so that one which Shopify is slow to
answer for holds up no other, and a crash is taken over by the next sweep.
"""

import time
from concurrent.futures import ThreadPoolExecutor
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
SIDE_BY_SIDE = 3
"""So many of a shop are with Shopify at a time; each takes a thread."""
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
    ends_at = time.monotonic() + for_s
    with ThreadPoolExecutor(SIDE_BY_SIDE, "redemptions") as pool:
        lanes = [pool.submit(_bring_on_some, shop_id, ends_at) for _ in range(SIDE_BY_SIDE)]
    answers = [lane.result() for lane in lanes]
    if any(is_more for _, is_more in answers):
        bell.ring("redemptions", shop_id)
    if over == AT_ONCE_MAX:
        bell.ring("redemptions", shop_id)
    return sum(done for done, _ in answers)


def _bring_on_some(shop_id: int, ends_at: float) -> tuple[int, bool]:
    """Bring on one after another; how many, and whether some may be left when the turn is over."""
    done = 0
    while done < AT_ONCE_MAX // SIDE_BY_SIDE and time.monotonic() < ends_at:
        if not _bring_on_next(shop_id):
            return done, False
        done += 1
    return done, True


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
