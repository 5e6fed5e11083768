"""How far each push came, hop by hop. A hop is noted once: when it first happened.

Only what we can see: that a text was shown on a lock screen no platform tells.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from loyalty.base.db import Base

Platform = Literal["apple", "google"]
Hop = Literal["queued", "accepted", "refused", "asked", "fetched", "callback"]

_REASON_MAX = 300


class PushHop(Base):
    """One step of the push of one revision of a pass; `device_id` is "" where none is known.

    pk (shop_id, pass_id, revision, device_id, hop): the first wins.
    ix member (shop_id, member_id, at): a member's newest. ix at (shop_id, at): the purge.
    """

    __tablename__ = "push_hop"
    __table_args__ = (
        CheckConstraint("platform in ('apple', 'google')", name="platform"),
        CheckConstraint(
            "hop in ('queued', 'accepted', 'refused', 'asked', 'fetched', 'callback')", name="hop"
        ),
        ForeignKeyConstraint(
            ["shop_id", "member_id"], ["member.shop_id", "member.id"], name="fk_push_hop__member"
        ),
        Index("ix_push_hop__member", "shop_id", "member_id", "at"),
        Index("ix_push_hop__at", "shop_id", "at"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    pass_id: Mapped[UUID] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True)
    device_id: Mapped[str] = mapped_column(primary_key=True)
    hop: Mapped[str] = mapped_column(primary_key=True)
    member_id: Mapped[UUID]
    platform: Mapped[str]
    at: Mapped[datetime]
    reason: Mapped[str | None]


@dataclass(frozen=True, slots=True)
class NewHop:
    """A hop to be noted."""

    member_id: UUID
    platform: Platform
    pass_id: UUID
    revision: int
    hop: Hop
    device_id: str = ""
    reason: str | None = None


def note_hop(
    session: Session,
    shop_id: int,
    member_id: UUID,
    *,
    platform: Platform,
    pass_id: UUID,
    revision: int,
    hop: Hop,
    now: datetime,
    device_id: str = "",
    reason: str | None = None,
) -> None:
    """Note one hop unless it stands already. The caller commits."""
    new = NewHop(member_id, platform, pass_id, revision, hop, device_id, reason)
    note_hops(session, shop_id, [new], now=now)


def note_hops(session: Session, shop_id: int, hops: Iterable[NewHop], *, now: datetime) -> None:
    """Note each of `hops` that does not stand already. The caller commits."""
    rows = [
        {
            "shop_id": shop_id,
            "pass_id": hop.pass_id,
            "revision": hop.revision,
            "device_id": hop.device_id,
            "hop": hop.hop,
            "member_id": hop.member_id,
            "platform": hop.platform,
            "at": now,
            "reason": hop.reason[:_REASON_MAX] if hop.reason else None,
        }
        for hop in hops
    ]
    if rows:
        session.execute(insert(PushHop).on_conflict_do_nothing(), rows)
