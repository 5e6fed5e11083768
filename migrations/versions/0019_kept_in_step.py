"""What Shopify shows of members, and what was found missing."""

from migrations import tenancy

revision = "0019"
down_revision = "0018"

TENANT_TABLES: tuple[str, ...] = ()


def upgrade() -> None:
    for table in TENANT_TABLES:
        tenancy.protect(table)
    tenancy.remake_removal()
