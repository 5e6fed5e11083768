"""Runs of insight with the models they left, and the newest scores of members."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations import tenancy

revision = "0030"
down_revision = "0029"

TENANT_TABLES = ("insight_run", "member_insight")

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    _runs()
    _scores()
    for table in TENANT_TABLES:
        tenancy.protect(table)
    tenancy.remake_removal()
    _work()


def _runs() -> None:
    op.create_table(
        "insight_run",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", _TIME, nullable=False),
        sa.Column("started_at", _TIME, nullable=True),
        sa.Column("ended_at", _TIME, nullable=True),
        sa.Column("stage", sa.Text(), nullable=True),
        sa.Column("members_done", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("members_total", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("as_of", sa.Date(), nullable=True),
        sa.Column("model", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("excluded", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.CheckConstraint(
            "state in ('asked', 'running', 'done', 'failed')", name=op.f("ck_insight_run__state")
        ),
        sa.CheckConstraint(
            "stage in ('reading', 'fitting', 'writing')", name=op.f("ck_insight_run__stage")
        ),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_insight_run__shop"),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_insight_run")),
    )
    op.create_index(
        "uq_insight_run__open",
        "insight_run",
        ["shop_id"],
        unique=True,
        postgresql_where=sa.text("state in ('asked', 'running')"),
    )


def _scores() -> None:
    small = ("r", "f", "m")
    health = ("health", "health_rfm", "health_return", "health_engagement")
    op.create_table(
        "member_insight",
        sa.Column("shop_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("band", sa.Text(), nullable=False),
        sa.Column("is_calibrated", sa.Boolean(), nullable=False),
        sa.Column("p_return_ppm", sa.BigInteger(), nullable=True),
        sa.Column("ltv_minor", sa.BigInteger(), nullable=True),
        sa.Column("expected_orders_milli", sa.BigInteger(), nullable=True),
        sa.Column("orders", sa.BigInteger(), nullable=False),
        sa.Column("last_order_on", sa.Date(), nullable=True),
        sa.Column("gap_days", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.SmallInteger(), nullable=False) for name in small),
        *(sa.Column(name, sa.SmallInteger(), nullable=True) for name in health),
        sa.CheckConstraint(
            "band in ('not_yet', 'new', 'low', 'medium', 'high')",
            name=op.f("ck_member_insight__band"),
        ),
        sa.PrimaryKeyConstraint("shop_id", "member_id", name=op.f("pk_member_insight")),
        postgresql_with={"fillfactor": 50},
    )


def _work() -> None:
    """Which shops have work on which queue, a run of insight that was asked for among it."""
    tenancy.let_read("insight_run")
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
        SELECT DISTINCT 'insights', shop_id FROM insight_run WHERE state = 'asked'
        UNION ALL
        SELECT DISTINCT 'redemptions', due.shop_id FROM (
            SELECT shop_id FROM redemption
                WHERE state IN ('reserved', 'returning') AND next_at <= at
            UNION SELECT shop_id FROM redemption
                WHERE state = 'issued' AND expires_at <= at - interval '10 minutes'
        ) AS due;""",
    )
