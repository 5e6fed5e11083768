"""The expiry setting applied to a lot: the last of the shop's days on which it can be spent.

The invariant: a day is a date in the shop's zone, so a change of zone moves nothing.
"""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from loyalty.base.clock import day_in
from loyalty.programme.tables import Programme


def last_valid_on(programme: Programme, timezone: str, available_at: datetime) -> date | None:
    """The last day of a lot released at `available_at`; None where lots have no dates of their own.

    Under inactivity the date is the member's, not the lot's: see `idle_until`.
    """
    return last_day(programme, day_in(timezone, available_at))


def last_day(programme: Programme, released_on: date) -> date | None:
    """The same, for a lot released on the shop's day `released_on`."""
    if programme.expiry_mode == "days":
        assert programme.expiry_days
        return released_on + timedelta(days=programme.expiry_days)
    if programme.expiry_mode == "months":
        assert programme.expiry_months
        return _end_of_month(released_on, programme.expiry_months)
    return None


def idle_until(programme: Programme, active_on: date | None, released_on: date) -> date | None:
    """Under inactivity: the last day of a lot of a member who was last active on `active_on`.

    It runs from release as in every mode, and from the day on which it was turned on.
    """
    if programme.expiry_mode != "inactivity":
        return None
    assert programme.expiry_days and programme.expiry_since
    began_on = max(active_on or released_on, released_on, programme.expiry_since)
    return began_on + timedelta(days=programme.expiry_days)


def expires_at(last_valid_on: date, timezone: str) -> datetime:
    """The local midnight after `last_valid_on`, as UTC."""
    midnight = datetime.combine(last_valid_on + timedelta(days=1), time.min, ZoneInfo(timezone))
    return midnight.astimezone(UTC)


def _end_of_month(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, monthrange(year, month + 1)[1])
