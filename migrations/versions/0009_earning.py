"""Earning rules of every kind, promotions, and the products they ask for."""

from migrations import tenancy

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    tenancy.remake_removal()
