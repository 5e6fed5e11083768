"""What a worker does when a bell rings. Arguments are a bell and a shop, never a payload."""

from collections.abc import Callable
from functools import partial

import structlog

from jobs import campaigns, group_grants, insights, queues, redemptions, relay, release, segments
from jobs.deliveries import deliver
from jobs.subscribers import SUBSCRIBERS
from shopify_app.platform import backfill, inbox

log = structlog.get_logger()

ANSWERS: dict[str, Callable[[int], object]] = {
    "inbox": inbox.drain,
    "relay": relay.relay,
    "release": release.release,
    "backfill": backfill.step,
    "redemptions": redemptions.bring_on_due,
    "campaigns": campaigns.advance,
    "segment_refresh": segments.fill_waiting,
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
