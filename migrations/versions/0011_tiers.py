"""Tiers and badges."""

from migrations import tenancy

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    tenancy.remake_removal()
