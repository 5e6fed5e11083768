"""Which codes orders carry, what each took off which line, and which redemption it used."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations import tenancy

revision = "0015"
down_revision = "0014"

TENANT_TABLES = ("order_code", "order_line_code", "redemption_use")

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    _order_codes()
    _order_line_codes()
    _redemption_uses()
    for table in TENANT_TABLES:
        tenancy.protect(table)
    tenancy.remake_removal()


def _order_codes() -> None:
    op.create_table(
        "order_code",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["shop_id", "order_id"],
            ["shop_order.shop_id", "shop_order.order_id"],
            name="fk_order_code__shop_order",
        ),
        sa.PrimaryKeyConstraint("shop_id", "order_id", "code", name=op.f("pk_order_code")),
    )
    op.create_index("ix_order_code__code", "order_code", ["shop_id", "code"])


def _order_line_codes() -> None:
    op.create_table(
        "order_line_code",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("line_id", sa.BigInteger(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["shop_id", "order_id", "code"],
            ["order_code.shop_id", "order_code.order_id", "order_code.code"],
            name="fk_order_line_code__order_code",
        ),
        sa.PrimaryKeyConstraint(
            "shop_id", "order_id", "code", "line_id", name=op.f("pk_order_line_code")
        ),
    )


def _redemption_uses() -> None:
    op.create_table(
        "redemption_use",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("redemption_id", sa.UUID(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("entry_id", sa.UUID(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("points_returned", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("edits", JSONB(), server_default="[]", nullable=False),
        sa.Column("is_late", sa.Boolean(), nullable=False),
        sa.Column("used_at", _TIME, nullable=False),
        sa.Column("recorded_at", _TIME, nullable=False),
        sa.CheckConstraint("points > 0", name=op.f("ck_redemption_use__points")),
        sa.CheckConstraint(
            "points_returned between 0 and points", name=op.f("ck_redemption_use__points_returned")
        ),
        sa.ForeignKeyConstraint(
            ["shop_id", "order_id"],
            ["shop_order.shop_id", "shop_order.order_id"],
            name="fk_redemption_use__shop_order",
        ),
        sa.ForeignKeyConstraint(
            ["shop_id", "redemption_id"],
            ["redemption.shop_id", "redemption.id"],
            name="fk_redemption_use__redemption",
        ),
        sa.PrimaryKeyConstraint(
            "shop_id", "redemption_id", "order_id", name=op.f("pk_redemption_use")
        ),
    )
    op.create_index("ix_redemption_use__order", "redemption_use", ["shop_id", "order_id"])
