"""A narrow row for each active member, for the members list, and a search that stops early."""

import sqlalchemy as sa
from alembic import op

from migrations import tenancy

revision = "0031"
down_revision = "0030"

TENANT_TABLES = ("member_listing",)

_INDEXES = {
    "joined": ["joined_at"],
    "points": ["points"],
    "ordered": ["last_order_on"],
    "tier": ["tier_rank"],
    "tier_points": ["tier_id", "points"],
    "churn": ["churn"],
    "consent": ["consent"],
    "bounce": ["bounce"],
    "card": ["card"],
}


def upgrade() -> None:
    _table()
    _fill()
    for name, columns in _INDEXES.items():
        op.create_index(
            f"ix_member_listing__{name}", "member_listing", ["shop_id", *columns, "member_id"]
        )
    tenancy.protect("member_listing")
    _search()
    tenancy.remake_removal()


def _table() -> None:
    op.create_table(
        "member_listing",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("points", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("tier_id", sa.UUID(), nullable=True),
        sa.Column("last_order_on", sa.Date(), server_default="0001-01-01", nullable=False),
        sa.Column("tier_rank", sa.SmallInteger(), server_default="-1", nullable=False),
        sa.Column("churn", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("consent", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("bounce", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("card", sa.SmallInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["shop_id", "member_id"],
            ["member.shop_id", "member.id"],
            name="fk_member_listing__member",
        ),
        sa.PrimaryKeyConstraint("shop_id", "member_id", name=op.f("pk_member_listing")),
    )


def _fill() -> None:
    """Who is there already is listed at once; the next round of standings says the rest of them.

    Past the wall between shops only the reader sees.
    """
    op.execute(f"GRANT INSERT ON member_listing TO {tenancy.READER}")
    op.execute(f"SET LOCAL ROLE {tenancy.READER}")
    op.execute(
        "INSERT INTO member_listing (shop_id, member_id, joined_at) "
        "SELECT shop_id, id, joined_at FROM member WHERE state = 'active'"
    )
    op.execute("RESET ROLE")
    op.execute(f"REVOKE INSERT ON member_listing FROM {tenancy.READER}")


def _search() -> None:
    """Members by part of a name or email, some of them if there are more than `most`."""
    tenancy.definer_function(
        "find_members(pattern text, most bigint)",
        "SETOF uuid",
        """RETURN QUERY SELECT id FROM member
        WHERE shop_id = nullif(current_setting('encore.shop', true), '')::bigint
        AND state = 'active' AND search_text LIKE pattern LIMIT most;""",
    )
    op.execute("DROP FUNCTION search_members(text)")
