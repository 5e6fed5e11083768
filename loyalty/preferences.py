"""The five switches over a member's pushes. Only the member turns them; without a row all are on.

A paused kind still changes the card, silently.
"""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from loyalty import audit, outbox, timeline
from loyalty.base.bulk import among
from loyalty.base.db import Base
from loyalty.base.errors import MemberNotFound
from loyalty.members.tables import Member

Name = Literal["balance", "location", "marketing", "tier", "reward"]
NAMES: tuple[Name, ...] = get_args(Name)


class NotificationPreference(Base):
    """A member's switches, from the first time that one is turned.

    pk (shop_id, member_id): each send asks.
    """

    __tablename__ = "notification_preference"
    __table_args__ = (
        ForeignKeyConstraint(
            ["shop_id", "member_id"],
            ["member.shop_id", "member.id"],
            name="fk_notification_preference__member",
        ),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[UUID] = mapped_column(primary_key=True)
    balance: Mapped[bool] = mapped_column(default=True)
    location: Mapped[bool] = mapped_column(default=True)
    marketing: Mapped[bool] = mapped_column(default=True)
    tier: Mapped[bool] = mapped_column(default=True)
    reward: Mapped[bool] = mapped_column(default=True)
    changed_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Preferences:
    """Each kind of push: True when it is active, False when it is paused."""

    balance: bool = True
    location: bool = True
    marketing: bool = True
    tier: bool = True
    reward: bool = True

    def is_active(self, name: Name) -> bool:
        """Whether pushes of this kind may be heard."""
        return bool(getattr(self, name))


def get_preferences(session: Session, shop_id: int, member_id: UUID) -> Preferences:
    """The member's switches as they stand now."""
    return list_preferences(session, shop_id, [member_id])[member_id]


def list_preferences(
    session: Session, shop_id: int, member_ids: list[UUID]
) -> dict[UUID, Preferences]:
    """The switches of each of these members."""
    rows = session.scalars(
        select(NotificationPreference)
        .where(
            NotificationPreference.shop_id == shop_id,
            among(NotificationPreference.member_id, member_ids),
        )
        .execution_options(populate_existing=True)
    )
    stored = {row.member_id: _read(row) for row in rows}
    return {member_id: stored.get(member_id, Preferences()) for member_id in member_ids}


def set_preference(
    session: Session,
    shop_id: int,
    member_id: UUID,
    name: Name,
    is_active: bool,
    *,
    now: datetime,
    actor: audit.Actor,
) -> bool:
    """Turn one switch; False, and nothing written, if it stands so already.

    The caller commits. Raises MemberNotFound for a member of no or another shop, or an erased one.
    """
    assert name in NAMES
    _lock_member(session, shop_id, member_id)
    if get_preferences(session, shop_id, member_id).is_active(name) == is_active:
        return False
    _store(session, shop_id, member_id, name, is_active, now)
    change = {"preference": name, "is_active": is_active}
    timeline.note_event(session, shop_id, member_id, timeline.PREFERENCE_CHANGED, now, **change)
    subject = ("member", str(member_id))
    audit.record(session, shop_id, actor, "preference_changed", subject, now=now, **change)
    outbox.stage(session, shop_id, outbox.MEMBER_CHANGED, member_id=member_id, now=now)
    return True


def _lock_member(session: Session, shop_id: int, member_id: UUID) -> None:
    """Two requests that turn switches of one member take turns."""
    state = session.scalar(
        select(Member.state)
        .where(Member.shop_id == shop_id, Member.id == member_id)
        .with_for_update(key_share=True)
    )
    if state is None or state == "erased":
        raise MemberNotFound(str(member_id))


def _store(
    session: Session, shop_id: int, member_id: UUID, name: Name, is_active: bool, now: datetime
) -> None:
    key = {"shop_id": shop_id, "member_id": member_id}
    news = {name: is_active, "changed_at": now}
    session.execute(
        insert(NotificationPreference)
        .values(key | dict.fromkeys(NAMES, True) | news)
        .on_conflict_do_update(index_elements=list(key), set_=news)
    )


def _read(row: NotificationPreference) -> Preferences:
    return Preferences(**{field.name: getattr(row, field.name) for field in fields(Preferences)})
