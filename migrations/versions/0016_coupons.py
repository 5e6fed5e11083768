"""Coupons assigned to people."""

from migrations import tenancy

revision = "0016"
down_revision = "0015"

TENANT_TABLES: tuple[str, ...] = ()


def upgrade() -> None:
    for table in TENANT_TABLES:
        tenancy.protect(table)
    tenancy.remake_removal()
