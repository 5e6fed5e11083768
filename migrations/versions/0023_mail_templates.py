"""The words that merchants gave their emails, and what a sender may send."""

from migrations import tenancy

revision = "0023"
down_revision = "0022"

TENANT_TABLES: tuple[str, ...] = ()


def upgrade() -> None:
    for table in TENANT_TABLES:
        tenancy.protect(table)
    tenancy.remake_removal()
