"""Tiers and badges."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations import tenancy

revision = "0011"
down_revision = "0010"

TENANT_TABLES = ("tier", "member_tier", "badge", "member_badge")

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    _settings()
    _tiers()
    _standing()
    _badges()
    for table in TENANT_TABLES:
        tenancy.protect(table)
    tenancy.remake_removal()


def _settings() -> None:
    columns = (
        sa.Column("tiers_on", sa.Boolean(), nullable=False, server_default="false"),
        sa.Column("tier_metric", sa.Text(), nullable=False, server_default="spend"),
        sa.Column("tier_cycle", sa.Text(), nullable=False, server_default="lifetime"),
        sa.Column("tier_grace_days", sa.BigInteger(), nullable=False, server_default="30"),
        sa.Column("tier_counts_grants", sa.Boolean(), nullable=False, server_default="false"),
        sa.Column("tier_counts_imports", sa.Boolean(), nullable=False, server_default="false"),
        sa.Column("tier_version", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("standing_seen_on", sa.Date(), nullable=True),
    )
    for column in columns:
        op.add_column("programme", column)
    for name, condition in (
        ("tier_metric", "tier_metric in ('spend', 'points')"),
        ("tier_cycle", "tier_cycle in ('lifetime', 'calendar', 'enrolment', 'rolling')"),
        ("tier_grace_days", "tier_grace_days between 0 and 365"),
    ):
        op.create_check_constraint(op.f(f"ck_programme__{name}"), "programme", condition)


def _tiers() -> None:
    op.create_table(
        "tier",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("threshold", sa.BigInteger(), nullable=False),
        sa.Column("multiplier", sa.Numeric(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("retired_at", _TIME, nullable=True),
        sa.CheckConstraint("threshold >= 0", name=op.f("ck_tier__threshold")),
        sa.CheckConstraint("multiplier > 0", name=op.f("ck_tier__multiplier")),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_tier__shop"),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_tier")),
    )


def _standing() -> None:
    op.create_table(
        "member_tier",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("tier_id", sa.UUID(), nullable=True),
        sa.Column("since_at", _TIME, nullable=False),
        sa.Column("hand_mode", sa.Text(), nullable=True),
        sa.Column("hand_tier_id", sa.UUID(), nullable=True),
        sa.Column("hand_reason", sa.Text(), nullable=True),
        sa.Column("hand_until_on", sa.Date(), nullable=True),
        sa.Column("hand_by", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "hand_mode in ('floor', 'lock')", name=op.f("ck_member_tier__hand_mode")
        ),
        sa.CheckConstraint(
            "hand_mode = 'lock' or hand_mode is null or hand_tier_id is not null",
            name=op.f("ck_member_tier__floor_has_tier"),
        ),
        sa.ForeignKeyConstraint(
            ["shop_id", "member_id"],
            ["member.shop_id", "member.id"],
            name="fk_member_tier__member",
        ),
        sa.ForeignKeyConstraint(
            ["shop_id", "tier_id"], ["tier.shop_id", "tier.id"], name="fk_member_tier__tier"
        ),
        sa.ForeignKeyConstraint(
            ["shop_id", "hand_tier_id"], ["tier.shop_id", "tier.id"], name="fk_member_tier__hand"
        ),
        sa.PrimaryKeyConstraint("shop_id", "member_id", name=op.f("pk_member_tier")),
    )
    op.create_index("ix_member_tier__tier", "member_tier", ["shop_id", "tier_id", "member_id"])


def _badges() -> None:
    op.create_table(
        "badge",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("criteria", JSONB(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_badge__shop"),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_badge")),
        sa.UniqueConstraint("shop_id", "code", name=op.f("uq_badge__shop_id")),
    )
    op.create_table(
        "member_badge",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("badge_id", sa.UUID(), nullable=False),
        sa.Column("earned_on", sa.Date(), nullable=False),
        sa.Column("earned_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["shop_id", "member_id"],
            ["member.shop_id", "member.id"],
            name="fk_member_badge__member",
        ),
        sa.ForeignKeyConstraint(
            ["shop_id", "badge_id"], ["badge.shop_id", "badge.id"], name="fk_member_badge__badge"
        ),
        sa.PrimaryKeyConstraint("shop_id", "member_id", "badge_id", name=op.f("pk_member_badge")),
    )
    op.create_index("ix_member_badge__badge", "member_badge", ["shop_id", "badge_id", "member_id"])
