"""Emails asked for, sent and answered, and the addresses that must not be written to."""

from migrations import tenancy

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    tenancy.remake_removal()
