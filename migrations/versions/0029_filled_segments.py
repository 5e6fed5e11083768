"""A segment remembers its first filling, whomever that found."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    op.add_column("segment", sa.Column("filled_at", sa.DateTime(timezone=True)))
    # The owner of a table sees its rows of all shops only while it need not keep to its policies.
    op.execute("ALTER TABLE segment NO FORCE ROW LEVEL SECURITY")
    # Ready-made ones and those by hand begin as if they had been looked at.
    op.execute("UPDATE segment SET filled_at = refreshed_at WHERE refreshed_at > created_at")
    op.execute("UPDATE segment SET filled_at = created_at WHERE filled_at IS NULL AND size > 0")
    op.execute("ALTER TABLE segment FORCE ROW LEVEL SECURITY")
