"""Members who share an email or a phone number are found without reading all of them."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"

_HERE = "state in ('active', 'archived')"


def upgrade() -> None:
    op.create_index(
        "ix_member__shared_email",
        "member",
        ["shop_id", "email_norm"],
        postgresql_where=sa.text(f"email_norm <> '' and {_HERE}"),
    )
    op.create_index(
        "ix_member__shared_phone",
        "member",
        ["shop_id", "phone", "email_norm"],
        postgresql_where=sa.text(f"phone is not null and {_HERE}"),
    )
