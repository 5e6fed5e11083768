"""Members who are archived have a list of their own."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    op.create_index(
        "ix_member__archived",
        "member",
        ["shop_id", "id"],
        postgresql_where=sa.text("state = 'archived'"),
    )
