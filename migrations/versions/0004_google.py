"""What Google Wallet holds of a member, and what it told us."""

from migrations import tenancy

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    tenancy.remake_removal()
