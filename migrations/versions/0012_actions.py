"""Actions that earn, and the readers that see them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations import tenancy

revision = "0012"
down_revision = "0011"

TENANT_TABLES = ("member_action", "reader", "check_in", "follow_link")

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    _birthdays()
    _emails()
    _actions()
    _readers()
    _check_ins()
    _follow_links()
    for table in TENANT_TABLES:
        tenancy.protect(table)
    tenancy.remake_removal()


def _birthdays() -> None:
    """A birthday is a month and a day: it is kept in 2000, which has a 29 February."""
    op.add_column("member", sa.Column("birthday_changed_on", sa.Date(), nullable=True))
    op.create_check_constraint(
        op.f("ck_member__birthday_on"), "member", "extract(year from birthday_on) = 2000"
    )
    op.create_index(
        "ix_member__birthday",
        "member",
        ["shop_id", "birthday_on", "id"],
        postgresql_where=sa.text("birthday_on is not null and state = 'active'"),
    )


def _emails() -> None:
    op.drop_constraint(op.f("ck_email_message__kind"), "email_message", type_="check")
    op.create_check_constraint(
        op.f("ck_email_message__kind"),
        "email_message",
        "kind in ('card', 'campaign', 'verification', 'birthday', 'expiry_warning', 'adjustment')",
    )


def _actions() -> None:
    op.create_table(
        "member_action",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("done_on", sa.Date(), nullable=False),
        sa.Column("occurred_at", _TIME, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("rule_id", sa.UUID(), nullable=True),
        sa.Column("rule_version", sa.BigInteger(), nullable=True),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("entry_id", sa.UUID(), nullable=True),
        sa.CheckConstraint(
            "state in ('earned', 'held', 'unrewarded', 'forgone')",
            name=op.f("ck_member_action__state"),
        ),
        sa.ForeignKeyConstraint(
            ["shop_id", "member_id"],
            ["member.shop_id", "member.id"],
            name="fk_member_action__member",
        ),
        sa.ForeignKeyConstraint(
            ["shop_id", "rule_id"],
            ["earning_rule.shop_id", "earning_rule.id"],
            name="fk_member_action__earning_rule",
        ),
        sa.ForeignKeyConstraint(
            ["shop_id", "entry_id"],
            ["ledger_entry.shop_id", "ledger_entry.id"],
            name="fk_member_action__ledger_entry",
        ),
        sa.PrimaryKeyConstraint(
            "shop_id", "member_id", "kind", "key", name=op.f("pk_member_action")
        ),
    )
    op.create_index(
        "ix_member_action__held",
        "member_action",
        ["shop_id", "occurred_at", "member_id"],
        postgresql_where=sa.text("state = 'held'"),
    )


def _readers() -> None:
    op.create_table(
        "reader",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("location_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", _TIME, nullable=False),
        sa.Column("rotated_at", _TIME, nullable=True),
        sa.Column("revoked_at", _TIME, nullable=True),
        sa.Column("asked_since", _TIME, nullable=True),
        sa.Column("asked", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["shop_id", "location_id"],
            ["location.shop_id", "location.location_id"],
            name="fk_reader__location",
        ),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_reader")),
    )


def _check_ins() -> None:
    op.create_table(
        "check_in",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("location_id", sa.BigInteger(), nullable=False),
        sa.Column("reader_id", sa.UUID(), nullable=True),
        sa.Column("client_key", sa.UUID(), nullable=False),
        sa.Column("day_on", sa.Date(), nullable=False),
        sa.Column("occurred_at", _TIME, nullable=False),
        sa.Column("noted_at", _TIME, nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("answer", JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["shop_id", "member_id"], ["member.shop_id", "member.id"], name="fk_check_in__member"
        ),
        sa.ForeignKeyConstraint(
            ["shop_id", "location_id"],
            ["location.shop_id", "location.location_id"],
            name="fk_check_in__location",
        ),
        sa.ForeignKeyConstraint(
            ["shop_id", "reader_id"], ["reader.shop_id", "reader.id"], name="fk_check_in__reader"
        ),
        sa.UniqueConstraint(
            "shop_id",
            "reader_id",
            "client_key",
            name=op.f("uq_check_in__shop_id_reader_id_client_key"),
        ),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_check_in")),
    )
    op.create_index(
        "ix_check_in__member", "check_in", ["shop_id", "member_id", "location_id", "day_on"]
    )


def _follow_links() -> None:
    op.create_table(
        "follow_link",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("made_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_follow_link__shop"),
        sa.PrimaryKeyConstraint("shop_id", "network", name=op.f("pk_follow_link")),
    )
