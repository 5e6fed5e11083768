"""What a till wrote, by its own key, so that a resend counts once."""

from migrations import tenancy

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    tenancy.remake_removal()
