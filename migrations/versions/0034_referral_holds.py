"""A referral keeps the hold that was in force when an order decided it.

Those decided by now keep today's.
"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    op.add_column(
        "referral", sa.Column("hold_days", sa.BigInteger(), nullable=False, server_default="0")
    )
    op.execute(
        "UPDATE referral SET hold_days = programme.hold_days FROM programme "
        "WHERE programme.shop_id = referral.shop_id AND referral.decided_at IS NOT NULL"
    )
