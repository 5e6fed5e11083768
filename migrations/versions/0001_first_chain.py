"""Tables of the first chain, their policies, and the functions that may see past one shop."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations import tenancy

revision = "0001"
down_revision = None

APPEND_ONLY = ("ledger_entry", "lot_debit")
# Parents first: the order in which a distributed database must be told of them.
TENANT_TABLES = (
    "shop",
    "location",
    "staff_member",
    "audit_row",
    "member",
    "customer",
    "member_balance",
    "timeline_event",
    "programme",
    "earning_rule",
    "shop_order",
    "order_line",
    "refund",
    "refund_line",
    "ledger_entry",
    "entry_note",
    "lot",
    "lot_debit",
    "deficit",
    "award",
    "award_line",
    "outbox_event",
    "delivery",
    "installation",
    "inbox_row",
    "backfill_run",
    "privacy_request",
)


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gin")
    op.execute("CREATE SEQUENCE shop_id_seq")
    tenancy.make_roles()
    tenancy.make_refusal()
    _shops()
    _members()
    _programme()
    _orders()
    _ledger()
    _awards()
    _outbox()
    _platform()
    _rights()
    _directory()
    _work()
    _search()
    _removal()


def _shops() -> None:
    op.create_table(
        "shop",
        sa.Column("shop_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), server_default="en", nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("shopify_updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("earning_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("installed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("uninstalled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("shop_id", name=op.f("pk_shop")),
    )
    op.create_table(
        "shop_directory",
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("domain", name=op.f("pk_shop_directory")),
        sa.UniqueConstraint("shop_id", name=op.f("uq_shop_directory__shop_id")),
    )
    op.create_table(
        "location",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("location_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("address", JSONB(), nullable=False),
        sa.Column("latitude", sa.Text(), nullable=True),
        sa.Column("longitude", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_location__shop"),
        sa.PrimaryKeyConstraint("shop_id", "location_id", name=op.f("pk_location")),
    )
    op.create_table(
        "staff_member",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_staff_member__shop"),
        sa.PrimaryKeyConstraint("shop_id", "user_id", name=op.f("pk_staff_member")),
    )
    op.create_table(
        "audit_row",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("details", JSONB(), nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_audit_row__shop"),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_audit_row")),
    )
    op.create_index("ix_audit_row__shop_id_at", "audit_row", ["shop_id", "at", "id"], unique=False)


def _members() -> None:
    op.create_table(
        "member",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("first_name", sa.Text(), nullable=True),
        sa.Column("last_name", sa.Text(), nullable=True),
        sa.Column(
            "sort_name",
            sa.Text(),
            sa.Computed(
                "lower(trim(coalesce(first_name, '') || ' ' || coalesce(last_name, '')))",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("email_norm", sa.Text(), server_default="", nullable=False),
        sa.Column("email_verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("address", JSONB(), nullable=True),
        sa.Column("birthday_on", sa.Date(), nullable=True),
        sa.Column("sources", JSONB(), nullable=False),
        sa.Column("enrolled_by", sa.Text(), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("customer_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "search_text",
            sa.Text(),
            sa.Computed(
                "lower(trim(coalesce(first_name, '') || ' ' || coalesce(last_name, '')))"
                " || ' ' || email_norm",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.CheckConstraint(
            "state in ('active', 'archived', 'erased')", name=op.f("ck_member__state")
        ),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_member__shop"),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_member")),
    )
    op.create_index("ix_member__email", "member", ["shop_id", "email_norm", "id"], unique=False)
    op.create_index("ix_member__joined", "member", ["shop_id", "joined_at", "id"], unique=False)
    op.create_index("ix_member__name", "member", ["shop_id", "sort_name", "id"], unique=False)
    op.create_index(
        "ix_member__search",
        "member",
        ["shop_id", "search_text"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"search_text": "gin_trgm_ops"},
    )
    op.create_table(
        "customer",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=True),
        sa.Column("first_name", sa.Text(), nullable=True),
        sa.Column("last_name", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("email_norm", sa.Text(), nullable=False),
        sa.Column("has_verified_email", sa.Boolean(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("address", JSONB(), nullable=True),
        sa.Column("has_account", sa.Boolean(), nullable=False),
        sa.Column("customer_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("shopify_updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["shop_id", "member_id"], ["member.shop_id", "member.id"], name="fk_customer__member"
        ),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_customer__shop"),
        sa.PrimaryKeyConstraint("shop_id", "customer_id", name=op.f("pk_customer")),
    )
    op.create_index("ix_customer__member", "customer", ["shop_id", "member_id"], unique=False)
    op.create_table(
        "member_balance",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("available", sa.BigInteger(), nullable=False),
        sa.Column("pending", sa.BigInteger(), nullable=False),
        sa.Column("lifetime_earned", sa.BigInteger(), nullable=False),
        sa.Column("lifetime_burned", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["shop_id", "member_id"],
            ["member.shop_id", "member.id"],
            name="fk_member_balance__member",
        ),
        sa.PrimaryKeyConstraint("shop_id", "member_id", name=op.f("pk_member_balance")),
        postgresql_with={"fillfactor": 80},
    )
    op.create_index(
        "ix_member_balance__available",
        "member_balance",
        ["shop_id", "available", "member_id"],
        unique=False,
    )
    op.create_table(
        "timeline_event",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("details", JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["shop_id", "member_id"],
            ["member.shop_id", "member.id"],
            name="fk_timeline_event__member",
        ),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_timeline_event")),
    )
    op.create_index(
        "ix_timeline_event__member",
        "timeline_event",
        ["shop_id", "member_id", "occurred_at", "id"],
        unique=False,
    )


def _programme() -> None:
    op.create_table(
        "programme",
        sa.Column("shop_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("points_name", sa.Text(), nullable=False),
        sa.Column("enrolment", sa.Text(), nullable=False),
        sa.Column("hold_days", sa.BigInteger(), nullable=False),
        sa.Column("money_refunds", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "enrolment in ('everyone', 'joiners')", name=op.f("ck_programme__enrolment")
        ),
        sa.CheckConstraint(
            "money_refunds in ('prorate', 'ignore')", name=op.f("ck_programme__money_refunds")
        ),
        sa.CheckConstraint("hold_days >= 0", name=op.f("ck_programme__hold_days")),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_programme__shop"),
        sa.PrimaryKeyConstraint("shop_id", name=op.f("pk_programme")),
    )
    op.create_table(
        "earning_rule",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("points_per_unit", sa.Numeric(), nullable=False),
        sa.Column("rounding", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "rounding in ('floor', 'half_up', 'ceil')", name=op.f("ck_earning_rule__rounding")
        ),
        sa.CheckConstraint("points_per_unit > 0", name=op.f("ck_earning_rule__points_per_unit")),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_earning_rule__shop"),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_earning_rule")),
    )


def _orders() -> None:
    op.create_table(
        "shop_order",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=True),
        sa.Column("member_id", sa.UUID(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("taxes_included", sa.Boolean(), nullable=False),
        sa.Column("is_test", sa.Boolean(), nullable=False),
        sa.Column("is_paid", sa.Boolean(), nullable=False),
        sa.Column("is_history", sa.Boolean(), nullable=False),
        sa.Column("source_name", sa.Text(), nullable=True),
        sa.Column("location_id", sa.BigInteger(), nullable=True),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("current_total_minor", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("processed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("shopify_updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["shop_id", "member_id"], ["member.shop_id", "member.id"], name="fk_shop_order__member"
        ),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_shop_order__shop"),
        sa.PrimaryKeyConstraint("shop_id", "order_id", name=op.f("pk_shop_order")),
    )
    op.create_index(
        "ix_shop_order__customer", "shop_order", ["shop_id", "customer_id"], unique=False
    )
    op.create_index(
        "ix_shop_order__member",
        "shop_order",
        ["shop_id", "member_id", "processed_at", "order_id"],
        unique=False,
    )
    op.create_table(
        "order_line",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("line_id", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=True),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("current_quantity", sa.BigInteger(), nullable=False),
        sa.Column("basis_minor", sa.BigInteger(), nullable=False),
        sa.Column("is_gift_card", sa.Boolean(), nullable=False),
        sa.Column("gross_minor", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["shop_id", "order_id"],
            ["shop_order.shop_id", "shop_order.order_id"],
            name="fk_order_line__shop_order",
        ),
        sa.PrimaryKeyConstraint("shop_id", "order_id", "line_id", name=op.f("pk_order_line")),
    )
    op.create_table(
        "refund",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("refund_id", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("money_minor", sa.BigInteger(), nullable=False),
        sa.Column("in_order", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_refund__shop"),
        sa.PrimaryKeyConstraint("shop_id", "refund_id", name=op.f("pk_refund")),
    )
    op.create_index("ix_refund__order", "refund", ["shop_id", "order_id"], unique=False)
    op.create_table(
        "refund_line",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("refund_id", sa.BigInteger(), nullable=False),
        sa.Column("line_id", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["shop_id", "refund_id"],
            ["refund.shop_id", "refund.refund_id"],
            name="fk_refund_line__refund",
        ),
        sa.PrimaryKeyConstraint("shop_id", "refund_id", "line_id", name=op.f("pk_refund_line")),
    )


def _ledger() -> None:
    op.create_table(
        "ledger_entry",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source_kind", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason_code", sa.Text(), nullable=True),
        sa.Column("order_id", sa.BigInteger(), nullable=True),
        sa.Column("reverses_id", sa.UUID(), nullable=True),
        sa.CheckConstraint(
            "kind in ('earn_order', 'earn_action', 'referral', 'grant', "
            "'redeem', 'redeem_reversal', "
            "'earn_reversal', 'expire', 'deduct', 'merge_out', "
            "'merge_in', 'archive', 'restore', 'import')",
            name=op.f("ck_ledger_entry__kind"),
        ),
        sa.CheckConstraint("points <> 0", name=op.f("ck_ledger_entry__points_not_zero")),
        sa.ForeignKeyConstraint(
            ["shop_id", "member_id"],
            ["member.shop_id", "member.id"],
            name="fk_ledger_entry__member",
        ),
        sa.ForeignKeyConstraint(
            ["shop_id", "reverses_id"],
            ["ledger_entry.shop_id", "ledger_entry.id"],
            name="fk_ledger_entry__reverses",
        ),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_ledger_entry")),
        sa.UniqueConstraint(
            "shop_id", "idempotency_key", name=op.f("uq_ledger_entry__shop_id_idempotency_key")
        ),
    )
    op.create_index(
        "ix_ledger_entry__member", "ledger_entry", ["shop_id", "member_id", "id"], unique=False
    )
    op.create_index("ix_ledger_entry__order", "ledger_entry", ["shop_id", "order_id"], unique=False)
    op.create_table(
        "entry_note",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("entry_id", sa.UUID(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["shop_id", "entry_id"],
            ["ledger_entry.shop_id", "ledger_entry.id"],
            name="fk_entry_note__ledger_entry",
        ),
        sa.PrimaryKeyConstraint("shop_id", "entry_id", name=op.f("pk_entry_note")),
    )
    op.create_index("ix_entry_note__member", "entry_note", ["shop_id", "member_id"], unique=False)
    op.create_table(
        "lot",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("entry_id", sa.UUID(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=True),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("points_left", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("available_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_valid_on", sa.Date(), nullable=True),
        sa.CheckConstraint("points > 0", name=op.f("ck_lot__points")),
        sa.CheckConstraint("points_left between 0 and points", name=op.f("ck_lot__points_left")),
        sa.ForeignKeyConstraint(
            ["shop_id", "entry_id"],
            ["ledger_entry.shop_id", "ledger_entry.id"],
            name="fk_lot__ledger_entry",
        ),
        sa.ForeignKeyConstraint(
            ["shop_id", "member_id"], ["member.shop_id", "member.id"], name="fk_lot__member"
        ),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_lot")),
    )
    op.create_index(
        "ix_lot__open",
        "lot",
        ["shop_id", "member_id", "last_valid_on", "opened_at", "id"],
        unique=False,
        postgresql_where="points_left > 0",
    )
    op.create_index(
        "ix_lot__pending",
        "lot",
        ["shop_id", "available_at", "id"],
        unique=False,
        postgresql_where="released_at is null",
    )
    op.create_table(
        "lot_debit",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("entry_id", sa.UUID(), nullable=False),
        sa.Column("lot_id", sa.UUID(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("points > 0", name=op.f("ck_lot_debit__points")),
        sa.ForeignKeyConstraint(
            ["shop_id", "entry_id"],
            ["ledger_entry.shop_id", "ledger_entry.id"],
            name="fk_lot_debit__ledger_entry",
        ),
        sa.ForeignKeyConstraint(
            ["shop_id", "lot_id"], ["lot.shop_id", "lot.id"], name="fk_lot_debit__lot"
        ),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_lot_debit")),
    )
    op.create_index("ix_lot_debit__entry", "lot_debit", ["shop_id", "entry_id"], unique=False)
    op.create_index("ix_lot_debit__lot", "lot_debit", ["shop_id", "lot_id"], unique=False)
    op.create_table(
        "deficit",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("entry_id", sa.UUID(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("points_left", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "points_left between 0 and points", name=op.f("ck_deficit__points_left")
        ),
        sa.ForeignKeyConstraint(
            ["shop_id", "entry_id"],
            ["ledger_entry.shop_id", "ledger_entry.id"],
            name="fk_deficit__ledger_entry",
        ),
        sa.ForeignKeyConstraint(
            ["shop_id", "member_id"], ["member.shop_id", "member.id"], name="fk_deficit__member"
        ),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_deficit")),
    )
    op.create_index(
        "ix_deficit__open",
        "deficit",
        ["shop_id", "member_id", "id"],
        unique=False,
        postgresql_where="points_left > 0",
    )


def _awards() -> None:
    op.create_table(
        "award",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("rule_id", sa.UUID(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("rule_version", sa.BigInteger(), nullable=False),
        sa.Column("basis", sa.Numeric(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("standing_points", sa.BigInteger(), nullable=False),
        sa.Column("awarded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["shop_id", "member_id"], ["member.shop_id", "member.id"], name="fk_award__member"
        ),
        sa.ForeignKeyConstraint(
            ["shop_id", "order_id"],
            ["shop_order.shop_id", "shop_order.order_id"],
            name="fk_award__shop_order",
        ),
        sa.ForeignKeyConstraint(
            ["shop_id", "rule_id"],
            ["earning_rule.shop_id", "earning_rule.id"],
            name="fk_award__earning_rule",
        ),
        sa.PrimaryKeyConstraint("shop_id", "order_id", "rule_id", "number", name=op.f("pk_award")),
    )
    op.create_table(
        "award_line",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("rule_id", sa.UUID(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("line_id", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("basis", sa.Numeric(), nullable=False),
        sa.ForeignKeyConstraint(
            ["shop_id", "order_id", "rule_id", "number"],
            ["award.shop_id", "award.order_id", "award.rule_id", "award.number"],
            name="fk_award_line__award",
        ),
        sa.PrimaryKeyConstraint(
            "shop_id", "order_id", "rule_id", "number", "line_id", name=op.f("pk_award_line")
        ),
    )


def _outbox() -> None:
    op.create_table(
        "outbox_event",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=True),
        sa.Column("body", JSONB(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_outbox_event__shop"),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_outbox_event")),
    )
    op.create_index(
        "ix_outbox_event__member", "outbox_event", ["shop_id", "member_id"], unique=False
    )
    op.create_index(
        "ix_outbox_event__new",
        "outbox_event",
        ["shop_id", "created_at", "id"],
        unique=False,
        postgresql_where="state = 'new'",
    )
    op.create_table(
        "delivery",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("event_id", sa.UUID(), nullable=False),
        sa.Column("subscriber", sa.Text(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_by", sa.UUID(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["shop_id", "event_id"],
            ["outbox_event.shop_id", "outbox_event.id"],
            name="fk_delivery__outbox_event",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_delivery")),
        sa.UniqueConstraint(
            "shop_id",
            "event_id",
            "subscriber",
            name=op.f("uq_delivery__shop_id_event_id_subscriber"),
        ),
    )
    op.create_index("ix_delivery__member", "delivery", ["shop_id", "member_id"], unique=False)
    op.create_index(
        "ix_delivery__pending",
        "delivery",
        ["shop_id", "subscriber", "next_at", "id"],
        unique=False,
        postgresql_where="state = 'pending'",
    )


def _platform() -> None:
    op.create_table(
        "installation",
        sa.Column("shop_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("access_token", sa.LargeBinary(), nullable=True),
        sa.Column("access_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refresh_token", sa.LargeBinary(), nullable=True),
        sa.Column("refresh_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_installation__shop"),
        sa.PrimaryKeyConstraint("shop_id", name=op.f("pk_installation")),
    )
    op.create_table(
        "inbox_row",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("webhook_id", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=True),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("api_version", sa.Text(), nullable=True),
        sa.Column("triggered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_inbox_row__shop"),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_inbox_row")),
        sa.UniqueConstraint("shop_id", "webhook_id", name=op.f("uq_inbox_row__shop_id_webhook_id")),
    )
    op.create_index(
        "ix_inbox_row__new",
        "inbox_row",
        ["shop_id", "next_at", "id"],
        unique=False,
        postgresql_where="state = 'new'",
    )
    op.create_index(
        "ix_inbox_row__parked",
        "inbox_row",
        ["shop_id", "id"],
        unique=False,
        postgresql_where="state = 'parked'",
    )
    op.create_table(
        "stray_webhook",
        sa.Column("webhook_id", sa.Text(), nullable=False),
        sa.Column("shop_domain", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("webhook_id", "shop_domain", name=op.f("pk_stray_webhook")),
    )
    op.create_table(
        "backfill_run",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("bulk_operation_id", sa.Text(), nullable=True),
        sa.Column("objects_total", sa.BigInteger(), nullable=True),
        sa.Column("objects_read", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_backfill_run__shop"),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_backfill_run")),
        sa.UniqueConstraint(
            "shop_id",
            "generation",
            "subject",
            name=op.f("uq_backfill_run__shop_id_generation_subject"),
        ),
    )
    op.create_table(
        "privacy_request",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=True),
        sa.Column("member_id", sa.UUID(), nullable=True),
        sa.Column("body", JSONB(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_privacy_request__shop"),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_privacy_request")),
    )
    op.create_index(
        "ix_privacy_request__member", "privacy_request", ["shop_id", "member_id"], unique=False
    )


def _rights() -> None:
    for table in TENANT_TABLES:
        if table in APPEND_ONLY:
            tenancy.protect(table, "SELECT, INSERT")
            tenancy.append_only(table)
        else:
            tenancy.protect(table)
    op.execute(f"GRANT SELECT ON alembic_version TO {tenancy.app_role()}")
    op.execute(f"GRANT SELECT, INSERT ON stray_webhook TO {tenancy.app_role()}")


def _directory() -> None:
    """The app adds to the directory and asks for one domain; it cannot list it."""
    op.execute(f"GRANT INSERT ON shop_directory TO {tenancy.app_role()}")
    op.execute(f"GRANT USAGE ON SEQUENCE shop_id_seq TO {tenancy.app_role()}")
    op.execute(f"GRANT SELECT ON shop_directory TO {tenancy.READER}")
    tenancy.definer_function(
        "find_shop(wanted text)",
        "bigint",
        "RETURN (SELECT shop_id FROM shop_directory WHERE domain = wanted);",
    )


def _work() -> None:
    """Which shops have work on which queue: what the sweep rings for."""
    for table in ("inbox_row", "outbox_event", "delivery", "backfill_run", "lot"):
        tenancy.let_read(table)
    tenancy.definer_function(
        "shops_with_work(at timestamptz)",
        "TABLE (queue text, shop bigint)",
        """RETURN QUERY
        SELECT DISTINCT 'inbox', shop_id FROM inbox_row WHERE state = 'new' AND next_at <= at
        UNION ALL
        SELECT DISTINCT 'relay', shop_id FROM outbox_event WHERE state = 'new'
        UNION ALL
        SELECT DISTINCT subscriber, shop_id FROM delivery
            WHERE state = 'pending' AND next_at <= at
        UNION ALL
        SELECT DISTINCT 'backfill', shop_id FROM backfill_run
            WHERE state IN ('waiting', 'asked', 'reading') AND next_at <= at
        UNION ALL
        SELECT DISTINCT 'release', shop_id FROM lot
            WHERE released_at IS NULL AND available_at <= at;""",
    )


def _search() -> None:
    """A LIKE under the policy cannot use the trigram index, so the search goes round it."""
    tenancy.let_read("member")
    tenancy.definer_function(
        "search_members(pattern text)",
        "SETOF uuid",
        """RETURN QUERY SELECT id FROM member
        WHERE shop_id = nullif(current_setting('encore.shop', true), '')::bigint
        AND search_text LIKE pattern;""",
    )


def _removal() -> None:
    """Everything of one shop, children first; only for the shop that the transaction is in."""
    deletes = "".join(
        f"DELETE FROM {table} WHERE shop_id = gone; " for table in reversed(TENANT_TABLES)
    )
    op.execute(f"GRANT SELECT, DELETE ON shop_directory TO {tenancy.REMOVER}")
    tenancy.definer_function(
        "remove_shop()",
        "void",
        "DECLARE gone bigint := nullif(current_setting('encore.shop', true), '')::bigint; "
        f"BEGIN {deletes} DELETE FROM shop_directory WHERE shop_id = gone; END;",
        owner=tenancy.REMOVER,
    )
