"""Points given to many at once, and texts that shops put on members' cards."""

import sqlalchemy as sa
from alembic import op

from migrations import tenancy

revision = "0025"
down_revision = "0024"

TENANT_TABLES = ("group_grant", "group_grant_member", "member_message")

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    _group_grants()
    _group_grant_members()
    _member_messages()
    # Why a push failed, beside the timeline, for who counts.
    op.add_column("push_message", sa.Column("reason", sa.Text(), nullable=True))
    for table in TENANT_TABLES:
        tenancy.protect(table)
    tenancy.remake_removal()
    _work()


def _group_grants() -> None:
    counts = ("members", "given", "skipped", "undone", "kept", "expired_points")
    op.create_table(
        "group_grant",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("client_key", sa.Text(), nullable=False),
        sa.Column("segment_id", sa.UUID(), nullable=False),
        sa.Column("segment_name", sa.Text(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("tells_members", sa.Boolean(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("prepared_after", sa.UUID(), nullable=True),
        *(sa.Column(name, sa.BigInteger(), server_default="0", nullable=False) for name in counts),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("done_at", _TIME, nullable=True),
        sa.Column("undo_by", sa.Text(), nullable=True),
        sa.Column("undo_asked_at", _TIME, nullable=True),
        sa.Column("undo_is_forced", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("undone_at", _TIME, nullable=True),
        sa.CheckConstraint(
            "state in ('preparing', 'giving', 'done', 'undoing', 'undone')",
            name=op.f("ck_group_grant__state"),
        ),
        sa.CheckConstraint("points > 0", name=op.f("ck_group_grant__points")),
        sa.ForeignKeyConstraint(
            ["shop_id", "segment_id"],
            ["segment.shop_id", "segment.id"],
            name="fk_group_grant__segment",
        ),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_group_grant")),
        sa.UniqueConstraint(
            "shop_id", "client_key", name=op.f("uq_group_grant__shop_id_client_key")
        ),
    )
    op.create_index(
        "ix_group_grant__open",
        "group_grant",
        ["shop_id", "id"],
        postgresql_where=sa.text("state in ('preparing', 'giving', 'undoing')"),
    )


def _group_grant_members() -> None:
    op.create_table(
        "group_grant_member",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("grant_id", sa.UUID(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("entry_id", sa.UUID(), nullable=True),
        sa.Column("expired_points", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint(
            "state in ('waiting', 'given', 'skipped', 'undone', 'kept')",
            name=op.f("ck_group_grant_member__state"),
        ),
        *(
            sa.ForeignKeyConstraint(
                ["shop_id", column],
                [f"{table}.shop_id", f"{table}.id"],
                name=f"fk_group_grant_member__{table}",
            )
            for column, table in (
                ("grant_id", "group_grant"),
                ("member_id", "member"),
                ("entry_id", "ledger_entry"),
            )
        ),
        sa.PrimaryKeyConstraint(
            "shop_id", "grant_id", "member_id", name=op.f("pk_group_grant_member")
        ),
    )
    op.create_index("ix_group_grant_member__member", "group_grant_member", ["shop_id", "member_id"])
    op.create_index(
        "ix_group_grant_member__todo",
        "group_grant_member",
        ["shop_id", "grant_id", "state", "member_id"],
        postgresql_where=sa.text("state in ('waiting', 'given')"),
    )


def _member_messages() -> None:
    op.create_table(
        "member_message",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("campaign_id", sa.UUID(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("variant", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.Column("ended_at", _TIME, nullable=True),
        sa.CheckConstraint("length(text) between 1 and 200", name=op.f("ck_member_message__text")),
        sa.CheckConstraint("variant in (0, 1)", name=op.f("ck_member_message__variant")),
        sa.ForeignKeyConstraint(
            ["shop_id", "member_id"],
            ["member.shop_id", "member.id"],
            name="fk_member_message__member",
        ),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_member_message")),
        sa.UniqueConstraint("shop_id", "key", name=op.f("uq_member_message__shop_id_key")),
    )
    op.create_index(
        "ix_member_message__ending",
        "member_message",
        ["shop_id", "expires_at", "id"],
        postgresql_where=sa.text("ended_at is null"),
    )
    op.create_index("ix_member_message__member", "member_message", ["shop_id", "member_id", "id"])


def _work() -> None:
    """Which shops have work on which queue, points that are being given to many among it."""
    tenancy.let_read("group_grant")
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
        SELECT DISTINCT 'campaigns', shop_id FROM campaign
            WHERE state IN ('preparing', 'sending') OR (state = 'stopped' AND done_at IS NULL)
                OR (state = 'scheduled' AND starts_at <= at)
        UNION ALL
        SELECT DISTINCT 'group_grants', shop_id FROM group_grant
            WHERE state IN ('preparing', 'giving', 'undoing')
        UNION ALL
        SELECT DISTINCT 'redemptions', due.shop_id FROM (
            SELECT shop_id FROM redemption
                WHERE state IN ('reserved', 'returning') AND next_at <= at
            UNION SELECT shop_id FROM redemption
                WHERE state = 'issued' AND expires_at <= at - interval '10 minutes'
        ) AS due;""",
    )
