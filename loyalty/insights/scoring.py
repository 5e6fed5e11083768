"""Writes a run's scores: what differs from the run before, in the one transaction of the run.

The invariant: whoever looks sees the scores of the run before, or all of this one. Row-level
security refuses COPY into the table itself, so they come out of a table of the transaction's own.
"""

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    Insert,
    Select,
    Subquery,
    Table,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import Session

from loyalty import timeline
from loyalty.insights.score_rows import FRESH, Scored, copy_rows, select_scores
from loyalty.insights.tables import MemberInsight
from loyalty.members.tables import TimelineEvent
from loyalty.merging.tables import MemberMerge

_RISKS = ("low", "medium", "high")
_ROOM = {"work_mem": "'128MB'", "jit": "off", "enable_nestloop": "off"}
_OPTIONS: dict[str, Any] = {"synchronize_session": False}
_LATE = timedelta(minutes=1)
"""A merge may have begun a moment before it is seen."""


def write_scores(
    session: Session,
    shop_id: int,
    scored: Scored,
    *,
    is_calibrated: bool,
    as_of: date,
    since: datetime,
) -> None:
    """Let these be the scores of the shop's members, and there be no others.

    A churn band that changed is told in the member's timeline at `since`, when the run began; that
    scores began to be calibrated, or ceased, is no change of theirs. Who was merged after it stays
    without a score until the next run. The caller commits.
    """
    copy_rows(session, scored, as_of)
    for name, value in _ROOM.items():
        session.execute(text(f"SET LOCAL {name} = {value}"))
    _forget_merged(session, shop_id, since - _LATE)
    news = select_scores(is_calibrated=is_calibrated).subquery("news")
    session.execute(_telling(shop_id, news, since), execution_options=_OPTIONS)
    _change(session, shop_id, news)
    session.execute(_adding(shop_id, news), execution_options=_OPTIONS)
    is_scored = exists().where(FRESH.c.member_id == MemberInsight.member_id)
    gone = delete(MemberInsight).where(MemberInsight.shop_id == shop_id, ~is_scored)
    session.execute(gone, execution_options=_OPTIONS)
    for name in _ROOM:
        session.execute(text(f"SET LOCAL {name} TO DEFAULT"))


def _forget_merged(session: Session, shop_id: int, since: datetime) -> None:
    """Their orders are somebody else's by now."""
    for column in (MemberMerge.survivor_id, MemberMerge.merged_id):
        theirs = select(column).where(
            MemberMerge.shop_id == shop_id,
            or_(MemberMerge.merged_at >= since, MemberMerge.undone_at >= since),
        )
        session.execute(delete(FRESH).where(FRESH.c.member_id.in_(theirs)))


def _telling(shop_id: int, news: Subquery, at: datetime) -> Insert:
    old = MemberInsight
    moved = select(
        literal(shop_id),
        func.gen_random_uuid(),
        news.c.member_id,
        literal(timeline.CHURN_CHANGED),
        literal(at),
        func.jsonb_build_object("from_churn", old.band, "to_churn", news.c.band),
    ).where(
        old.shop_id == shop_id,
        old.member_id == news.c.member_id,
        old.is_calibrated == news.c.is_calibrated,
        old.band != news.c.band,
        old.band.in_(_RISKS),
        news.c.band.in_(_RISKS),
    )
    names = ("shop_id", "id", "member_id", "kind", "occurred_at", "details")
    return insert(TimelineEvent).from_select(names, moved)


def _change(session: Session, shop_id: int, news: Subquery) -> None:
    values = {c.name: news.c[c.name] for c in _table().c if c.name not in ("shop_id", "member_id")}
    session.execute(
        update(MemberInsight)
        .where(
            MemberInsight.shop_id == shop_id,
            MemberInsight.member_id == news.c.member_id,
            or_(*(_table().c[name].is_distinct_from(new) for name, new in values.items())),
        )
        .values(values),
        execution_options=_OPTIONS,
    )


def _adding(shop_id: int, news: Subquery) -> Insert:
    is_there = exists().where(
        MemberInsight.shop_id == shop_id, MemberInsight.member_id == news.c.member_id
    )
    names = [c.name for c in _table().c if c.name != "shop_id"]
    fresh: Select[Any] = select(literal(shop_id), *(news.c[name] for name in names)).where(
        ~is_there
    )
    # By id: neighbours of the index are written together.
    ordered = fresh.order_by(news.c.member_id)
    return insert(MemberInsight).from_select(["shop_id", *names], ordered)


def _table() -> Table:
    found = MemberInsight.__table__
    assert isinstance(found, Table)
    return found
