"""What members said to marketing, in both directions, and of which topics they want none."""

import sqlalchemy as sa
from alembic import op

from migrations import tenancy

revision = "0022"
down_revision = "0021"

TENANT_TABLES = ("member_topic",)

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("member_consent", sa.Column("refused_at", _TIME, nullable=True))
    op.execute("UPDATE member_consent SET refused_at = changed_at WHERE state = 'unsubscribed'")
    op.create_table(
        "member_topic",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("is_wanted", sa.Boolean(), nullable=False),
        sa.Column("changed_at", _TIME, nullable=False),
        sa.CheckConstraint(
            "topic in ('points', 'birthday', 'rewards')", name=op.f("ck_member_topic__topic")
        ),
        sa.ForeignKeyConstraint(
            ["shop_id", "member_id"],
            ["member.shop_id", "member.id"],
            name="fk_member_topic__member",
        ),
        sa.PrimaryKeyConstraint("shop_id", "member_id", "topic", name=op.f("pk_member_topic")),
    )
    for table in TENANT_TABLES:
        tenancy.protect(table)
    tenancy.remake_removal()
