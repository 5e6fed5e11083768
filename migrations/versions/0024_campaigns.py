"""Campaigns and the fate of each of their recipients."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations import tenancy

revision = "0024"
down_revision = "0023"

TENANT_TABLES = ("campaign", "campaign_recipient")

_TIME = sa.DateTime(timezone=True)
_CHANNEL_FATES = "'waiting', 'skipped', 'queued', 'sent', 'unknown', 'failed'"
_FATE = (
    "case when is_held_out then 'held_out' "
    "when 'waiting' in (email_fate, push_fate) then 'waiting' "
    "when 'queued' in (email_fate, push_fate) then 'queued' "
    "when 'sent' in (email_fate, push_fate) then 'sent' "
    "when 'unknown' in (email_fate, push_fate) then 'unknown' "
    "when 'failed' in (email_fate, push_fate) then 'failed' else 'skipped' end"
)


def upgrade() -> None:
    _campaigns()
    _recipients()
    _indexes()
    for table in TENANT_TABLES:
        tenancy.protect(table)
    _work()
    tenancy.remake_removal()


def _campaigns() -> None:
    op.create_table(
        "campaign",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("channels", JSONB(), nullable=False),
        sa.Column("segment_ids", JSONB(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("button", sa.Text(), nullable=False),
        sa.Column("link_path", sa.Text(), nullable=False),
        sa.Column("push_text", sa.Text(), nullable=False),
        sa.Column("holdout_percent", sa.BigInteger(), nullable=False),
        sa.Column("coupon_id", sa.UUID(), nullable=True),
        sa.Column("bonus_points", sa.BigInteger(), nullable=True),
        sa.Column("promotion_id", sa.UUID(), nullable=True),
        sa.Column("order_days", sa.BigInteger(), nullable=False),
        sa.Column("starts_at", _TIME, nullable=True),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("started_at", _TIME, nullable=True),
        sa.Column("started_by", sa.Text(), nullable=True),
        sa.Column("prepared_after", sa.UUID(), nullable=True),
        sa.Column("prepared_at", _TIME, nullable=True),
        sa.Column("recipients", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("done_at", _TIME, nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state in ('draft', 'scheduled', 'preparing', 'sending', 'paused', 'stopped', 'done')",
            name=op.f("ck_campaign__state"),
        ),
        sa.CheckConstraint(
            "holdout_percent between 0 and 50", name=op.f("ck_campaign__holdout_percent")
        ),
        sa.CheckConstraint("order_days between 1 and 90", name=op.f("ck_campaign__order_days")),
        sa.CheckConstraint("bonus_points > 0", name=op.f("ck_campaign__bonus_points")),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_campaign__shop"),
        sa.ForeignKeyConstraint(
            ["shop_id", "coupon_id"], ["coupon.shop_id", "coupon.id"], name="fk_campaign__coupon"
        ),
        sa.ForeignKeyConstraint(
            ["shop_id", "promotion_id"],
            ["promotion.shop_id", "promotion.id"],
            name="fk_campaign__promotion",
        ),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_campaign")),
    )


def _recipients() -> None:
    op.create_table(
        "campaign_recipient",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("campaign_id", sa.UUID(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("is_held_out", sa.Boolean(), nullable=False),
        sa.Column("email_fate", sa.Text(), nullable=True),
        sa.Column("email_reason", sa.Text(), nullable=True),
        sa.Column("push_fate", sa.Text(), nullable=True),
        sa.Column("push_reason", sa.Text(), nullable=True),
        sa.Column("fate", sa.Text(), sa.Computed(_FATE, persisted=True), nullable=False),
        sa.Column("turn_at", _TIME, nullable=True),
        sa.Column("email_event_id", sa.UUID(), nullable=True),
        sa.Column("coupon_code_id", sa.UUID(), nullable=True),
        sa.Column("opened_at", _TIME, nullable=True),
        sa.Column("clicked_at", _TIME, nullable=True),
        sa.CheckConstraint(
            f"email_fate in ({_CHANNEL_FATES})", name=op.f("ck_campaign_recipient__email_fate")
        ),
        sa.CheckConstraint(
            f"push_fate in ({_CHANNEL_FATES})", name=op.f("ck_campaign_recipient__push_fate")
        ),
        sa.ForeignKeyConstraint(
            ["shop_id", "campaign_id"],
            ["campaign.shop_id", "campaign.id"],
            name="fk_campaign_recipient__campaign",
        ),
        sa.ForeignKeyConstraint(
            ["shop_id", "member_id"],
            ["member.shop_id", "member.id"],
            name="fk_campaign_recipient__member",
        ),
        sa.PrimaryKeyConstraint(
            "shop_id", "campaign_id", "member_id", name=op.f("pk_campaign_recipient")
        ),
    )


def _indexes() -> None:
    by_number = ["shop_id", "campaign_id", "number"]
    for name, where in (
        ("turn", "turn_at is null and fate in ('waiting', 'held_out')"),
        ("email", "turn_at is not null and email_fate in ('waiting', 'queued', 'unknown')"),
        ("push", "turn_at is not null and push_fate in ('waiting', 'queued')"),
    ):
        op.create_index(
            f"ix_campaign_recipient__{name}",
            "campaign_recipient",
            by_number,
            postgresql_where=sa.text(where),
        )
    op.create_index(
        "uq_campaign_recipient__email_event",
        "campaign_recipient",
        ["shop_id", "email_event_id"],
        unique=True,
        postgresql_where=sa.text("email_event_id is not null"),
    )
    op.create_index(
        "ix_campaign_recipient__fate",
        "campaign_recipient",
        ["shop_id", "campaign_id", "fate", "number"],
    )
    op.create_index("ix_campaign_recipient__member", "campaign_recipient", ["shop_id", "member_id"])
    op.create_index(
        "ix_campaign__work",
        "campaign",
        ["shop_id", "starts_at"],
        postgresql_where=sa.text(
            "state in ('scheduled', 'preparing', 'sending')"
            " or (state = 'stopped' and done_at is null)"
        ),
    )


def _work() -> None:
    """Which shops have work on which queue, campaigns that are due or under way among it."""
    tenancy.let_read("campaign")
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
        SELECT DISTINCT 'redemptions', due.shop_id FROM (
            SELECT shop_id FROM redemption
                WHERE state IN ('reserved', 'returning') AND next_at <= at
            UNION SELECT shop_id FROM redemption
                WHERE state = 'issued' AND expires_at <= at - interval '10 minutes'
        ) AS due;""",
    )
