"""What points buy, and what was bought."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations import tenancy

revision = "0014"
down_revision = "0013"

TENANT_TABLES = ("reward", "reward_code", "redemption")

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    _rewards()
    _reward_codes()
    _redemptions()
    _velocity()
    for table in TENANT_TABLES:
        tenancy.protect(table)
    tenancy.remake_removal()
    _work()


def _rewards() -> None:
    op.create_table(
        "reward",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("pricing", sa.Text(), server_default="fixed", nullable=False),
        sa.Column("cost_points", sa.BigInteger(), nullable=False),
        sa.Column("points_min", sa.BigInteger(), nullable=True),
        sa.Column("points_max", sa.BigInteger(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("percentage", sa.Numeric(), nullable=True),
        sa.Column("product_id", sa.BigInteger(), nullable=True),
        sa.Column("variant_id", sa.BigInteger(), nullable=True),
        sa.Column("minimum_cart_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("limit_per_member", sa.BigInteger(), nullable=True),
        sa.Column("limit_period", sa.Text(), server_default="ever", nullable=False),
        sa.Column("visibility", sa.Text(), server_default="everywhere", nullable=False),
        sa.Column("tier_ids", JSONB(), server_default="[]", nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("validity_days", sa.BigInteger(), server_default="30", nullable=False),
        sa.Column("code_source", sa.Text(), server_default="made", nullable=False),
        sa.Column("combines_with", JSONB(), server_default="{}", nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.CheckConstraint("code_source in ('made', 'stock')", name=op.f("ck_reward__code_source")),
        sa.CheckConstraint(
            "kind in ('fixed_amount', 'percentage', 'free_shipping', 'free_product',"
            " 'store_credit')",
            name=op.f("ck_reward__kind"),
        ),
        sa.CheckConstraint(
            "limit_period in ('ever', 'day', 'week', 'month', 'year')",
            name=op.f("ck_reward__limit_period"),
        ),
        sa.CheckConstraint("pricing in ('fixed', 'per_point')", name=op.f("ck_reward__pricing")),
        sa.CheckConstraint(
            "visibility in ('everywhere', 'till', 'online', 'hidden')",
            name=op.f("ck_reward__visibility"),
        ),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_reward__amount_minor")),
        sa.CheckConstraint("cost_points > 0", name=op.f("ck_reward__cost_points")),
        sa.CheckConstraint("limit_per_member > 0", name=op.f("ck_reward__limit_per_member")),
        sa.CheckConstraint("minimum_cart_minor >= 0", name=op.f("ck_reward__minimum_cart_minor")),
        sa.CheckConstraint(
            "percentage > 0 and percentage <= 100", name=op.f("ck_reward__percentage")
        ),
        sa.CheckConstraint("validity_days > 0", name=op.f("ck_reward__validity_days")),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_reward__shop"),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_reward")),
    )


def _reward_codes() -> None:
    op.create_table(
        "reward_code",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("reward_id", sa.UUID(), nullable=False),
        sa.Column("redemption_id", sa.UUID(), nullable=True),
        sa.Column("imported_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["shop_id", "reward_id"], ["reward.shop_id", "reward.id"], name="fk_reward_code__reward"
        ),
        sa.PrimaryKeyConstraint("shop_id", "code", name=op.f("pk_reward_code")),
    )
    op.create_index(
        "ix_reward_code__free",
        "reward_code",
        ["shop_id", "reward_id", "code"],
        postgresql_where=sa.text("redemption_id is null"),
    )


def _redemptions() -> None:
    op.create_table(
        "redemption",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("reward_id", sa.UUID(), nullable=False),
        sa.Column("reward_version", sa.BigInteger(), nullable=False),
        sa.Column("terms", JSONB(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("points_returned", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("returns", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("discount_gid", sa.Text(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("client_key", sa.UUID(), nullable=False),
        sa.Column("entry_id", sa.UUID(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("sends_email", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("flags", JSONB(), server_default="[]", nullable=False),
        sa.Column("reserved_at", _TIME, nullable=False),
        sa.Column("issued_at", _TIME, nullable=True),
        sa.Column("used_at", _TIME, nullable=True),
        sa.Column("returning_at", _TIME, nullable=True),
        sa.Column("returned_at", _TIME, nullable=True),
        sa.Column("expires_at", _TIME, nullable=True),
        sa.Column("attempts", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("next_at", _TIME, nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "channel in ('till', 'online', 'admin', 'operator')",
            name=op.f("ck_redemption__channel"),
        ),
        sa.CheckConstraint(
            "state in ('reserved', 'issued', 'used', 'returning', 'returned')",
            name=op.f("ck_redemption__state"),
        ),
        sa.CheckConstraint("points > 0", name=op.f("ck_redemption__points")),
        sa.CheckConstraint(
            "points_returned between 0 and points", name=op.f("ck_redemption__points_returned")
        ),
        sa.ForeignKeyConstraint(
            ["shop_id", "member_id"], ["member.shop_id", "member.id"], name="fk_redemption__member"
        ),
        sa.ForeignKeyConstraint(
            ["shop_id", "reward_id"], ["reward.shop_id", "reward.id"], name="fk_redemption__reward"
        ),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_redemption")),
        sa.UniqueConstraint(
            "shop_id", "client_key", name=op.f("uq_redemption__shop_id_client_key")
        ),
        sa.UniqueConstraint("shop_id", "code", name=op.f("uq_redemption__shop_id_code")),
    )
    op.create_index(
        "ix_redemption__due",
        "redemption",
        ["shop_id", "next_at"],
        postgresql_where=sa.text("state in ('reserved', 'returning')"),
    )
    op.create_index(
        "ix_redemption__expiring",
        "redemption",
        ["shop_id", "expires_at"],
        postgresql_where=sa.text("state = 'issued'"),
    )
    op.create_index("ix_redemption__member", "redemption", ["shop_id", "member_id", "reserved_at"])
    op.create_index("ix_redemption__order", "redemption", ["shop_id", "order_id"])
    op.create_index("ix_redemption__actor", "redemption", ["shop_id", "actor", "reserved_at"])
    op.create_index(
        "ix_redemption__flagged",
        "redemption",
        ["shop_id", "reserved_at"],
        postgresql_where=sa.text("flags <> '[]'"),
    )


def _velocity() -> None:
    for name, limit in (("velocity_per_member", "5"), ("velocity_per_user", "50")):
        op.add_column(
            "programme", sa.Column(name, sa.BigInteger(), server_default=limit, nullable=False)
        )
        op.create_check_constraint(op.f(f"ck_programme__{name}"), "programme", f"{name} > 0")


def _work() -> None:
    """Which shops have work on which queue, redemptions that wait for Shopify among it."""
    tenancy.let_read("redemption")
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
        SELECT DISTINCT 'redemptions', due.shop_id FROM (
            SELECT shop_id FROM redemption
                WHERE state IN ('reserved', 'returning') AND next_at <= at
            UNION SELECT shop_id FROM redemption
                WHERE state = 'issued' AND expires_at <= at - interval '10 minutes'
        ) AS due;""",
    )
