"""What points are worth, and what is never redeemed."""

from migrations import tenancy

revision = "0020"
down_revision = "0019"

TENANT_TABLES: tuple[str, ...] = ()


def upgrade() -> None:
    for table in TENANT_TABLES:
        tenancy.protect(table)
    tenancy.remake_removal()
