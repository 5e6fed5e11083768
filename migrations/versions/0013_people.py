"""How members came, were archived and merged."""

from migrations import tenancy

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    tenancy.remake_removal()
