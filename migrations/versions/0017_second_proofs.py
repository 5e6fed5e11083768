"""Second proofs, limits of the till, and codes sent by email."""

from migrations import tenancy

revision = "0017"
down_revision = "0016"

TENANT_TABLES: tuple[str, ...] = ()


def upgrade() -> None:
    for table in TENANT_TABLES:
        tenancy.protect(table)
    tenancy.remake_removal()
