"""What members said to marketing, in both directions, and of which topics they want none."""

from migrations import tenancy

revision = "0022"
down_revision = "0021"

TENANT_TABLES: tuple[str, ...] = ()


def upgrade() -> None:
    for table in TENANT_TABLES:
        tenancy.protect(table)
    tenancy.remake_removal()
