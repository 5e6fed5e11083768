"""All addresses of a friend are known again, and customers are found by theirs."""

import sqlalchemy as sa
from alembic import op

from migrations import tenancy

revision = "0026"
down_revision = "0025"

TENANT_TABLES = ("referral_email",)


def upgrade() -> None:
    op.create_table(
        "referral_email",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("referral_id", sa.UUID(), nullable=False),
        sa.Column("email_hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["shop_id", "referral_id"],
            ["referral.shop_id", "referral.id"],
            name="fk_referral_email__referral",
        ),
        sa.PrimaryKeyConstraint(
            "shop_id", "referral_id", "email_hash", name=op.f("pk_referral_email")
        ),
    )
    op.create_index("ix_referral_email__hash", "referral_email", ["shop_id", "email_hash"])
    _move_hashes()
    op.create_index(
        "ix_customer__email",
        "customer",
        ["shop_id", "email_norm"],
        postgresql_where="email_norm <> ''",
    )
    for table in TENANT_TABLES:
        tenancy.protect(table)
    tenancy.remake_removal()


def _move_hashes() -> None:
    # The owner of a table sees its rows of all shops only while it need not keep to its policies.
    op.execute("ALTER TABLE referral NO FORCE ROW LEVEL SECURITY")
    op.execute(
        "INSERT INTO referral_email (shop_id, referral_id, email_hash) "
        "SELECT shop_id, id, email_hash FROM referral WHERE email_hash IS NOT NULL"
    )
    op.execute("ALTER TABLE referral FORCE ROW LEVEL SECURITY")
    op.drop_index("ix_referral__email", "referral")
    op.drop_column("referral", "email_hash")
