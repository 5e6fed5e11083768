"""Earning rules of every kind, promotions, and the products they ask for."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations import tenancy

revision = "0009"
down_revision = "0008"

_TIME = sa.DateTime(timezone=True)
_KINDS = (
    "order",
    "signup",
    "verified_email",
    "pass_installed",
    "birthday",
    "check_in",
    "social_follow",
    "referral",
)
_NEW = ("earning_rule_version", "promotion", "programme_pause", "product", "collection")
_NEW += ("product_collection",)


def upgrade() -> None:
    _programme()
    _rules()
    _rule_versions()
    _promotions()
    _orders()
    _awards()
    _catalogue()
    for table in _NEW:
        tenancy.protect(table)
    tenancy.remake_removal()


def _programme() -> None:
    for name in ("counts_tax", "counts_shipping"):
        op.add_column(
            "programme", sa.Column(name, sa.Boolean(), nullable=False, server_default="false")
        )
    for name, days in (("claim_days", "30"), ("guest_claim_days", "90")):
        op.add_column(
            "programme", sa.Column(name, sa.BigInteger(), nullable=False, server_default=days)
        )
        op.create_check_constraint(op.f(f"ck_programme__{name}"), "programme", f"{name} >= 0")
    op.add_column("programme", sa.Column("paused_at", _TIME, nullable=True))
    op.add_column("programme", sa.Column("resume_mode", sa.Text(), nullable=True))
    op.create_check_constraint(
        op.f("ck_programme__resume_mode"), "programme", "resume_mode in ('catch_up', 'skip')"
    )
    op.create_table(
        "programme_pause",
        *_shop("programme_pause"),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("paused_at", _TIME, nullable=False),
        sa.Column("resumed_at", _TIME, nullable=False),
        sa.Column("catches_up", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_programme_pause")),
    )


def _rules() -> None:
    op.alter_column("earning_rule", "points_per_unit", nullable=True)
    columns = (
        sa.Column("kind", sa.Text(), nullable=False, server_default="order"),
        sa.Column("gives", sa.Text(), nullable=False, server_default="per_unit"),
        sa.Column("fixed_points", sa.BigInteger(), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("is_exclusive", sa.Boolean(), nullable=False, server_default="false"),
        sa.Column("priority", sa.BigInteger(), nullable=False, server_default="100"),
        sa.Column("conditions", postgresql.JSONB(), nullable=False, server_default="{}"),
        sa.Column("limits", postgresql.JSONB(), nullable=False, server_default="{}"),
        sa.Column("fault", sa.Text(), nullable=True),
        sa.Column("fault_at", _TIME, nullable=True),
    )
    for column in columns:
        op.add_column("earning_rule", column)
    for name, condition in (
        ("kind", f"kind in {_KINDS}"),
        ("gives", "gives in ('per_unit', 'fixed')"),
        ("priority", "priority >= 1"),
    ):
        op.create_check_constraint(op.f(f"ck_earning_rule__{name}"), "earning_rule", condition)


def _rule_versions() -> None:
    op.create_table(
        "earning_rule_version",
        *_shop("earning_rule_version"),
        sa.Column("rule_id", sa.UUID(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("facts", postgresql.JSONB(), nullable=False),
        sa.Column("saved_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["shop_id", "rule_id"],
            ["earning_rule.shop_id", "earning_rule.id"],
            name="fk_earning_rule_version__earning_rule",
        ),
        sa.PrimaryKeyConstraint(
            "shop_id", "rule_id", "version", name=op.f("pk_earning_rule_version")
        ),
    )
    op.execute(
        "INSERT INTO earning_rule_version (shop_id, rule_id, version, facts, saved_at) "
        "SELECT shop_id, id, version, jsonb_build_object('name', name, 'kind', 'order', "
        "'gives', 'per_unit', 'points_per_unit', points_per_unit::text, 'rounding', rounding, "
        "'is_active', is_active), created_at FROM earning_rule"
    )


def _promotions() -> None:
    op.create_table(
        "promotion",
        *_shop("promotion"),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("multiplier", sa.Numeric(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("conditions", postgresql.JSONB(), nullable=False, server_default="{}"),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("fault", sa.Text(), nullable=True),
        sa.Column("fault_at", _TIME, nullable=True),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_promotion")),
    )


def _orders() -> None:
    """What an order's lines and shipping count for, and which pieces earning has looked at."""
    zero = {"nullable": False, "server_default": "0"}
    for table, name in (
        ("order_line", "tax_minor"),
        ("order_line", "assessed_quantity"),
        ("shop_order", "shipping_minor"),
        ("shop_order", "shipping_tax_minor"),
        ("refund", "shipping_minor"),
    ):
        op.add_column(table, sa.Column(name, sa.BigInteger(), **zero))
    op.add_column("shop_order", sa.Column("assessed_at", _TIME, nullable=True))
    op.add_column("shop_order", sa.Column("held_back", sa.Text(), nullable=True))
    op.create_index(
        "ix_shop_order__held_back",
        "shop_order",
        ["shop_id", "member_id", "order_id"],
        postgresql_where="held_back is not null",
    )
    op.create_index(
        "ix_shop_order__claimable",
        "shop_order",
        ["shop_id", "processed_at", "order_id"],
        postgresql_where="member_id is null and not is_history",
    )
    op.execute(
        "UPDATE order_line l SET assessed_quantity = a.pieces FROM (SELECT shop_id, order_id, "
        "line_id, rule_id, sum(quantity) AS pieces FROM award_line "
        "GROUP BY shop_id, order_id, line_id, rule_id) a WHERE (l.shop_id, l.order_id, l.line_id) "
        "= (a.shop_id, a.order_id, a.line_id)"
    )
    op.execute(
        "UPDATE shop_order o SET assessed_at = a.at FROM (SELECT shop_id, order_id, "
        "min(awarded_at) AS at FROM award GROUP BY shop_id, order_id) a "
        "WHERE (o.shop_id, o.order_id) = (a.shop_id, a.order_id)"
    )


def _awards() -> None:
    op.add_column("award", sa.Column("tier_id", sa.UUID(), nullable=True))
    one = {"nullable": False, "server_default": "1"}
    op.add_column("award", sa.Column("tier_multiplier", sa.Numeric(), **one))
    op.add_column(
        "award",
        sa.Column("forgiven_points", sa.BigInteger(), nullable=False, server_default="0"),
    )
    op.add_column("award_line", sa.Column("promotion_id", sa.UUID(), nullable=True))
    op.add_column("award_line", sa.Column("promotion_multiplier", sa.Numeric(), **one))
    op.add_column(
        "award_line",
        sa.Column("basis_minor", sa.BigInteger(), nullable=False, server_default="0"),
    )
    op.execute("UPDATE award_line SET basis_minor = basis::bigint")
    op.create_foreign_key(
        "fk_award_line__promotion",
        "award_line",
        "promotion",
        ["shop_id", "promotion_id"],
        ["shop_id", "id"],
    )


def _catalogue() -> None:
    op.create_table(
        "product",
        *_shop("product"),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("tags", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("shopify_updated_at", _TIME, nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=True),
        sa.Column("collections_read_at", _TIME, nullable=True),
        sa.Column("deleted_at", _TIME, nullable=True),
        sa.PrimaryKeyConstraint("shop_id", "product_id", name=op.f("pk_product")),
    )
    op.create_table(
        "collection",
        *_shop("collection"),
        sa.Column("collection_id", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("shopify_updated_at", _TIME, nullable=True),
        sa.Column("products_read_at", _TIME, nullable=True),
        sa.Column("deleted_at", _TIME, nullable=True),
        sa.PrimaryKeyConstraint("shop_id", "collection_id", name=op.f("pk_collection")),
    )
    op.create_table(
        "product_collection",
        *_shop("product_collection"),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("collection_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "shop_id", "product_id", "collection_id", name=op.f("pk_product_collection")
        ),
    )
    op.create_index(
        "ix_product_collection__collection", "product_collection", ["shop_id", "collection_id"]
    )


def _shop(table: str) -> tuple[sa.Column[int], sa.ForeignKeyConstraint]:
    return (
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name=f"fk_{table}__shop"),
    )
