"""Coupons assigned to people, and the emails that tell of them and of rewards."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations import tenancy

revision = "0016"
down_revision = "0015"

TENANT_TABLES = ("coupon", "coupon_code")

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    _emails()
    _coupons()
    _coupon_codes()
    for table in TENANT_TABLES:
        tenancy.protect(table)
    tenancy.remake_removal()


def _emails() -> None:
    op.drop_constraint(op.f("ck_email_message__kind"), "email_message", type_="check")
    op.create_check_constraint(
        op.f("ck_email_message__kind"),
        "email_message",
        "kind in ('card', 'campaign', 'verification', 'birthday', 'expiry_warning', 'adjustment',"
        " 'reward', 'coupon', 'proof', 'erasure')",
    )


def _coupons() -> None:
    op.create_table(
        "coupon",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("percentage", sa.Numeric(), nullable=True),
        sa.Column("minimum_cart_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("combines_with", JSONB(), server_default="{}", nullable=False),
        sa.Column("per_member", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("code_source", sa.Text(), server_default="made", nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("anchor_code", sa.Text(), nullable=True),
        sa.Column("discount_gid", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("is_active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.CheckConstraint(
            "code_source in ('made', 'imported')", name=op.f("ck_coupon__code_source")
        ),
        sa.CheckConstraint(
            "kind in ('fixed_amount', 'percentage', 'free_shipping')", name=op.f("ck_coupon__kind")
        ),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_coupon__amount_minor")),
        sa.CheckConstraint("minimum_cart_minor >= 0", name=op.f("ck_coupon__minimum_cart_minor")),
        sa.CheckConstraint("per_member > 0", name=op.f("ck_coupon__per_member")),
        sa.CheckConstraint(
            "percentage > 0 and percentage <= 100", name=op.f("ck_coupon__percentage")
        ),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_coupon__shop"),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_coupon")),
        sa.UniqueConstraint("shop_id", "anchor_code", name=op.f("uq_coupon__shop_id_anchor_code")),
    )


def _coupon_codes() -> None:
    op.create_table(
        "coupon_code",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("coupon_id", sa.UUID(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=True),
        sa.Column("recipient_id", sa.UUID(), nullable=True),
        sa.Column("batch_id", sa.UUID(), nullable=True),
        sa.Column("sends_email", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("assigned_at", _TIME, nullable=True),
        sa.Column("ready_at", _TIME, nullable=True),
        sa.Column("used_at", _TIME, nullable=True),
        sa.Column("order_id", sa.BigInteger(), nullable=True),
        sa.Column("adding_gid", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state in ('free', 'making', 'ready', 'used', 'gone')",
            name=op.f("ck_coupon_code__state"),
        ),
        sa.ForeignKeyConstraint(
            ["shop_id", "coupon_id"], ["coupon.shop_id", "coupon.id"], name="fk_coupon_code__coupon"
        ),
        sa.ForeignKeyConstraint(
            ["shop_id", "member_id"], ["member.shop_id", "member.id"], name="fk_coupon_code__member"
        ),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_coupon_code")),
        sa.UniqueConstraint(
            "shop_id",
            "batch_id",
            "recipient_id",
            name=op.f("uq_coupon_code__shop_id_batch_id_recipient_id"),
        ),
        sa.UniqueConstraint("shop_id", "code", name=op.f("uq_coupon_code__shop_id_code")),
    )
    for name, columns, where in (
        ("coupon", ["shop_id", "coupon_id", "member_id"], None),
        ("free", ["shop_id", "coupon_id", "code"], "state = 'free'"),
        ("making", ["shop_id", "coupon_id", "id"], "state = 'making'"),
        ("member", ["shop_id", "member_id", "assigned_at"], None),
        ("order", ["shop_id", "order_id"], None),
    ):
        op.create_index(
            f"ix_coupon_code__{name}",
            "coupon_code",
            columns,
            postgresql_where=sa.text(where) if where else None,
        )
