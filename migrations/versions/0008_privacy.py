"""Meeting privacy requests, merges that wait, and what is left of the erased."""

from migrations import tenancy

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    tenancy.remake_removal()
