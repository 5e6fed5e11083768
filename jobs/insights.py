"""Runs insight for a shop: on demand, and every night once the shop's day has begun.

The invariant: one process at a time runs a shop; one that dies or fails leaves the scores of the
run before, and the next turn begins anew.
"""

from datetime import datetime
from functools import partial
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from jobs import listing, overview, segments
from loyalty.audit import SYSTEM, Actor
from loyalty.base import db, faults
from loyalty.base.clock import utc_now
from loyalty.criteria.facts import Source
from loyalty.insights import running
from loyalty.insights.model import ShopModel
from loyalty.shops.directory import get_shop

log = structlog.get_logger()


def run_all() -> None:
    """Run every shop that is due; a shop that fails keeps none from theirs."""
    with db.shopless_transaction() as session:
        shops = overview.list_shops(session)
    for shop in shops:
        if shop.status == "uninstalled":
            continue
        try:
            _run_due(shop.shop_id, utc_now())
        except Exception:
            log.exception("insights_failed", shop=shop.shop_id)


def answer(shop_id: int) -> None:
    """Run the shop because somebody asked."""
    run_shop(shop_id, now=utc_now())


def run_shop(shop_id: int, *, now: datetime, actor: Actor = SYSTEM) -> ShopModel | None:
    """Score all members of the shop; None if another process does just that.

    Segments that ask for scores are looked at again, and so is the members list.
    """
    with db.shop_transaction(shop_id) as session:
        if not running.hold(session, shop_id):
            return None
        with db.shop_transaction(shop_id) as beside:
            run_id = running.begin(beside, shop_id, actor=actor, now=now)
        try:
            model = _run(session, shop_id, run_id, now)
        except Exception:
            # What it wrote is locked as long as its transaction is not over.
            session.rollback()
            with db.shop_transaction(shop_id) as beside:
                running.fail(beside, shop_id, run_id, now=utc_now())
            raise
        faults.point("insight_before_commit", shop=shop_id)
    log.info(
        "insights_done",
        shop=shop_id,
        buyers=model.buyers,
        repeat_buyers=model.repeat_buyers,
        not_yet=[why.value for why in model.not_yet],
    )
    segments.look_again(shop_id, Source.INSIGHT, now=now)
    listing.take_churn(shop_id)
    return model


def _run_due(shop_id: int, now: datetime) -> None:
    with db.shop_transaction(shop_id) as session:
        is_due = running.is_due(session, get_shop(session, shop_id), now=now)
    if is_due:
        run_shop(shop_id, now=now)


def _run(session: Session, shop_id: int, run_id: UUID, now: datetime) -> ShopModel:
    tell = partial(_tell, shop_id, run_id)
    return running.run(session, get_shop(session, shop_id), run_id, now=now, tell=tell)


def _tell(shop_id: int, run_id: UUID, stage: str, done: int, total: int) -> None:
    """In a transaction of its own: pages see it while the run goes on."""
    with db.shop_transaction(shop_id) as beside:
        running.note_progress(beside, shop_id, run_id, stage, done, total)
