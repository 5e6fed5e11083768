"""An order keeps when it was paid, and an award when its pieces were added."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"

_TABLES = ("shop_order", "award")


def upgrade() -> None:
    op.add_column("shop_order", sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("award", sa.Column("added_at", sa.DateTime(timezone=True), nullable=True))
    # The owner of a table sees its rows of all shops only while it need not keep to its policies.
    for table in _TABLES:
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    # What was decided by when an order was placed stays decided so.
    op.execute(
        "UPDATE shop_order SET paid_at = processed_at WHERE is_paid OR assessed_at IS NOT NULL"
    )
    op.execute(
        "UPDATE award SET added_at = awarded_at FROM shop_order "
        "WHERE shop_order.shop_id = award.shop_id AND shop_order.order_id = award.order_id "
        "AND award.awarded_at > shop_order.assessed_at"
    )
    for table in _TABLES:
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
