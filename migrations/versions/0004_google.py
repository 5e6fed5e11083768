"""What Google Wallet holds of a member, and what it told us."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations import tenancy

revision = "0004"
down_revision = "0003"

TENANT_TABLES = ("google_class", "google_object", "google_notice", "google_callback")

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    _classes()
    _objects()
    _notices()
    _callbacks()
    for table in TENANT_TABLES:
        tenancy.protect(table)
    tenancy.remake_removal()


def _leased() -> list[sa.Column[Any]]:
    return [
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("content", JSONB(), nullable=False),
        sa.Column("sent_revision", sa.BigInteger(), nullable=False),
        sa.Column("sent_at", _TIME, nullable=True),
        sa.Column("claimed_by", sa.UUID(), nullable=True),
        sa.Column("lease_ends_at", _TIME, nullable=True),
    ]


def _classes() -> None:
    op.create_table(
        "google_class",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("class_id", sa.Text(), nullable=False),
        *_leased(),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_google_class__shop"),
        sa.PrimaryKeyConstraint("shop_id", "class_id", name=op.f("pk_google_class")),
    )


def _objects() -> None:
    op.create_table(
        "google_object",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("class_id", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Text(), nullable=False),
        *_leased(),
        sa.Column("notice_due", sa.Text(), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("saved_at", _TIME, nullable=True),
        sa.Column("removed_at", _TIME, nullable=True),
        sa.Column("heard_at", _TIME, nullable=True),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("voided_at", _TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["shop_id", "member_id"],
            ["member.shop_id", "member.id"],
            name="fk_google_object__member",
        ),
        sa.ForeignKeyConstraint(
            ["shop_id", "class_id"],
            ["google_class.shop_id", "google_class.class_id"],
            name="fk_google_object__google_class",
        ),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_google_object")),
        sa.UniqueConstraint(
            "shop_id", "object_id", name=op.f("uq_google_object__shop_id_object_id")
        ),
    )
    op.create_index(
        "uq_google_object__live",
        "google_object",
        ["shop_id", "member_id"],
        unique=True,
        postgresql_where="voided_at is null",
    )
    op.create_index("ix_google_object__member", "google_object", ["shop_id", "member_id", "id"])


def _notices() -> None:
    op.create_table(
        "google_notice",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("google_object_id", sa.UUID(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("noticed_at", _TIME, nullable=False),
        sa.CheckConstraint(
            "kind in ('tier', 'reward', 'balance', 'marketing')",
            name=op.f("ck_google_notice__kind"),
        ),
        sa.ForeignKeyConstraint(
            ["shop_id", "google_object_id"],
            ["google_object.shop_id", "google_object.id"],
            name="fk_google_notice__google_object",
        ),
        sa.PrimaryKeyConstraint(
            "shop_id", "google_object_id", "revision", name=op.f("pk_google_notice")
        ),
    )


def _callbacks() -> None:
    op.create_table(
        "google_callback",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_google_callback__shop"),
        sa.PrimaryKeyConstraint("shop_id", "nonce", name=op.f("pk_google_callback")),
    )
    op.create_index("ix_google_callback__expires", "google_callback", ["shop_id", "expires_at"])
