"""A delivery says itself whether somebody waits for it, and an index has these alone.

What is on its way while this runs waits its turn with the others.
"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    op.add_column(
        "delivery", sa.Column("is_urgent", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.create_index(
        "ix_delivery__urgent",
        "delivery",
        ["shop_id", "subscriber", "next_at", "id"],
        postgresql_where=sa.text("state = 'pending' AND is_urgent"),
    )
