"""A run of insight: asked for or due, held by one process at a time, done as a whole or not at all.

The invariant: scores, model and the run's end are written in one transaction, whose lock says
that a run is under way; a run that is marked so without it has died.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from loyalty import audit
from loyalty.audit import SYSTEM, Actor
from loyalty.base.clock import day_in, utc_now
from loyalty.base.db import ring_after_commit
from loyalty.base.ids import new_id
from loyalty.insights import model as models
from loyalty.insights.gathering import Gathering
from loyalty.insights.histories import BATCH, count_members, read_batches
from loyalty.insights.model import Scores, ShopModel
from loyalty.insights.scoring import write_scores
from loyalty.insights.tables import InsightRun
from loyalty.insights.views import find_last, find_latest, find_open
from loyalty.shops.tables import Shop

KEPT = timedelta(days=90)
"""How long a run's model stays after its end."""

Tell = Callable[[str, int, int], None]
"""(stage, members done, members in all)."""


def ask_for_run(session: Session, shop_id: int, *, actor: Actor, now: datetime) -> InsightRun:
    """A run that begins after the commit; the one that is open if there is one already.

    Flushes; the caller commits.
    """
    row = {"shop_id": shop_id, "id": new_id(), "state": "asked"}
    fresh = insert(InsightRun).values(row | {"asked_by": str(actor), "asked_at": now})
    added = session.scalar(fresh.on_conflict_do_nothing().returning(InsightRun.id))
    if added is not None:
        if actor != SYSTEM:
            subject = ("insight_run", str(added))
            audit.record(session, shop_id, actor, "insight_asked", subject, now=now)
        ring_after_commit(session, "insights", shop_id)
    found = find_open(session, shop_id)
    assert found is not None, "ended between two statements"
    return found


def is_due(session: Session, shop: Shop, *, now: datetime) -> bool:
    """Whether the shop's day has begun since its last run, or one failed, or may have died."""
    latest = find_latest(session, shop.shop_id)
    is_old = latest is None or latest.as_of is None or latest.as_of < day_in(shop.timezone, now)
    last = find_last(session, shop.shop_id)
    return is_old or last is None or last.state != "done"


def hold(session: Session, shop_id: int) -> bool:
    """Whether this transaction alone may run the shop, until it ends."""
    name = func.hashtextextended(f"insights {shop_id}", 0)
    return bool(session.scalar(select(func.pg_try_advisory_xact_lock(name))))


def begin(session: Session, shop_id: int, *, actor: Actor, now: datetime) -> UUID:
    """Mark the open run as under way, or a new one; whoever calls this holds the shop.

    One that was under way before has died, and is taken up anew. Flushes; the caller commits.
    """
    found = find_open(session, shop_id)
    if found is None:
        found = InsightRun(shop_id=shop_id, id=new_id(), asked_by=str(actor), asked_at=now)
        session.add(found)
    found.state, found.stage, found.started_at = "running", "reading", now
    found.members_done = found.members_total = 0
    session.flush()
    return found.id


def note_progress(
    session: Session, shop_id: int, run_id: UUID, stage: str, done: int, total: int
) -> None:
    """How far the run is. The caller commits."""
    _set(session, shop_id, run_id, stage=stage, members_done=done, members_total=total)


def fail(session: Session, shop_id: int, run_id: UUID, *, now: datetime) -> None:
    """The run ended without scores. The caller commits."""
    _set(session, shop_id, run_id, state="failed", ended_at=now)


def run(session: Session, shop: Shop, run_id: UUID, *, now: datetime, tell: Tell) -> ShopModel:
    """Read, fit and score the whole shop as of its day of `now`, and end the run.

    `tell` must not write in this transaction. The caller commits, and holds the shop.
    """
    total = count_members(session, shop.shop_id)
    gathering = _gather(session, shop, total, now, tell)
    tell("fitting", gathering.members, total)
    as_of = day_in(shop.timezone, now)
    model = models.fit(gathering.sample, gathering.everyone)
    write_scores(
        session,
        shop.shop_id,
        _scored(model, gathering, lambda done: tell("writing", done, total)),
        is_calibrated=model.returns is not None,
        as_of=as_of,
        since=now,
    )
    excluded = {why.value: count for why, count in gathering.excluded.items()}
    _end(session, shop.shop_id, run_id, model, excluded, total)
    return model


def _gather(session: Session, shop: Shop, total: int, now: datetime, tell: Tell) -> Gathering:
    gathering = Gathering(day_in(shop.timezone, now))
    for batch in read_batches(session, shop, members=total, now=now):
        gathering.add(batch)
        tell("reading", gathering.members, total)
    return gathering


def _scored(
    model: ShopModel, gathering: Gathering, tell: Callable[[int], None]
) -> Iterator[tuple[NDArray[np.bytes_], Scores]]:
    ids, everyone, engagement = gathering.ids, gathering.everyone, gathering.engagement
    for start in range(0, len(ids), BATCH):
        end = min(start + BATCH, len(ids))
        yield ids[start:end], models.score(model, everyone.part(start, end), engagement[start:end])
        tell(end)


def _end(
    session: Session,
    shop_id: int,
    run_id: UUID,
    model: ShopModel,
    excluded: dict[str, int],
    members: int,
) -> None:
    """With the scores, in one transaction; models of long ago are forgotten."""
    now = utc_now()
    _set(
        session,
        shop_id,
        run_id,
        state="done",
        ended_at=now,
        as_of=model.as_of,
        model=model.as_stored(),
        excluded=excluded,
        members_done=members,
        members_total=members,
    )
    session.execute(
        delete(InsightRun).where(
            InsightRun.shop_id == shop_id,
            InsightRun.id != run_id,
            InsightRun.ended_at < now - KEPT,
        ),
        execution_options={"synchronize_session": False},
    )


def _set(session: Session, shop_id: int, run_id: UUID, **values: object) -> None:
    session.execute(
        update(InsightRun)
        .where(InsightRun.shop_id == shop_id, InsightRun.id == run_id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
