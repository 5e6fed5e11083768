"""What a worker does when a bell rings. Arguments are a bell and a shop, never a payload."""

from collections.abc import Callable
from functools import partial

import structlog

from jobs import (
    campaigns,
    group_grants,
    insights,
    queues,
    redemptions,
    relay,
    release,
    segments,
    standings,
)
from jobs.deliveries import deliver
from jobs.subscribers import SUBSCRIBERS
from loyalty.base.clock import utc_now
from shopify_app.platform import backfill, inbox

log = structlog.get_logger()


def _look_at_shop(shop_id: int) -> None:
    """Fill the segments that wait; before them, as they ask for tiers, a look that is due.

    The shop's history asks for both when it has been read: nobody waits for the clock to see it.
    """
    standings.run_shop(shop_id, now=utc_now())
    segments.fill_waiting(shop_id)


ANSWERS: dict[str, Callable[[int], object]] = {
    "inbox": inbox.drain,
    "relay": relay.relay,
    "release": release.release,
    "backfill": backfill.step,
    "redemptions": redemptions.bring_on_due,
    "campaigns": campaigns.advance,
    "segment_refresh": _look_at_shop,
    "group_grants": group_grants.run_shop,
    "insights": insights.answer,
    **{subscriber.name: partial(deliver, subscriber) for subscriber in SUBSCRIBERS},
}


def answer(bell: str, shop_id: int) -> None:
    """Do what `bell` announces for the shop. After an error the sweep rings again."""
    queues.lower(bell, shop_id)
    with structlog.contextvars.bound_contextvars(bell=bell, shop=shop_id):
        try:
            ANSWERS[bell](shop_id)
        except Exception:
            log.exception("bell_answer_failed")
            raise
