"""What Shopify shows of members, and what was found missing."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations import tenancy

revision = "0019"
down_revision = "0018"

TENANT_TABLES = (
    "shown_customer",
    "shown_definitions",
    "reconciliation_mark",
    "reconciliation_report",
    "reconciliation_finding",
)

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    _shown_customers()
    _shown_definitions()
    _marks()
    _reports()
    _findings()
    for table in TENANT_TABLES:
        tenancy.protect(table)
    _metrics()
    tenancy.remake_removal()


def _shown_customers() -> None:
    op.create_table(
        "shown_customer",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("held", JSONB(), nullable=False),
        sa.Column("digests", JSONB(), nullable=True),
        sa.Column("tag", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("written_at", _TIME, nullable=True),
        sa.CheckConstraint(
            "state in ('kept', 'due', 'sent', 'leaving', 'gone')",
            name=op.f("ck_shown_customer__state"),
        ),
        sa.ForeignKeyConstraint(
            ["shop_id", "customer_id"],
            ["customer.shop_id", "customer.customer_id"],
            name="fk_shown_customer__customer",
        ),
        sa.PrimaryKeyConstraint("shop_id", "customer_id", name=op.f("pk_shown_customer")),
    )
    op.create_index(
        "ix_shown_customer__at_work",
        "shown_customer",
        ["shop_id", "state", "customer_id"],
        postgresql_where=sa.text("state in ('due', 'sent', 'leaving')"),
    )


def _shown_definitions() -> None:
    op.create_table(
        "shown_definitions",
        sa.Column("shop_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("made_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_shown_definitions__shop"),
        sa.PrimaryKeyConstraint("shop_id", name=op.f("pk_shown_definitions")),
    )


def _marks() -> None:
    op.create_table(
        "reconciliation_mark",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("seen_until", _TIME, nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_reconciliation_mark__shop"),
        sa.PrimaryKeyConstraint("shop_id", "subject", name=op.f("pk_reconciliation_mark")),
    )


def _reports() -> None:
    op.create_table(
        "reconciliation_report",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("looked_at", sa.BigInteger(), nullable=False),
        sa.Column("found", sa.BigInteger(), nullable=False),
        sa.Column("started_at", _TIME, nullable=False),
        sa.Column("finished_at", _TIME, nullable=False),
        sa.CheckConstraint(
            "subject in ('orders', 'customers', 'codes', 'shown', 'balances')",
            name=op.f("ck_reconciliation_report__subject"),
        ),
        sa.ForeignKeyConstraint(
            ["shop_id"], ["shop.shop_id"], name="fk_reconciliation_report__shop"
        ),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_reconciliation_report")),
    )
    op.create_index(
        "ix_reconciliation_report__finished",
        "reconciliation_report",
        ["shop_id", "finished_at", "id"],
    )


def _findings() -> None:
    op.create_table(
        "reconciliation_finding",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("thing", sa.Text(), nullable=False),
        sa.Column("details", JSONB(), nullable=False),
        sa.Column("found_at", _TIME, nullable=False),
        sa.Column("mended_at", _TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["shop_id"], ["shop.shop_id"], name="fk_reconciliation_finding__shop"
        ),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_reconciliation_finding")),
    )
    op.create_index(
        "ix_reconciliation_finding__found",
        "reconciliation_finding",
        ["shop_id", "found_at", "id"],
    )
    op.create_index(
        "uq_reconciliation_finding__open",
        "reconciliation_finding",
        ["shop_id", "kind", "thing"],
        unique=True,
        postgresql_where=sa.text("mended_at is null"),
    )


def _metrics() -> None:
    """Counts and times over all shops: how much stands unmended, and how old the oldest look is."""
    for table in ("reconciliation_report", "reconciliation_finding"):
        tenancy.let_read(table)
    tenancy.definer_function(
        "reconciliation_state()",
        "TABLE (measure text, name text, amount bigint, oldest_at timestamptz)",
        """RETURN QUERY
        SELECT 'open', f.kind, count(*), min(f.found_at) FROM reconciliation_finding f
            WHERE f.mended_at IS NULL GROUP BY f.kind
        UNION ALL
        SELECT 'report', newest.subject, sum(newest.found)::bigint, min(newest.finished_at) FROM (
            SELECT DISTINCT ON (r.shop_id, r.subject) r.subject, r.found, r.finished_at
            FROM reconciliation_report r JOIN shop s USING (shop_id)
            WHERE s.status = 'installed'
            ORDER BY r.shop_id, r.subject, r.finished_at DESC
        ) newest GROUP BY newest.subject;""",
    )
