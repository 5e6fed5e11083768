"""Tables of segments: what there is, who belongs, who was put in or kept out, and who moved.

The invariant: `segment_member` is what everybody reads; rule and hand are worked in already.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from loyalty.base.db import Base

WORDS = ("in", "out")


class Segment(Base):
    """A segment and its rule in the language of loyalty.criteria; None: by hand alone.

    `code` names one of the ready-made ones; the merchant's own have none. `refreshed_at`: when
    all members were last looked at; None while they are still to be. `filled_at`: when they were
    for the first time, whomever that found: all who come later have entered. `size` is kept with
    every move. `error`: why the rule cannot be used. `retired_at`: it is no more, and kept for
    its name.
    uq (shop_id, code): a ready-made one is there once. ix pending: what waits to be filled.
    """

    __tablename__ = "segment"
    __table_args__ = (
        CheckConstraint("size >= 0", name="size"),
        CheckConstraint("is_ready_made = (code is not null)", name="is_ready_made"),
        UniqueConstraint("shop_id", "code"),
        ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_segment__shop"),
        Index(
            "ix_segment__pending",
            "shop_id",
            "id",
            postgresql_where="refreshed_at is null and retired_at is null",
        ),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str | None]
    is_ready_made: Mapped[bool] = mapped_column(default=False, server_default="false")
    name: Mapped[str]
    description: Mapped[str] = mapped_column(default="", server_default="")
    criteria: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    size: Mapped[int] = mapped_column(default=0, server_default="0")
    error: Mapped[str | None]
    created_at: Mapped[datetime]
    refreshed_at: Mapped[datetime | None]
    filled_at: Mapped[datetime | None]
    retired_at: Mapped[datetime | None]


class SegmentMember(Base):
    """A member who belongs to a segment since `entered_at`.

    No foreign key: a look at a million members writes as many rows, and neither a member nor a
    segment is ever deleted but with its shop.
    pk (shop_id, segment_id, member_id): an audience. ix member: all segments of a member.
    """

    __tablename__ = "segment_member"
    __table_args__ = (Index("ix_segment_member__member", "shop_id", "member_id"),)

    shop_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    segment_id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID] = mapped_column(primary_key=True)
    entered_at: Mapped[datetime]


class SegmentOverride(Base):
    """Whom somebody put in or kept out, whatever the rule says; it survives every look.

    pk (shop_id, segment_id, member_id): one word. ix member: all of a member's.
    """

    __tablename__ = "segment_override"
    __table_args__ = (
        CheckConstraint(f"word in {WORDS}", name="word"),
        ForeignKeyConstraint(
            ["shop_id", "segment_id"],
            ["segment.shop_id", "segment.id"],
            name="fk_segment_override__segment",
        ),
        ForeignKeyConstraint(
            ["shop_id", "member_id"],
            ["member.shop_id", "member.id"],
            name="fk_segment_override__member",
        ),
        Index("ix_segment_override__member", "shop_id", "member_id"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    segment_id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID] = mapped_column(primary_key=True)
    word: Mapped[str]
    set_by: Mapped[str]
    set_at: Mapped[datetime]


class SegmentMove(Base):
    """A member who entered a segment or left it. The first filling of a segment is no move.

    ix segment (shop_id, segment_id, at, id): who came and went. ix member: a member's way.
    """

    __tablename__ = "segment_move"
    __table_args__ = (
        Index("ix_segment_move__segment", "shop_id", "segment_id", "at", "id"),
        Index("ix_segment_move__member", "shop_id", "member_id", "at"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    segment_id: Mapped[UUID]
    member_id: Mapped[UUID]
    is_in: Mapped[bool]
    at: Mapped[datetime]
