"""Preferences, clicks on pass links, and the hops of each push."""

from migrations import tenancy

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    tenancy.remake_removal()
