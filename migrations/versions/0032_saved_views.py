"""Views of the members list that staff gave a name, and deeds for many of its members."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations import tenancy

revision = "0032"
down_revision = "0031"

TENANT_TABLES = ("saved_view", "member_deed")

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    _views()
    _deeds()
    _grants()
    for table in TENANT_TABLES:
        tenancy.protect(table)
    _work()
    tenancy.remake_removal()


def _views() -> None:
    op.create_table(
        "saved_view",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_norm", sa.Text(), nullable=False),
        sa.Column("asked", JSONB(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.CheckConstraint("name <> ''", name=op.f("ck_saved_view__name")),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_saved_view__shop"),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_saved_view")),
        sa.UniqueConstraint("shop_id", "name_norm", name=op.f("uq_saved_view__shop_id_name_norm")),
    )


def _deeds() -> None:
    op.create_table(
        "member_deed",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("client_key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("selection", JSONB(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("segment_id", sa.UUID(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("members", sa.BigInteger(), nullable=False),
        sa.Column("done_after", sa.UUID(), nullable=True),
        sa.Column("done", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("skipped", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("done_at", _TIME, nullable=True),
        sa.CheckConstraint("kind in ('card', 'segment')", name=op.f("ck_member_deed__kind")),
        sa.CheckConstraint("state in ('running', 'done')", name=op.f("ck_member_deed__state")),
        sa.CheckConstraint(
            "(kind = 'segment') = (segment_id is not null)", name=op.f("ck_member_deed__segment")
        ),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_member_deed__shop"),
        sa.ForeignKeyConstraint(
            ["shop_id", "segment_id"],
            ["segment.shop_id", "segment.id"],
            name="fk_member_deed__segment",
        ),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_member_deed")),
        sa.UniqueConstraint(
            "shop_id", "client_key", name=op.f("uq_member_deed__shop_id_client_key")
        ),
    )
    op.create_index(
        "ix_member_deed__open",
        "member_deed",
        ["shop_id", "id"],
        postgresql_where=sa.text("state = 'running'"),
    )


def _grants() -> None:
    """Points may go to a selection of the list instead of a segment."""
    op.alter_column("group_grant", "segment_id", nullable=True)
    op.add_column("group_grant", sa.Column("selection", JSONB(), nullable=True))
    op.create_check_constraint(
        op.f("ck_group_grant__selection"),
        "group_grant",
        "(segment_id is null) = (selection is not null)",
    )


def _work() -> None:
    """Which shops have work on which queue, deeds for many members among it."""
    tenancy.let_read("member_deed")
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
        SELECT DISTINCT 'group_grants', decided.shop_id FROM (
            SELECT shop_id FROM group_grant WHERE state IN ('preparing', 'giving', 'undoing')
            UNION SELECT shop_id FROM member_deed WHERE state = 'running'
        ) AS decided
        UNION ALL
        SELECT DISTINCT 'insights', shop_id FROM insight_run WHERE state = 'asked'
        UNION ALL
        SELECT DISTINCT 'redemptions', due.shop_id FROM (
            SELECT shop_id FROM redemption
                WHERE state IN ('reserved', 'returning') AND next_at <= at
            UNION SELECT shop_id FROM redemption
                WHERE state = 'issued' AND expires_at <= at - interval '10 minutes'
        ) AS due;""",
    )
