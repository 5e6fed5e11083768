"""Points that were given to many: the decision, and what became of it for each member."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from loyalty.base.db import Base

STATES = ("preparing", "giving", "done", "undoing", "undone")
OPEN = ("preparing", "giving", "undoing")
"""The states in which a job works on it."""
MEMBER_STATES = ("waiting", "given", "skipped", "undone", "kept")


class GroupGrant(Base):
    """`points` for each member of a segment, or for each of a `selection`, decided once.

    `state`: preparing (the segment's members are being written down), giving, done; undoing,
    undone. `prepared_after`: the last member written down. The counts are of its members by
    state; `expired_points`: what of the points taken back had expired. `undo_is_forced`: from
    those, too, who have spent some. `segment_name`: as it was called then, or the selection in
    words; a selection is as loyalty.listing.selection stores it.
    uq (shop_id, client_key): a double click gives once. ix open (shop_id, id) in an open state:
    what a job works on.
    """

    __tablename__ = "group_grant"
    __table_args__ = (
        CheckConstraint(f"state in {STATES}", name="state"),
        CheckConstraint("points > 0", name="points"),
        CheckConstraint("(segment_id is null) = (selection is not null)", name="selection"),
        ForeignKeyConstraint(
            ["shop_id", "segment_id"],
            ["segment.shop_id", "segment.id"],
            name="fk_group_grant__segment",
        ),
        UniqueConstraint("shop_id", "client_key"),
        Index(
            "ix_group_grant__open",
            "shop_id",
            "id",
            postgresql_where="state in ('preparing', 'giving', 'undoing')",
        ),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    client_key: Mapped[str]
    segment_id: Mapped[UUID | None]
    selection: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    segment_name: Mapped[str]
    points: Mapped[int]
    reason: Mapped[str]
    tells_members: Mapped[bool]
    actor: Mapped[str]
    state: Mapped[str]
    prepared_after: Mapped[UUID | None]
    members: Mapped[int] = mapped_column(default=0, server_default="0")
    given: Mapped[int] = mapped_column(default=0, server_default="0")
    skipped: Mapped[int] = mapped_column(default=0, server_default="0")
    undone: Mapped[int] = mapped_column(default=0, server_default="0")
    kept: Mapped[int] = mapped_column(default=0, server_default="0")
    expired_points: Mapped[int] = mapped_column(default=0, server_default="0")
    created_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    undo_by: Mapped[str | None]
    undo_asked_at: Mapped[datetime | None]
    undo_is_forced: Mapped[bool] = mapped_column(default=False, server_default="false")
    undone_at: Mapped[datetime | None]


class GroupGrantMember(Base):
    """What became of one member: `entry_id` is the entry that gave the points.

    `state`: waiting, given, skipped (`reason` says why), undone, or kept: they have spent some,
    and the undo left them the points. `expired_points`: what of theirs had expired before.
    ix todo (shop_id, grant_id, state, member_id) where waiting or given: the next batch.
    """

    __tablename__ = "group_grant_member"
    __table_args__ = (
        CheckConstraint(f"state in {MEMBER_STATES}", name="state"),
        ForeignKeyConstraint(
            ["shop_id", "grant_id"],
            ["group_grant.shop_id", "group_grant.id"],
            name="fk_group_grant_member__group_grant",
        ),
        ForeignKeyConstraint(
            ["shop_id", "member_id"],
            ["member.shop_id", "member.id"],
            name="fk_group_grant_member__member",
        ),
        ForeignKeyConstraint(
            ["shop_id", "entry_id"],
            ["ledger_entry.shop_id", "ledger_entry.id"],
            name="fk_group_grant_member__ledger_entry",
        ),
        Index(
            "ix_group_grant_member__todo",
            "shop_id",
            "grant_id",
            "state",
            "member_id",
            postgresql_where="state in ('waiting', 'given')",
        ),
        Index("ix_group_grant_member__member", "shop_id", "member_id"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    grant_id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID] = mapped_column(primary_key=True)
    state: Mapped[str]
    reason: Mapped[str | None]
    entry_id: Mapped[UUID | None]
    expired_points: Mapped[int] = mapped_column(default=0, server_default="0")
