"""Tables of merges: who took whom in, and which rows moved, so that each finds its way home."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from loyalty.base.db import Base


class MemberMerge(Base):
    """Two members made one. `state`: done or undone; the undo is offered until `undo_until`.

    `points`: what merge_in brought, ≥ 0 or below. `notes`: names of fields that were filled, and
    what else an undo must know; nobody's details stand in it.
    ix survivor (shop_id, survivor_id, id), ix merged (shop_id, merged_id, id): a member's merges.
    """

    __tablename__ = "member_merge"
    __table_args__ = (
        CheckConstraint("state in ('done', 'undone')", name="state"),
        CheckConstraint("survivor_id <> merged_id", name="two"),
        ForeignKeyConstraint(
            ["shop_id", "survivor_id"],
            ["member.shop_id", "member.id"],
            name="fk_member_merge__survivor",
        ),
        ForeignKeyConstraint(
            ["shop_id", "merged_id"],
            ["member.shop_id", "member.id"],
            name="fk_member_merge__merged",
        ),
        Index("ix_member_merge__survivor", "shop_id", "survivor_id", "id"),
        Index("ix_member_merge__merged", "shop_id", "merged_id", "id"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    survivor_id: Mapped[UUID]
    merged_id: Mapped[UUID]
    state: Mapped[str]
    actor: Mapped[str]
    points: Mapped[int]
    notes: Mapped[dict[str, Any]]
    merged_at: Mapped[datetime]
    undo_until: Mapped[datetime]
    undone_at: Mapped[datetime | None]


class MemberMergeRow(Base):
    """A row that a merge moved, by its table and key; a merge by hand of 10,000 rows has as many.

    pk (shop_id, merge_id, table_name, row_key): the way home.
    """

    __tablename__ = "member_merge_row"
    __table_args__ = (
        ForeignKeyConstraint(
            ["shop_id", "merge_id"],
            ["member_merge.shop_id", "member_merge.id"],
            name="fk_member_merge_row__member_merge",
        ),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    merge_id: Mapped[UUID] = mapped_column(primary_key=True)
    table_name: Mapped[str] = mapped_column(primary_key=True)
    row_key: Mapped[str] = mapped_column(primary_key=True)
