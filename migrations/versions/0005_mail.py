"""Emails asked for, sent and answered, and the addresses that must not be written to."""

import sqlalchemy as sa
from alembic import op

from migrations import tenancy

revision = "0005"
down_revision = "0004"

TENANT_TABLES = ("email_message", "email_address", "email_feedback")

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.execute("ALTER TABLE programme ADD COLUMN sends_card_email boolean NOT NULL DEFAULT true")
    _messages()
    _addresses()
    _feedback()
    for table in TENANT_TABLES:
        tenancy.protect(table)
    tenancy.remake_removal()


def _messages() -> None:
    moments = ("sent_at", "delivered_at", "bounced_at", "complained_at")
    op.create_table(
        "email_message",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("event_id", sa.UUID(), nullable=False),
        sa.Column("client_key", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("is_asked_for", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("doubts", sa.BigInteger(), nullable=False),
        sa.Column("address_hash", sa.Text(), nullable=True),
        sa.Column("ses_message_id", sa.Text(), nullable=True),
        sa.Column("created_at", _TIME, nullable=False),
        *(sa.Column(name, _TIME, nullable=True) for name in moments),
        sa.CheckConstraint("kind in ('card', 'campaign')", name=op.f("ck_email_message__kind")),
        sa.CheckConstraint(
            "state in ('queued', 'sending', 'sent', 'unknown', 'failed', 'blocked')",
            name=op.f("ck_email_message__state"),
        ),
        sa.ForeignKeyConstraint(
            ["shop_id", "member_id"],
            ["member.shop_id", "member.id"],
            name="fk_email_message__member",
        ),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_email_message")),
        sa.UniqueConstraint("shop_id", "event_id", name=op.f("uq_email_message__shop_id_event_id")),
        sa.UniqueConstraint(
            "shop_id", "client_key", name=op.f("uq_email_message__shop_id_client_key")
        ),
    )
    op.create_index("ix_email_message__member", "email_message", ["shop_id", "member_id", "id"])


def _addresses() -> None:
    op.create_table(
        "email_address",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("address_hash", sa.Text(), nullable=False),
        sa.Column("hard_bounced_at", _TIME, nullable=True),
        sa.Column("hard_bounce_reason", sa.Text(), nullable=True),
        sa.Column("soft_bounces", sa.BigInteger(), nullable=False),
        sa.Column("soft_bounced_at", _TIME, nullable=True),
        sa.Column("cleared_at", _TIME, nullable=True),
        sa.Column("complained_at", _TIME, nullable=True),
        sa.Column("unsubscribed_at", _TIME, nullable=True),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_email_address__shop"),
        sa.PrimaryKeyConstraint("shop_id", "address_hash", name=op.f("pk_email_address")),
    )


def _feedback() -> None:
    op.create_table(
        "email_feedback",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("sns_message_id", sa.Text(), nullable=False),
        sa.Column("received_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_email_feedback__shop"),
        sa.PrimaryKeyConstraint("shop_id", "sns_message_id", name=op.f("pk_email_feedback")),
    )
    op.create_index("ix_email_feedback__received", "email_feedback", ["shop_id", "received_at"])
