"""Second proofs, limits of the till, and codes sent by email."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations import tenancy

revision = "0017"
down_revision = "0016"

TENANT_TABLES = ("till_limit", "till_manager", "till_try", "till_code", "email_challenge")

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    _allowances()
    _limits()
    _managers()
    _tries()
    _codes()
    _challenges()
    # What a card in Google Wallet says of tier and reward, so that a change of them is told.
    op.add_column("google_object", sa.Column("said", JSONB(), nullable=True))
    for table in TENANT_TABLES:
        tenancy.protect(table)
    tenancy.remake_removal()


def _allowances() -> None:
    op.drop_constraint(op.f("ck_till_allowance__granted"), "till_allowance")
    op.alter_column("till_allowance", "granted", server_default="0")
    op.add_column(
        "till_allowance",
        sa.Column("redeemed", sa.BigInteger(), server_default="0", nullable=False),
    )
    for column in ("granted", "redeemed"):
        op.create_check_constraint(
            op.f(f"ck_till_allowance__{column}"), "till_allowance", f"{column} >= 0"
        )


def _limits() -> None:
    op.create_table(
        "till_limit",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("location_id", sa.BigInteger(), nullable=False),
        sa.Column("grant_per_day", sa.BigInteger(), nullable=True),
        sa.Column("redeem_per_day", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("grant_per_day >= 0", name=op.f("ck_till_limit__grant_per_day")),
        sa.CheckConstraint("redeem_per_day >= 0", name=op.f("ck_till_limit__redeem_per_day")),
        sa.CheckConstraint("user_id >= 0 and location_id >= 0", name=op.f("ck_till_limit__whose")),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_till_limit__shop"),
        sa.PrimaryKeyConstraint("shop_id", "user_id", "location_id", name=op.f("pk_till_limit")),
    )


def _managers() -> None:
    op.create_table(
        "till_manager",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("pin_digest", sa.LargeBinary(), nullable=False),
        sa.Column("set_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_till_manager__shop"),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_till_manager")),
        sa.UniqueConstraint("shop_id", "name", name=op.f("uq_till_manager__shop_id_name")),
        sa.UniqueConstraint(
            "shop_id", "pin_digest", name=op.f("uq_till_manager__shop_id_pin_digest")
        ),
    )


def _tries() -> None:
    op.create_table(
        "till_try",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.BigInteger(), nullable=False),
        sa.Column("since_at", _TIME, nullable=False),
        sa.CheckConstraint("tries > 0", name=op.f("ck_till_try__tries")),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_till_try__shop"),
        sa.PrimaryKeyConstraint("shop_id", "user_id", name=op.f("pk_till_try")),
    )


def _codes() -> None:
    op.create_table(
        "till_code",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["shop_id", "member_id"], ["member.shop_id", "member.id"], name="fk_till_code__member"
        ),
        sa.PrimaryKeyConstraint("shop_id", "member_id", name=op.f("pk_till_code")),
    )


def _challenges() -> None:
    op.create_table(
        "email_challenge",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("body", JSONB(), nullable=False),
        sa.Column("wrong_tries", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("asked_at", _TIME, nullable=False),
        sa.Column("proved_at", _TIME, nullable=True),
        sa.CheckConstraint(
            "purpose in ('data', 'erase', 'redeem')", name=op.f("ck_email_challenge__purpose")
        ),
        sa.CheckConstraint("wrong_tries >= 0", name=op.f("ck_email_challenge__wrong_tries")),
        sa.ForeignKeyConstraint(
            ["shop_id", "member_id"],
            ["member.shop_id", "member.id"],
            name="fk_email_challenge__member",
        ),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_email_challenge")),
    )
    op.create_index("ix_email_challenge__asked", "email_challenge", ["shop_id", "asked_at"])
    op.create_index(
        "ix_email_challenge__member", "email_challenge", ["shop_id", "member_id", "asked_at"]
    )
