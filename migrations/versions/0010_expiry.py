"""When lots expire, and what was forgiven."""

from migrations import tenancy

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    tenancy.remake_removal()
