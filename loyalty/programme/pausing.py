"""Pausing the programme: nothing earns or redeems, everything still arrives.

The invariant: whether an order earns hangs on when it was paid, never on when we heard of it.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty import audit
from loyalty.audit import Actor
from loyalty.base.errors import BadRule, NotPaused, ProgrammePaused
from loyalty.base.ids import new_id
from loyalty.programme.tables import Programme, ProgrammePause

RESUME_MODES = ("catch_up", "skip")

EARNS, WAITS, NEVER = "earns", "waits", "never"
"""What becomes of something that earns: now, when the programme resumes, or not at all."""


@dataclass(frozen=True, slots=True)
class Pauses:
    """The pause that is on, and those gone by that nothing earns for."""

    paused_at: datetime | None
    skipped: tuple[tuple[datetime, datetime], ...]

    def fate(self, happened_at: datetime) -> str:
        """EARNS, WAITS or NEVER for what happened at `happened_at`."""
        if self.paused_at is not None:
            return WAITS
        return NEVER if self.skips(happened_at) else EARNS

    def skips(self, happened_at: datetime) -> bool:
        """Whether it was in a pause gone by that nothing earns for."""
        return any(begun <= happened_at < ended for begun, ended in self.skipped)


def read_pauses(session: Session, programme: Programme) -> Pauses:
    """The shop's pauses, in one query."""
    pause = ProgrammePause
    rows = session.execute(
        select(pause.paused_at, pause.resumed_at)
        .where(pause.shop_id == programme.shop_id, pause.catches_up.is_(False))
        .order_by(pause.paused_at)
    )
    return Pauses(programme.paused_at, tuple((row.paused_at, row.resumed_at) for row in rows))


def pause(
    session: Session, shop_id: int, *, resume_mode: str, actor: Actor, now: datetime
) -> Programme:
    """Let nothing earn or redeem from now on.

    `resume_mode`: catch_up or skip what is paid meanwhile.
    Raises BadRule, ProgrammePaused. Flushes; the caller commits.
    """
    _check_mode(resume_mode)
    programme = session.get_one(Programme, shop_id, with_for_update=True)
    if programme.paused_at is not None:
        raise ProgrammePaused(f"since {programme.paused_at.isoformat()}")
    programme.paused_at, programme.resume_mode = now, resume_mode
    _audit(session, shop_id, "programme_paused", resume_mode, actor, now)
    session.flush()
    return programme


def resume(
    session: Session, shop_id: int, *, actor: Actor, now: datetime, resume_mode: str | None = None
) -> Programme:
    """Let the programme earn again; `resume_mode` overrules what was chosen at the pause.

    What waited is settled by `loyalty.earning.waiting`. Raises BadRule, NotPaused.
    """
    programme = session.get_one(Programme, shop_id, with_for_update=True)
    if programme.paused_at is None:
        raise NotPaused(programme.name)
    mode = resume_mode or programme.resume_mode or RESUME_MODES[0]
    _check_mode(mode)
    session.add(
        ProgrammePause(
            shop_id=shop_id,
            id=new_id(),
            paused_at=programme.paused_at,
            resumed_at=now,
            catches_up=mode == "catch_up",
        )
    )
    programme.paused_at, programme.resume_mode = None, None
    _audit(session, shop_id, "programme_resumed", mode, actor, now)
    session.flush()
    return programme


def _check_mode(mode: str) -> None:
    if mode not in RESUME_MODES:
        raise BadRule("resume_mode", f"is none of {', '.join(RESUME_MODES)}")


def _audit(
    session: Session, shop_id: int, action: str, mode: str, actor: Actor, now: datetime
) -> None:
    subject = ("programme", str(shop_id))
    audit.record(session, shop_id, actor, action, subject, now=now, resume_mode=mode)
