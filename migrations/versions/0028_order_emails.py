"""An order that no customer placed keeps the mark of its email, for who proves it."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    op.add_column("shop_order", sa.Column("email_mark", sa.Text(), nullable=True))
    op.create_index(
        "ix_shop_order__email_mark",
        "shop_order",
        ["shop_id", "email_mark"],
        postgresql_where=sa.text("member_id is null and email_mark is not null"),
    )
