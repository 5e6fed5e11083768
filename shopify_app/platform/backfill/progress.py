"""How far the shop's history has come, for its page in the admin. Read only."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from shopify_app.platform.backfill_runs import SUBJECTS
from shopify_app.platform.tables import BackfillRun, Installation

HISTORY_DAYS = 60
"""How far back Shopify shows orders without read_all_orders."""


@dataclass(frozen=True, slots=True)
class SubjectProgress:
    """`objects_total` is None until Shopify has counted; `error` also tells of rows left out."""

    subject: str
    state: str
    objects_read: int
    objects_total: int | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Progress:
    """`state`: none, running, done or failed. `history_days`: None when all orders may be read."""

    state: str
    subjects: tuple[SubjectProgress, ...]
    history_days: int | None


def progress(session: Session, shop_id: int) -> Progress:
    """The newest generation's progress, its subjects in the order in which they are read."""
    rows = session.scalars(
        select(BackfillRun)
        .where(BackfillRun.shop_id == shop_id, BackfillRun.generation > 0)
        .order_by(BackfillRun.generation.desc())
        .limit(len(SUBJECTS))
    ).all()
    subjects = tuple(
        SubjectProgress(r.subject, r.state, r.objects_read, r.objects_total, r.error)
        for r in sorted(rows, key=lambda row: SUBJECTS.index(row.subject))
    )
    return Progress(_state({s.state for s in subjects}), subjects, _history_days(session, shop_id))


def _state(states: set[str]) -> str:
    if not states:
        return "none"
    if states & {"waiting", "asked", "reading"}:
        return "running"
    return "failed" if "failed" in states else "done"


def _history_days(session: Session, shop_id: int) -> int | None:
    installation = session.get(Installation, shop_id)
    scopes = installation.scopes.split(",") if installation else []
    return None if "read_all_orders" in scopes else HISTORY_DAYS
