"""Points given to many at once, and one-off messages to one member."""

from migrations import tenancy

revision = "0025"
down_revision = "0024"

TENANT_TABLES: tuple[str, ...] = ()


def upgrade() -> None:
    for table in TENANT_TABLES:
        tenancy.protect(table)
    tenancy.remake_removal()
