"""Points and other deeds for many, a batch a transaction; a crash leaves whole batches behind.

The invariant: one worker at a time works on a decision, for it is locked; others pass it over.
"""

import time
from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from jobs.member_deeds import run_batch as run_deed_batch
from loyalty.base import bell, db, faults
from loyalty.base.clock import utc_now
from loyalty.group_grants.giving import give_batch, prepare_batch
from loyalty.group_grants.tables import OPEN, GroupGrant
from loyalty.group_grants.undoing import undo_batch
from loyalty.shops.directory import get_shop

log = structlog.get_logger()

TURN_S = 20.0
"""So long a shop works on before the others have their turn."""


def run_shop(shop_id: int, *, for_s: float = TURN_S) -> int:
    """Bring on what the shop has decided; how many batches that were. Safe to run twice."""
    ends_at, done = time.monotonic() + for_s, 0
    while _run_batch(shop_id, utc_now()) or run_deed_batch(shop_id, utc_now()):
        done += 1
        faults.point("group_grant_batch", shop=shop_id, batch=done)
        if time.monotonic() >= ends_at:
            bell.ring("group_grants", shop_id)
            break
    return done


def _run_batch(shop_id: int, now: datetime) -> bool:
    """The next batch of the oldest decision that nobody works on; False when there is none."""
    with db.shop_transaction(shop_id) as session:
        if get_shop(session, shop_id).status == "uninstalled":
            return False
        grant = _lock_next(session, shop_id)
        if grant is None:
            return False
        if grant.state == "preparing":
            prepare_batch(session, grant)
        elif grant.state == "giving":
            give_batch(session, grant, now=now)
        else:
            undo_batch(session, grant, now=now)
        faults.point("group_grant_before_commit", shop=shop_id, grant=str(grant.id))
        if grant.state not in OPEN:
            log.info("group_grant_ended", shop=shop_id, grant=str(grant.id), state=grant.state)
    return True


def _lock_next(session: Session, shop_id: int) -> GroupGrant | None:
    return session.scalar(
        select(GroupGrant)
        .where(GroupGrant.shop_id == shop_id, GroupGrant.state.in_(OPEN))
        .order_by(GroupGrant.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
