"""The one source of "now". Times are aware UTC; a day is a date in the shop's zone."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


def utc_now() -> datetime:
    """This moment, aware, in UTC."""
    return datetime.now(UTC)


def day_in(zone: str, at: datetime) -> date:
    """The calendar day that `at` falls on in the IANA `zone`."""
    return at.astimezone(ZoneInfo(zone)).date()


def today_in(zone: str) -> date:
    """The calendar day it is now in the IANA `zone`."""
    return day_in(zone, utc_now())
