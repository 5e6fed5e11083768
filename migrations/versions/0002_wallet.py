"""Tables of the wallet, and the removal of a shop with them."""

from importlib import import_module

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations import tenancy

revision = "0002"
down_revision = "0001"

# Parents first: the order in which a distributed database must be told of them.
TENANT_TABLES = ("pass_type", "wallet_pass", "apple_registration", "apple_log", "member_token")

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    _passes()
    _registrations()
    _tokens()
    for table in TENANT_TABLES:
        tenancy.protect(table)
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON apple_device TO {tenancy.app_role()}")
    _removal()


def _passes() -> None:
    op.create_table(
        "pass_type",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("pass_type_id", sa.Text(), nullable=False),
        sa.Column("last_tag", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_pass_type__shop"),
        sa.PrimaryKeyConstraint("shop_id", "pass_type_id", name=op.f("pk_pass_type")),
    )
    op.create_table(
        "wallet_pass",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("pass_type_id", sa.Text(), nullable=False),
        sa.Column("authentication_token", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("tag", sa.BigInteger(), nullable=False),
        sa.Column("content", JSONB(), nullable=False),
        sa.Column("last_modified_at", _TIME, nullable=False),
        sa.Column("downloaded_revision", sa.BigInteger(), nullable=False),
        sa.Column("fetched_revision", sa.BigInteger(), nullable=False),
        sa.Column("push_created_revision", sa.BigInteger(), nullable=False),
        sa.Column("push_told_revision", sa.BigInteger(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("voided_at", _TIME, nullable=True),
        sa.CheckConstraint("platform in ('apple')", name=op.f("ck_wallet_pass__platform")),
        sa.CheckConstraint(
            "length(authentication_token) >= 32", name=op.f("ck_wallet_pass__authentication_token")
        ),
        sa.ForeignKeyConstraint(
            ["shop_id", "member_id"], ["member.shop_id", "member.id"], name="fk_wallet_pass__member"
        ),
        sa.ForeignKeyConstraint(
            ["shop_id", "pass_type_id"],
            ["pass_type.shop_id", "pass_type.pass_type_id"],
            name="fk_wallet_pass__pass_type",
        ),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_wallet_pass")),
    )
    op.create_index(
        "uq_wallet_pass__live",
        "wallet_pass",
        ["shop_id", "member_id", "platform"],
        unique=True,
        postgresql_where="voided_at is null",
    )
    op.create_index("ix_wallet_pass__member", "wallet_pass", ["shop_id", "member_id", "id"])


def _registrations() -> None:
    op.create_table(
        "apple_registration",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("pass_id", sa.UUID(), nullable=False),
        sa.Column("device_id", sa.Text(), nullable=False),
        sa.Column("registered_at", _TIME, nullable=False),
        sa.Column("removed_at", _TIME, nullable=True),
        sa.Column("pushed_revision", sa.BigInteger(), nullable=False),
        sa.Column("pushed_at", _TIME, nullable=True),
        sa.Column("asked_at", _TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["shop_id", "pass_id"],
            ["wallet_pass.shop_id", "wallet_pass.id"],
            name="fk_apple_registration__wallet_pass",
        ),
        sa.PrimaryKeyConstraint(
            "shop_id", "pass_id", "device_id", name=op.f("pk_apple_registration")
        ),
    )
    op.create_index(
        "ix_apple_registration__device",
        "apple_registration",
        ["shop_id", "device_id"],
        postgresql_where="removed_at is null",
    )
    op.create_table(
        "apple_device",
        sa.Column("device_id", sa.Text(), nullable=False),
        sa.Column("pass_type_id", sa.Text(), nullable=False),
        sa.Column("push_token", sa.Text(), nullable=False),
        sa.Column("registered_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("device_id", "pass_type_id", name=op.f("pk_apple_device")),
    )
    op.create_table(
        "apple_log",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("logged_at", _TIME, nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_apple_log__shop"),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_apple_log")),
    )
    op.create_index("ix_apple_log__logged", "apple_log", ["shop_id", "logged_at", "id"])


def _tokens() -> None:
    op.create_table(
        "member_token",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("short_code", sa.Text(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["shop_id", "member_id"],
            ["member.shop_id", "member.id"],
            name="fk_member_token__member",
        ),
        sa.PrimaryKeyConstraint("shop_id", "member_id", "epoch", name=op.f("pk_member_token")),
        sa.UniqueConstraint("shop_id", "token", name=op.f("uq_member_token__shop_id_token")),
        sa.UniqueConstraint(
            "shop_id", "short_code", name=op.f("uq_member_token__shop_id_short_code")
        ),
    )


def _removal() -> None:
    """As the first migration has it, with the wallet's tables before those they point at."""
    first = import_module("migrations.versions.0001_first_chain")
    tables = (*first.TENANT_TABLES, *TENANT_TABLES)
    deletes = "".join(f"DELETE FROM {table} WHERE shop_id = gone; " for table in reversed(tables))
    tenancy.definer_function(
        "remove_shop()",
        "void",
        "DECLARE gone bigint := nullif(current_setting('encore.shop', true), '')::bigint; "
        f"BEGIN {deletes} DELETE FROM shop_directory WHERE shop_id = gone; END;",
        owner=tenancy.REMOVER,
    )
