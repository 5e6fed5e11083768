"""How members came, were archived and merged."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations import tenancy

revision = "0013"
down_revision = "0012"

TENANT_TABLES = ("member_consent", "member_merge", "member_merge_row", "join_request")

_TIME = sa.DateTime(timezone=True)
_CARDS = (
    ("wallet_pass", ["shop_id", "member_id", "platform"]),
    ("google_object", ["shop_id", "member_id"]),
)


def upgrade() -> None:
    _members()
    _balances()
    _programme()
    _consents()
    _merges()
    _customer_merges()
    _cards()
    _joins()
    for table in TENANT_TABLES:
        tenancy.protect(table)
    tenancy.remake_removal()


def _members() -> None:
    op.drop_constraint(op.f("ck_member__state"), "member", type_="check")
    op.create_check_constraint(
        op.f("ck_member__state"), "member", "state in ('active', 'archived', 'merged', 'erased')"
    )
    op.add_column("member", sa.Column("phone_verified_at", _TIME, nullable=True))
    op.add_column("member", sa.Column("archived_at", _TIME, nullable=True))
    op.add_column("member", sa.Column("details_customer_id", sa.BigInteger(), nullable=True))
    op.execute(
        "UPDATE member SET details_customer_id = (SELECT min(customer_id) FROM customer "
        "WHERE customer.shop_id = member.shop_id AND customer.member_id = member.id "
        "AND customer.deleted_at IS NULL)"
    )
    op.create_index(
        "ix_member__phone",
        "member",
        ["shop_id", "phone"],
        postgresql_where=sa.text("phone is not null"),
    )


def _balances() -> None:
    op.add_column("member_balance", sa.Column("merged_into", sa.UUID(), nullable=True))
    op.create_foreign_key(
        "fk_member_balance__merged_into",
        "member_balance",
        "member",
        ["shop_id", "merged_into"],
        ["shop_id", "id"],
    )
    op.create_index(
        "ix_member_balance__merged_into",
        "member_balance",
        ["shop_id", "merged_into"],
        postgresql_where=sa.text("merged_into is not null"),
    )


def _programme() -> None:
    op.add_column("programme", sa.Column("terms_url", sa.Text(), nullable=True))
    op.add_column(
        "programme",
        sa.Column("has_join_page", sa.Boolean(), nullable=False, server_default=sa.true()),
    )


def _consents() -> None:
    op.create_table(
        "member_consent",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("changed_at", _TIME, nullable=False),
        sa.CheckConstraint("channel in ('email', 'sms')", name=op.f("ck_member_consent__channel")),
        sa.CheckConstraint(
            "state in ('subscribed', 'asked', 'unsubscribed')",
            name=op.f("ck_member_consent__state"),
        ),
        sa.ForeignKeyConstraint(
            ["shop_id", "member_id"],
            ["member.shop_id", "member.id"],
            name="fk_member_consent__member",
        ),
        sa.PrimaryKeyConstraint("shop_id", "member_id", "channel", name=op.f("pk_member_consent")),
    )


def _merges() -> None:
    op.create_table(
        "member_merge",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("survivor_id", sa.UUID(), nullable=False),
        sa.Column("merged_id", sa.UUID(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("notes", JSONB(), nullable=False),
        sa.Column("merged_at", _TIME, nullable=False),
        sa.Column("undo_until", _TIME, nullable=False),
        sa.Column("undone_at", _TIME, nullable=True),
        sa.CheckConstraint("state in ('done', 'undone')", name=op.f("ck_member_merge__state")),
        sa.CheckConstraint("survivor_id <> merged_id", name=op.f("ck_member_merge__two")),
        *(
            sa.ForeignKeyConstraint(
                ["shop_id", column],
                ["member.shop_id", "member.id"],
                name=f"fk_member_merge__{column.removesuffix('_id')}",
            )
            for column in ("survivor_id", "merged_id")
        ),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_member_merge")),
    )
    op.create_index("ix_member_merge__survivor", "member_merge", ["shop_id", "survivor_id", "id"])
    op.create_index("ix_member_merge__merged", "member_merge", ["shop_id", "merged_id", "id"])
    op.create_table(
        "member_merge_row",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("merge_id", sa.UUID(), nullable=False),
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("row_key", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["shop_id", "merge_id"],
            ["member_merge.shop_id", "member_merge.id"],
            name="fk_member_merge_row__member_merge",
        ),
        sa.PrimaryKeyConstraint(
            "shop_id", "merge_id", "table_name", "row_key", name=op.f("pk_member_merge_row")
        ),
    )


def _customer_merges() -> None:
    op.drop_constraint(op.f("ck_customer_merge__state"), "customer_merge", type_="check")
    op.create_check_constraint(
        op.f("ck_customer_merge__state"),
        "customer_merge",
        "state in ('waiting', 'done', 'failed', 'refused')",
    )
    op.add_column("customer_merge", sa.Column("merge_id", sa.UUID(), nullable=True))
    op.add_column("customer_merge", sa.Column("done_at", _TIME, nullable=True))
    op.add_column("customer_merge", sa.Column("reason", sa.Text(), nullable=True))
    op.create_index(
        "ix_customer_merge__waiting",
        "customer_merge",
        ["shop_id", "merged_at"],
        postgresql_where=sa.text("state = 'waiting'"),
    )


def _cards() -> None:
    """A card that came to its member by a merge stays live beside the member's own."""
    for table, columns in _CARDS:
        op.add_column(table, sa.Column("home_member_id", sa.UUID(), nullable=True))
        op.create_foreign_key(
            f"fk_{table}__home_member",
            table,
            "member",
            ["shop_id", "home_member_id"],
            ["shop_id", "id"],
        )
        op.drop_index(f"uq_{table}__live", table)
        op.create_index(
            f"uq_{table}__live",
            table,
            columns,
            unique=True,
            postgresql_where=sa.text("voided_at is null and home_member_id is null"),
        )


def _joins() -> None:
    op.create_table(
        "join_request",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("first_name", sa.Text(), nullable=True),
        sa.Column("last_name", sa.Text(), nullable=True),
        sa.Column("contact_hash", sa.LargeBinary(), nullable=False),
        sa.Column("client_hash", sa.LargeBinary(), nullable=False),
        sa.Column("wants_marketing", sa.Boolean(), nullable=False),
        sa.Column("terms_url", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=True),
        sa.Column("asked_at", _TIME, nullable=False),
        sa.Column("done_at", _TIME, nullable=True),
        sa.CheckConstraint(
            "state in ('waiting', 'done', 'failed')", name=op.f("ck_join_request__state")
        ),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_join_request__shop"),
        sa.ForeignKeyConstraint(
            ["shop_id", "member_id"],
            ["member.shop_id", "member.id"],
            name="fk_join_request__member",
        ),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_join_request")),
    )
    op.create_index("ix_join_request__contact", "join_request", ["shop_id", "contact_hash"])
    op.create_index(
        "ix_join_request__client", "join_request", ["shop_id", "client_hash", "asked_at"]
    )
    op.create_index("ix_join_request__asked", "join_request", ["shop_id", "asked_at"])
    op.create_index("ix_join_request__member", "join_request", ["shop_id", "member_id"])
