"""Campaigns and the fate of each of their recipients."""

from migrations import tenancy

revision = "0024"
down_revision = "0023"

TENANT_TABLES: tuple[str, ...] = ()


def upgrade() -> None:
    for table in TENANT_TABLES:
        tenancy.protect(table)
    tenancy.remake_removal()
