"""When lots expire, what was forgiven, and what moves between members."""

import sqlalchemy as sa
from alembic import op

from migrations import tenancy

revision = "0010"
down_revision = "0009"

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    _settings()
    _lots()
    _moves()
    _changes()
    for table in ("figure_move", "lot_move"):
        tenancy.protect(table, "SELECT, INSERT")
        tenancy.append_only(table)
    for table in ("expiry_change", "expiry_warning"):
        tenancy.protect(table)
    tenancy.remake_removal()


def _settings() -> None:
    for column in (
        sa.Column("expiry_mode", sa.Text(), nullable=False, server_default="never"),
        sa.Column("expiry_days", sa.BigInteger(), nullable=True),
        sa.Column("expiry_months", sa.BigInteger(), nullable=True),
        sa.Column("expiry_since", sa.Date(), nullable=True),
        sa.Column("expiry_checked_on", sa.Date(), nullable=True),
        sa.Column("negative_balance", sa.Text(), nullable=False, server_default="allow"),
    ):
        op.add_column("programme", column)
    op.create_check_constraint(
        op.f("ck_programme__expiry"),
        "programme",
        "(expiry_mode = 'never' and expiry_since is null) or (expiry_since is not null and "
        "((expiry_mode in ('days', 'inactivity') and expiry_days > 0)"
        " or (expiry_mode = 'months' and expiry_months > 0)))",
    )
    op.create_check_constraint(
        op.f("ck_programme__negative_balance"),
        "programme",
        "negative_balance in ('allow', 'clamp')",
    )
    op.add_column("member_balance", sa.Column("active_on", sa.Date(), nullable=True))


def _lots() -> None:
    op.add_column(
        "lot", sa.Column("has_own_date", sa.Boolean(), nullable=False, server_default="false")
    )
    op.add_column("lot", sa.Column("replaces_id", sa.UUID(), nullable=True))
    op.create_foreign_key(
        "fk_lot__replaces", "lot", "lot", ["shop_id", "replaces_id"], ["shop_id", "id"]
    )
    op.create_index(
        "ix_lot__expiring",
        "lot",
        ["shop_id", "last_valid_on", "member_id"],
        postgresql_where="points_left > 0 and released_at is not null",
    )
    op.create_index("ix_lot__entry", "lot", ["shop_id", "entry_id"])
    op.drop_constraint(op.f("ck_lot_debit__points"), "lot_debit", type_="check")
    op.create_check_constraint(op.f("ck_lot_debit__points"), "lot_debit", "points <> 0")
    op.create_index(
        "ix_ledger_entry__reverses",
        "ledger_entry",
        ["shop_id", "reverses_id"],
        postgresql_where="reverses_id is not null",
    )


def _moves() -> None:
    op.create_table(
        "figure_move",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("earned", sa.BigInteger(), nullable=False),
        sa.Column("burned", sa.BigInteger(), nullable=False),
        sa.Column("source_kind", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("posted_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["shop_id", "member_id"],
            ["member.shop_id", "member.id"],
            name="fk_figure_move__member",
        ),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_figure_move")),
    )
    op.create_index("ix_figure_move__member", "figure_move", ["shop_id", "member_id"])
    op.create_table(
        "lot_move",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("merge_id", sa.UUID(), nullable=False),
        sa.Column("lot_id", sa.UUID(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("to_member_id", sa.UUID(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("moved_at", _TIME, nullable=False),
        sa.CheckConstraint("points >= 0", name=op.f("ck_lot_move__points")),
        sa.ForeignKeyConstraint(
            ["shop_id", "lot_id"], ["lot.shop_id", "lot.id"], name="fk_lot_move__lot"
        ),
        sa.ForeignKeyConstraint(
            ["shop_id", "member_id"],
            ["member.shop_id", "member.id"],
            name="fk_lot_move__member",
        ),
        sa.ForeignKeyConstraint(
            ["shop_id", "to_member_id"],
            ["member.shop_id", "member.id"],
            name="fk_lot_move__to_member",
        ),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_lot_move")),
    )
    op.create_index("ix_lot_move__merge", "lot_move", ["shop_id", "merge_id", "id"])


def _changes() -> None:
    op.create_table(
        "expiry_change",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("since_on", sa.Date(), nullable=False),
        sa.Column("made_at", _TIME, nullable=False),
        sa.Column("after_id", sa.UUID(), nullable=True),
        sa.Column("members", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("done_at", _TIME, nullable=True),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_expiry_change__shop"),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_expiry_change")),
    )
    op.create_table(
        "expiry_warning",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("last_valid_on", sa.Date(), nullable=False),
        sa.Column("days", sa.BigInteger(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("warned_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["shop_id", "member_id"],
            ["member.shop_id", "member.id"],
            name="fk_expiry_warning__member",
        ),
        sa.PrimaryKeyConstraint(
            "shop_id", "member_id", "last_valid_on", "days", name=op.f("pk_expiry_warning")
        ),
    )
    op.create_index(
        "ix_expiry_change__open",
        "expiry_change",
        ["shop_id", "id"],
        postgresql_where="done_at is null",
    )
