"""Who was brought by whom."""

from migrations import tenancy

revision = "0018"
down_revision = "0017"

TENANT_TABLES: tuple[str, ...] = ()


def upgrade() -> None:
    for table in TENANT_TABLES:
        tenancy.protect(table)
    tenancy.remake_removal()
