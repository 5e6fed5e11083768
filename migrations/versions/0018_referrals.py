"""Who was brought by whom."""

import sqlalchemy as sa
from alembic import op

from migrations import tenancy

revision = "0018"
down_revision = "0017"

TENANT_TABLES = ("referral_settings", "referral")

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    _settings()
    _referrals()
    _indexes()
    # By what an address is known again: a friend's first order may go to the member's own.
    op.add_column("shop_order", sa.Column("ship_to", sa.Text(), nullable=True))
    for table in TENANT_TABLES:
        tenancy.protect(table)
    tenancy.remake_removal()


def _settings() -> None:
    op.create_table(
        "referral_settings",
        sa.Column("shop_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("is_on", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("coupon_id", sa.UUID(), nullable=True),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_referral_settings__shop"),
        sa.ForeignKeyConstraint(
            ["shop_id", "coupon_id"],
            ["coupon.shop_id", "coupon.id"],
            name="fk_referral_settings__coupon",
        ),
        sa.PrimaryKeyConstraint("shop_id", name=op.f("pk_referral_settings")),
    )


def _referrals() -> None:
    op.create_table(
        "referral",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("advocate_id", sa.UUID(), nullable=False),
        sa.Column("friend_id", sa.UUID(), nullable=True),
        sa.Column("request_id", sa.UUID(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("claimed_at", _TIME, nullable=False),
        sa.Column("client_hash", sa.LargeBinary(), nullable=False),
        sa.Column("email_hash", sa.LargeBinary(), nullable=True),
        sa.Column("address_hash", sa.LargeBinary(), nullable=True),
        sa.Column("due_at", _TIME, nullable=True),
        sa.Column("order_id", sa.BigInteger(), nullable=True),
        sa.Column("rule_id", sa.UUID(), nullable=True),
        sa.Column("rule_version", sa.BigInteger(), nullable=True),
        sa.Column("minimum_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("advocate_points", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("friend_points", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("decided_at", _TIME, nullable=True),
        sa.Column("paid_at", _TIME, nullable=True),
        sa.Column("reversed_at", _TIME, nullable=True),
        sa.CheckConstraint(
            "state in ('asked', 'blocked', 'flagged', 'rejected', 'waiting', 'failed', 'held',"
            " 'paid', 'reversed')",
            name=op.f("ck_referral__state"),
        ),
        sa.CheckConstraint("advocate_points >= 0", name=op.f("ck_referral__advocate_points")),
        sa.CheckConstraint("friend_points >= 0", name=op.f("ck_referral__friend_points")),
        sa.ForeignKeyConstraint(
            ["shop_id", "advocate_id"],
            ["member.shop_id", "member.id"],
            name="fk_referral__advocate",
        ),
        sa.ForeignKeyConstraint(
            ["shop_id", "friend_id"], ["member.shop_id", "member.id"], name="fk_referral__friend"
        ),
        sa.ForeignKeyConstraint(
            ["shop_id", "rule_id"],
            ["earning_rule.shop_id", "earning_rule.id"],
            name="fk_referral__earning_rule",
        ),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_referral__shop"),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_referral")),
    )


def _indexes() -> None:
    for name, columns in (
        ("address", ["shop_id", "address_hash", "claimed_at"]),
        ("advocate", ["shop_id", "advocate_id", "claimed_at", "id"]),
        ("client", ["shop_id", "client_hash", "claimed_at"]),
        ("email", ["shop_id", "email_hash"]),
    ):
        op.create_index(f"ix_referral__{name}", "referral", columns)
    op.create_index(
        "ix_referral__due",
        "referral",
        ["shop_id", "due_at"],
        postgresql_where="due_at is not null",
    )
    op.create_index(
        "ix_referral__request",
        "referral",
        ["shop_id", "request_id"],
        postgresql_where="state = 'asked'",
    )
    op.create_index(
        "uq_referral__friend",
        "referral",
        ["shop_id", "friend_id"],
        unique=True,
        postgresql_where="state <> 'blocked'",
    )
