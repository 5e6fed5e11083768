"""Tables of the books. `ledger_entry` and `lot_debit` only grow: trigger and grants see to it."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from loyalty.base.db import Base

KINDS = (
    "earn_order",
    "earn_action",
    "referral",
    "grant",
    "redeem",
    "redeem_reversal",
    "earn_reversal",
    "expire",
    "deduct",
    "merge_out",
    "merge_in",
    "archive",
    "restore",
    "import",
)
EARNING_KINDS = ("earn_order", "earn_action", "referral", "grant")
"""Credits of these kinds count as earned, once available."""


class LedgerEntry(Base):
    """One movement of points, for ever.

    uq (shop_id, idempotency_key): the same outside fact is posted once.
    ix (shop_id, member_id, id): a member's transactions, newest first.
    ix (shop_id, order_id): the entries of an order.
    ix (shop_id, reverses_id) where set: what was taken back of an entry.
    """

    __tablename__ = "ledger_entry"
    __table_args__ = (
        CheckConstraint("points <> 0", name="points_not_zero"),
        CheckConstraint(f"kind in {KINDS!r}", name="kind"),
        UniqueConstraint("shop_id", "idempotency_key"),
        ForeignKeyConstraint(
            ["shop_id", "member_id"],
            ["member.shop_id", "member.id"],
            name="fk_ledger_entry__member",
        ),
        ForeignKeyConstraint(
            ["shop_id", "reverses_id"],
            ["ledger_entry.shop_id", "ledger_entry.id"],
            name="fk_ledger_entry__reverses",
        ),
        Index("ix_ledger_entry__member", "shop_id", "member_id", "id"),
        Index("ix_ledger_entry__order", "shop_id", "order_id"),
        Index(
            "ix_ledger_entry__reverses",
            "shop_id",
            "reverses_id",
            postgresql_where="reverses_id is not null",
        ),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID]
    kind: Mapped[str]
    points: Mapped[int]
    occurred_at: Mapped[datetime]
    posted_at: Mapped[datetime]
    source_kind: Mapped[str]
    source_id: Mapped[str]
    idempotency_key: Mapped[str]
    actor: Mapped[str]
    reason_code: Mapped[str | None]
    order_id: Mapped[int | None]
    reverses_id: Mapped[UUID | None]


class EntryNote(Base):
    """Free text beside an entry, apart because it can be erased."""

    __tablename__ = "entry_note"
    __table_args__ = (
        ForeignKeyConstraint(
            ["shop_id", "entry_id"],
            ["ledger_entry.shop_id", "ledger_entry.id"],
            name="fk_entry_note__ledger_entry",
        ),
        Index("ix_entry_note__member", "shop_id", "member_id"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    entry_id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID]
    body: Mapped[str]


class Lot(Base):
    """Points credited together. Pending until `released_at`; then spendable while any are left.

    `last_valid_on`: the last of the shop's days on which they can be spent; `has_own_date` when
    the credit named it, so that no setting changes it. `replaces_id`: the expired lot whose
    points came back as this one. A lot's member changes when members merge.
    ix expiring (shop_id, last_valid_on, member_id) where released with points left: what expires,
    what to warn of. ix (shop_id, entry_id): the lots of an order's entries.
    ix open (shop_id, member_id, last_valid_on, opened_at, id) where points_left > 0: what a
    debit takes from. ix pending (shop_id, available_at, id): the release job.
    """

    __tablename__ = "lot"
    __table_args__ = (
        CheckConstraint("points > 0", name="points"),
        CheckConstraint("points_left between 0 and points", name="points_left"),
        ForeignKeyConstraint(
            ["shop_id", "member_id"], ["member.shop_id", "member.id"], name="fk_lot__member"
        ),
        ForeignKeyConstraint(
            ["shop_id", "replaces_id"], ["lot.shop_id", "lot.id"], name="fk_lot__replaces"
        ),
        ForeignKeyConstraint(
            ["shop_id", "entry_id"],
            ["ledger_entry.shop_id", "ledger_entry.id"],
            name="fk_lot__ledger_entry",
        ),
        Index(
            "ix_lot__open",
            "shop_id",
            "member_id",
            "last_valid_on",
            "opened_at",
            "id",
            postgresql_where="points_left > 0",
        ),
        Index(
            "ix_lot__pending",
            "shop_id",
            "available_at",
            "id",
            postgresql_where="released_at is null",
        ),
        Index(
            "ix_lot__expiring",
            "shop_id",
            "last_valid_on",
            "member_id",
            postgresql_where="points_left > 0 and released_at is not null",
        ),
        Index("ix_lot__entry", "shop_id", "entry_id"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID]
    entry_id: Mapped[UUID]
    order_id: Mapped[int | None]
    points: Mapped[int]
    points_left: Mapped[int]
    opened_at: Mapped[datetime]
    available_at: Mapped[datetime]
    released_at: Mapped[datetime | None]
    last_valid_on: Mapped[date | None]
    has_own_date: Mapped[bool] = mapped_column(default=False, server_default="false")
    replaces_id: Mapped[UUID | None]


class LotDebit(Base):
    """How many points an entry took from a lot; less than 0 when it gave them back.

    ix (shop_id, entry_id), (shop_id, lot_id): what a debit took; where a lot went.
    """

    __tablename__ = "lot_debit"
    __table_args__ = (
        CheckConstraint("points <> 0", name="points"),
        ForeignKeyConstraint(
            ["shop_id", "entry_id"],
            ["ledger_entry.shop_id", "ledger_entry.id"],
            name="fk_lot_debit__ledger_entry",
        ),
        ForeignKeyConstraint(
            ["shop_id", "lot_id"], ["lot.shop_id", "lot.id"], name="fk_lot_debit__lot"
        ),
        Index("ix_lot_debit__entry", "shop_id", "entry_id"),
        Index("ix_lot_debit__lot", "shop_id", "lot_id"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    entry_id: Mapped[UUID]
    lot_id: Mapped[UUID]
    points: Mapped[int]


class Deficit(Base):
    """What a debit took beyond the lots; the next points to become available fill it.

    ix open (shop_id, member_id, id) where points_left > 0: what a credit fills first.
    """

    __tablename__ = "deficit"
    __table_args__ = (
        CheckConstraint("points_left between 0 and points", name="points_left"),
        ForeignKeyConstraint(
            ["shop_id", "member_id"], ["member.shop_id", "member.id"], name="fk_deficit__member"
        ),
        ForeignKeyConstraint(
            ["shop_id", "entry_id"],
            ["ledger_entry.shop_id", "ledger_entry.id"],
            name="fk_deficit__ledger_entry",
        ),
        Index(
            "ix_deficit__open",
            "shop_id",
            "member_id",
            "id",
            postgresql_where="points_left > 0",
        ),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID]
    entry_id: Mapped[UUID]
    points: Mapped[int]
    points_left: Mapped[int]


class FigureMove(Base):
    """Lifetime figures that went from one member to another beside the points, or came.

    ix (shop_id, member_id): the rebuild of a member's figures.
    """

    __tablename__ = "figure_move"
    __table_args__ = (
        ForeignKeyConstraint(
            ["shop_id", "member_id"],
            ["member.shop_id", "member.id"],
            name="fk_figure_move__member",
        ),
        Index("ix_figure_move__member", "shop_id", "member_id"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID]
    earned: Mapped[int]
    burned: Mapped[int]
    source_kind: Mapped[str]
    source_id: Mapped[str]
    posted_at: Mapped[datetime]


class LotMove(Base):
    """A lot that went from one member to another, and what it held then.

    ix (shop_id, merge_id, id): the way home when the merge is undone.
    """

    __tablename__ = "lot_move"
    __table_args__ = (
        CheckConstraint("points >= 0", name="points"),
        ForeignKeyConstraint(
            ["shop_id", "lot_id"], ["lot.shop_id", "lot.id"], name="fk_lot_move__lot"
        ),
        ForeignKeyConstraint(
            ["shop_id", "member_id"], ["member.shop_id", "member.id"], name="fk_lot_move__member"
        ),
        ForeignKeyConstraint(
            ["shop_id", "to_member_id"],
            ["member.shop_id", "member.id"],
            name="fk_lot_move__to_member",
        ),
        Index("ix_lot_move__merge", "shop_id", "merge_id", "id"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    merge_id: Mapped[UUID]
    lot_id: Mapped[UUID]
    member_id: Mapped[UUID]
    to_member_id: Mapped[UUID]
    points: Mapped[int]
    moved_at: Mapped[datetime]
