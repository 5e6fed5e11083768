"""Segments, who belongs to them, and who was put in or kept out by hand."""

from migrations import tenancy

revision = "0021"
down_revision = "0020"

TENANT_TABLES: tuple[str, ...] = ()


def upgrade() -> None:
    for table in TENANT_TABLES:
        tenancy.protect(table)
    tenancy.remake_removal()
