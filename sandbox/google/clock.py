"""Time as the stand-in tells it: aware, in UTC."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """This moment."""
    return datetime.now(UTC)
