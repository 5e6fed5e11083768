"""Who redeems unusually often: such redemptions are flagged for a person to look at, not refused.

The invariant: whoever stays within the shop's limits of the last 24 hours is never flagged.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from loyalty import audit
from loyalty.audit import Actor
from loyalty.base.errors import BadSetting
from loyalty.base.said import said
from loyalty.programme.rules import get_programme
from loyalty.programme.tables import Programme
from loyalty.redemption.tables import Redemption

MEMBER, USER = "velocity_member", "velocity_user"
"""The flags: this member's, or this user's of the till or admin, beyond the limit."""
WINDOW = timedelta(hours=24)
LIMIT_MAX = 10_000
_USERS = ("till_user", "staff")


def flags_for(
    session: Session, shop_id: int, member_id: UUID, actor: Actor, *, now: datetime
) -> list[str]:
    """The flags of one more redemption by now."""
    programme, flags = get_programme(session, shop_id), []
    theirs = Redemption.member_id == member_id
    if _count(session, shop_id, theirs, now) >= programme.velocity_per_member:
        flags.append(MEMBER)
    if actor.kind in _USERS:
        by_user = Redemption.actor == str(actor)
        if _count(session, shop_id, by_user, now) >= programme.velocity_per_user:
            flags.append(USER)
    return flags


def set_limits(
    session: Session,
    shop_id: int,
    *,
    per_member: int | None = None,
    per_user: int | None = None,
    actor: Actor,
    now: datetime,
) -> bool:
    """Flag what is beyond so many redemptions in 24 hours from now on; whether that was news.

    Raises BadSetting. Flushes; the caller commits.
    """
    programme = session.get_one(Programme, shop_id, with_for_update=True)
    given = {"velocity_per_member": per_member, "velocity_per_user": per_user}
    changed = {}
    for name, limit in given.items():
        if limit is not None and not 1 <= limit <= LIMIT_MAX:
            raise BadSetting(
                name, said("is no whole number from %(least)s to %(most)s", least=1, most=LIMIT_MAX)
            )
        if limit is not None and limit != getattr(programme, name):
            changed[name] = limit
    for name, limit in changed.items():
        setattr(programme, name, limit)
    if changed:
        subject = ("programme", str(shop_id))
        audit.record(session, shop_id, actor, "velocity_limits_set", subject, now=now, **changed)
    session.flush()
    return bool(changed)


def _count(session: Session, shop_id: int, whose: ColumnElement[bool], now: datetime) -> int:
    statement = select(func.count()).where(
        Redemption.shop_id == shop_id, whose, Redemption.reserved_at > now - WINDOW
    )
    return session.scalar(statement) or 0
