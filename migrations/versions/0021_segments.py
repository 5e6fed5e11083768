"""Segments, who belongs to them, and who was put in or kept out by hand."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations import tenancy

revision = "0021"
down_revision = "0020"

TENANT_TABLES = ("segment", "segment_member", "segment_override", "segment_move")

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    _segments()
    _members()
    _overrides()
    _moves()
    for table in TENANT_TABLES:
        tenancy.protect(table)
    _work()
    tenancy.remake_removal()


def _segments() -> None:
    op.create_table(
        "segment",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("is_ready_made", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("criteria", JSONB(), nullable=True),
        sa.Column("size", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("refreshed_at", _TIME, nullable=True),
        sa.Column("retired_at", _TIME, nullable=True),
        sa.CheckConstraint(
            "is_ready_made = (code is not null)", name=op.f("ck_segment__is_ready_made")
        ),
        sa.CheckConstraint("size >= 0", name=op.f("ck_segment__size")),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_segment__shop"),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_segment")),
        sa.UniqueConstraint("shop_id", "code", name=op.f("uq_segment__shop_id_code")),
    )
    op.create_index(
        "ix_segment__pending",
        "segment",
        ["shop_id", "id"],
        postgresql_where="refreshed_at is null and retired_at is null",
    )


def _members() -> None:
    op.create_table(
        "segment_member",
        sa.Column("shop_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("segment_id", sa.UUID(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("entered_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint(
            "shop_id", "segment_id", "member_id", name=op.f("pk_segment_member")
        ),
    )
    op.create_index("ix_segment_member__member", "segment_member", ["shop_id", "member_id"])


def _overrides() -> None:
    op.create_table(
        "segment_override",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("segment_id", sa.UUID(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("set_at", _TIME, nullable=False),
        sa.CheckConstraint("word in ('in', 'out')", name=op.f("ck_segment_override__word")),
        sa.ForeignKeyConstraint(
            ["shop_id", "segment_id"],
            ["segment.shop_id", "segment.id"],
            name="fk_segment_override__segment",
        ),
        sa.ForeignKeyConstraint(
            ["shop_id", "member_id"],
            ["member.shop_id", "member.id"],
            name="fk_segment_override__member",
        ),
        sa.PrimaryKeyConstraint(
            "shop_id", "segment_id", "member_id", name=op.f("pk_segment_override")
        ),
    )
    op.create_index("ix_segment_override__member", "segment_override", ["shop_id", "member_id"])


def _moves() -> None:
    op.create_table(
        "segment_move",
        sa.Column("shop_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("segment_id", sa.UUID(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("is_in", sa.Boolean(), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_segment_move")),
    )
    op.create_index(
        "ix_segment_move__segment", "segment_move", ["shop_id", "segment_id", "at", "id"]
    )
    op.create_index("ix_segment_move__member", "segment_move", ["shop_id", "member_id", "at"])


def _work() -> None:
    """Which shops have work on which queue, segments that wait to be filled among it."""
    tenancy.let_read("segment")
    tenancy.definer_function(
        "shops_with_work(at timestamptz)",
        "TABLE (queue text, shop bigint)",
        """RETURN QUERY
        SELECT DISTINCT 'inbox', shop_id FROM inbox_row WHERE state = 'new' AND next_at <= at
        UNION ALL
        SELECT DISTINCT 'relay', shop_id FROM outbox_event WHERE state = 'new'
        UNION ALL
        SELECT DISTINCT subscriber, shop_id FROM delivery
            WHERE state = 'pending' AND next_at <= at
        UNION ALL
        SELECT DISTINCT 'backfill', shop_id FROM backfill_run
            WHERE state IN ('waiting', 'asked', 'reading') AND next_at <= at
        UNION ALL
        SELECT DISTINCT 'release', shop_id FROM lot
            WHERE released_at IS NULL AND available_at <= at
        UNION ALL
        SELECT DISTINCT 'segment_refresh', shop_id FROM segment
            WHERE refreshed_at IS NULL AND retired_at IS NULL
        UNION ALL
        SELECT DISTINCT 'redemptions', due.shop_id FROM (
            SELECT shop_id FROM redemption
                WHERE state IN ('reserved', 'returning') AND next_at <= at
            UNION SELECT shop_id FROM redemption
                WHERE state = 'issued' AND expires_at <= at - interval '10 minutes'
        ) AS due;""",
    )
