"""What shops say that their points are worth."""

import sqlalchemy as sa
from alembic import op

from migrations import tenancy

revision = "0020"
down_revision = "0019"

TENANT_TABLES = ("liability_setting",)


def upgrade() -> None:
    op.create_table(
        "liability_setting",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("point_value_minor", sa.Numeric(), nullable=True),
        sa.Column("breakage", sa.Numeric(), nullable=True),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "breakage >= 0 and breakage < 1", name=op.f("ck_liability_setting__breakage")
        ),
        sa.CheckConstraint(
            "point_value_minor > 0", name=op.f("ck_liability_setting__point_value_minor")
        ),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_liability_setting__shop"),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_liability_setting")),
    )
    for table in TENANT_TABLES:
        tenancy.protect(table)
    tenancy.remake_removal()
