"""Meeting privacy requests, merges that wait, and what is left of the erased."""

import sqlalchemy as sa
from alembic import op

from migrations import tenancy

revision = "0008"
down_revision = "0007"

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    _requests()
    _erased()
    _merges()
    _installations()
    _locations()
    _global()
    for table in ("privacy_document", "customer_merge"):
        tenancy.protect(table)
    tenancy.remake_removal()
    _functions()


def _requests() -> None:
    op.add_column(
        "privacy_request",
        sa.Column("attempts", sa.BigInteger(), nullable=False, server_default="0"),
    )
    op.add_column(
        "privacy_request",
        sa.Column("next_at", _TIME, nullable=False, server_default=sa.func.now()),
    )
    op.add_column("privacy_request", sa.Column("error", sa.Text(), nullable=True))
    op.create_index(
        "ix_privacy_request__open",
        "privacy_request",
        ["shop_id", "next_at", "id"],
        postgresql_where="done_at is null",
    )
    op.create_table(
        "privacy_document",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("request_id", sa.UUID(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=True),
        sa.Column("made_at", _TIME, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["shop_id", "request_id"],
            ["privacy_request.shop_id", "privacy_request.id"],
            name="fk_privacy_document__privacy_request",
        ),
        sa.PrimaryKeyConstraint("shop_id", "request_id", name=op.f("pk_privacy_document")),
    )
    op.create_index("ix_privacy_document__customer", "privacy_document", ["shop_id", "customer_id"])


def _erased() -> None:
    op.add_column("customer", sa.Column("redacted_at", _TIME, nullable=True))


def _merges() -> None:
    op.create_table(
        "customer_merge",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("deleted_customer_id", sa.BigInteger(), nullable=False),
        sa.Column("kept_customer_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("merged_at", _TIME, nullable=False),
        sa.Column("received_at", _TIME, nullable=False),
        sa.CheckConstraint("state in ('waiting', 'done')", name=op.f("ck_customer_merge__state")),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_customer_merge__shop"),
        sa.PrimaryKeyConstraint(
            "shop_id", "deleted_customer_id", "kept_customer_id", name=op.f("pk_customer_merge")
        ),
    )
    op.create_index("ix_customer_merge__kept", "customer_merge", ["shop_id", "kept_customer_id"])


def _installations() -> None:
    for name in ("granted_at", "scopes_updated_at", "lost_at", "healed_at"):
        op.add_column("installation", sa.Column(name, _TIME, nullable=True))


def _locations() -> None:
    op.add_column("location", sa.Column("shopify_updated_at", _TIME, nullable=True))
    op.add_column("location", sa.Column("deleted_at", _TIME, nullable=True))


def _global() -> None:
    """What outlives a shop, and what comes before there is one. No personal data in either."""
    op.create_table(
        "removed_shop",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("removed_shop_id", sa.BigInteger(), nullable=False),
        sa.Column("domain_hash", sa.LargeBinary(), nullable=False),
        sa.Column("requested_at", _TIME, nullable=False),
        sa.Column("due_at", _TIME, nullable=False),
        sa.Column("removed_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_removed_shop")),
    )
    op.create_table(
        "used_state",
        sa.Column("state_hash", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("state_hash", name=op.f("pk_used_state")),
    )
    app = tenancy.app_role()
    op.execute(f"GRANT SELECT, INSERT ON removed_shop TO {app}")
    op.execute(f"GRANT SELECT, INSERT, DELETE ON used_state TO {app}")
    op.execute(f"GRANT DELETE ON stray_webhook TO {app}")


def _functions() -> None:
    tenancy.let_read("privacy_request")
    tenancy.definer_function(
        "privacy_waiting()",
        "TABLE (shop bigint, topic text, stuck boolean, next_at timestamptz, due_at timestamptz)",
        """RETURN QUERY
        SELECT p.shop_id, p.subject, p.error IS NOT NULL, p.next_at, p.due_at
        FROM privacy_request p WHERE p.done_at IS NULL ORDER BY p.due_at;""",
    )
    op.execute(f"GRANT SELECT, DELETE ON apple_device TO {tenancy.REMOVER}")
    tenancy.definer_function(
        "forget_devices(devices text[])",
        "void",
        """DELETE FROM apple_device d WHERE d.device_id = ANY (devices) AND NOT EXISTS (
            SELECT FROM apple_registration r
            WHERE r.device_id = d.device_id AND r.removed_at IS NULL);""",
        owner=tenancy.REMOVER,
    )
