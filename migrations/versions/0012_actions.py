"""Actions that earn, and the readers that see them."""

from migrations import tenancy

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    tenancy.remake_removal()
