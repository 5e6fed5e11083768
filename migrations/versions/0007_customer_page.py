"""Preferences, clicks on pass links, the hops of each push, and what each revision said."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations import tenancy

revision = "0007"
down_revision = "0006"

TENANT_TABLES = (
    *("notification_preference", "pass_click", "push_message", "push_hop", "pass_revision"),
)

_TIME = sa.DateTime(timezone=True)
_KINDS = ("balance", "location", "marketing", "tier", "reward")


def upgrade() -> None:
    _preferences()
    _clicks()
    _hops()
    _revisions()
    for table in TENANT_TABLES:
        tenancy.protect(table)
    tenancy.remake_removal()


def _preferences() -> None:
    switches = [sa.Column(kind, sa.Boolean(), nullable=False) for kind in _KINDS]
    op.create_table(
        "notification_preference",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        *switches,
        sa.Column("changed_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["shop_id", "member_id"],
            ["member.shop_id", "member.id"],
            name="fk_notification_preference__member",
        ),
        sa.PrimaryKeyConstraint("shop_id", "member_id", name=op.f("pk_notification_preference")),
    )


def _clicks() -> None:
    op.create_table(
        "pass_click",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("clicked_at", _TIME, nullable=False),
        sa.CheckConstraint(
            "platform in ('apple', 'google', 'email', 'page')", name=op.f("ck_pass_click__platform")
        ),
        sa.CheckConstraint("target in ('card', 'shop')", name=op.f("ck_pass_click__target")),
        sa.ForeignKeyConstraint(
            ["shop_id", "member_id"], ["member.shop_id", "member.id"], name="fk_pass_click__member"
        ),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_pass_click")),
    )
    op.create_index("ix_pass_click__member", "pass_click", ["shop_id", "member_id", "clicked_at"])


def _hops() -> None:
    op.create_table(
        "push_message",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("sent_at", _TIME, nullable=True),
        sa.Column("failed_at", _TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["shop_id", "member_id"],
            ["member.shop_id", "member.id"],
            name="fk_push_message__member",
        ),
        sa.PrimaryKeyConstraint("shop_id", "member_id", "message", name=op.f("pk_push_message")),
    )
    op.create_index("ix_push_message__created", "push_message", ["shop_id", "created_at"])
    op.create_table(
        "push_hop",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("pass_id", sa.UUID(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("device_id", sa.Text(), nullable=False),
        sa.Column("hop", sa.Text(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint("platform in ('apple', 'google')", name=op.f("ck_push_hop__platform")),
        sa.CheckConstraint(
            "hop in ('queued', 'accepted', 'refused', 'asked', 'fetched', 'callback')",
            name=op.f("ck_push_hop__hop"),
        ),
        sa.ForeignKeyConstraint(
            ["shop_id", "member_id"], ["member.shop_id", "member.id"], name="fk_push_hop__member"
        ),
        sa.PrimaryKeyConstraint(
            "shop_id", "pass_id", "revision", "device_id", "hop", name=op.f("pk_push_hop")
        ),
    )
    op.create_index("ix_push_hop__member", "push_hop", ["shop_id", "member_id", "at"])
    op.create_index("ix_push_hop__at", "push_hop", ["shop_id", "at"])


def _revisions() -> None:
    op.create_table(
        "pass_revision",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("pass_id", sa.UUID(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("last_modified_at", _TIME, nullable=False),
        sa.Column("said", JSONB(), nullable=False),
        sa.Column("notice", sa.Text(), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["shop_id", "pass_id"],
            ["wallet_pass.shop_id", "wallet_pass.id"],
            name="fk_pass_revision__wallet_pass",
        ),
        sa.PrimaryKeyConstraint("shop_id", "pass_id", "revision", name=op.f("pk_pass_revision")),
    )
