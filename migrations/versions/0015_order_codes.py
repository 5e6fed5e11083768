"""Which codes orders carry, and what each took off which line."""

from migrations import tenancy

revision = "0015"
down_revision = "0014"

TENANT_TABLES: tuple[str, ...] = ()


def upgrade() -> None:
    for table in TENANT_TABLES:
        tenancy.protect(table)
    tenancy.remake_removal()
