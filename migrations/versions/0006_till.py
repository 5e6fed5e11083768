"""What a till wrote, by its own key, so that a resend counts once; what a user granted on a day."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations import tenancy

revision = "0006"
down_revision = "0005"

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    _setting()
    _allowances()
    _writes()
    for table in ("till_allowance", "till_write"):
        tenancy.protect(table)
    tenancy.remake_removal()


def _setting() -> None:
    op.add_column(
        "programme",
        sa.Column("till_grant_cap_per_day", sa.BigInteger(), server_default="500", nullable=False),
    )
    op.create_check_constraint(
        op.f("ck_programme__till_grant_cap_per_day"), "programme", "till_grant_cap_per_day >= 0"
    )


def _allowances() -> None:
    op.create_table(
        "till_allowance",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("day_on", sa.Date(), nullable=False),
        sa.Column("granted", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("granted > 0", name=op.f("ck_till_allowance__granted")),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_till_allowance__shop"),
        sa.PrimaryKeyConstraint("shop_id", "user_id", "day_on", name=op.f("pk_till_allowance")),
    )


def _writes() -> None:
    op.create_table(
        "till_write",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("client_key", sa.UUID(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=True),
        sa.Column("status", sa.BigInteger(), nullable=False),
        sa.Column("answer", JSONB(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_till_write__shop"),
        sa.ForeignKeyConstraint(
            ["shop_id", "member_id"], ["member.shop_id", "member.id"], name="fk_till_write__member"
        ),
        sa.PrimaryKeyConstraint("shop_id", "client_key", name=op.f("pk_till_write")),
    )
    op.create_index("ix_till_write__member", "till_write", ["shop_id", "member_id"])
    op.create_index("ix_till_write__created", "till_write", ["shop_id", "created_at"])
