"""The last day of a lot by each mode, and the midnight on which it is over."""

from datetime import UTC, date, datetime

import pytest

from loyalty.expiry.terms import expires_at, idle_until, last_valid_on
from loyalty.programme.tables import Programme


def a_programme(mode: str, *, days: int | None = None, months: int | None = None) -> Programme:
    return Programme(
        expiry_mode=mode,
        expiry_days=days,
        expiry_months=months,
        expiry_since=None if mode == "never" else date(2026, 1, 1),
    )


@pytest.mark.parametrize(
    ("programme", "released", "last_day"),
    [
        (a_programme("never"), datetime(2026, 11, 22, 12, tzinfo=UTC), None),
        (a_programme("days", days=365), datetime(2026, 11, 22, 12, tzinfo=UTC), date(2027, 11, 22)),
        # 23:30 UTC is the 23rd in Madrid.
        (
            a_programme("days", days=1),
            datetime(2026, 11, 22, 23, 30, tzinfo=UTC),
            date(2026, 11, 24),
        ),
        (a_programme("months", months=3), datetime(2026, 11, 30, tzinfo=UTC), date(2027, 2, 28)),
        (a_programme("months", months=1), datetime(2026, 12, 1, tzinfo=UTC), date(2027, 1, 31)),
        (a_programme("months", months=24), datetime(2026, 2, 1, tzinfo=UTC), date(2028, 2, 29)),
        (a_programme("inactivity", days=90), datetime(2026, 11, 22, tzinfo=UTC), None),
    ],
)
def test_each_mode_has_its_last_day(
    programme: Programme, released: datetime, last_day: date | None
) -> None:
    assert last_valid_on(programme, "Europe/Madrid", released) == last_day


@pytest.mark.parametrize(
    ("active", "released", "last_day"),
    [
        (date(2026, 11, 22), date(2026, 6, 1), date(2026, 12, 2)),
        (date(2026, 6, 1), date(2026, 11, 22), date(2026, 12, 2)),  # it runs from release
        (date(2025, 6, 1), date(2025, 6, 1), date(2026, 1, 11)),  # and from the rule's first day
        (None, date(2026, 11, 22), date(2026, 12, 2)),
    ],
)
def test_inactivity_runs_from_the_latest_of_activity_release_and_rule(
    active: date | None, released: date, last_day: date
) -> None:
    assert idle_until(a_programme("inactivity", days=10), active, released) == last_day


@pytest.mark.parametrize(
    ("zone", "midnight"),
    [
        ("Europe/Madrid", datetime(2026, 11, 22, 23, 0, tzinfo=UTC)),
        ("America/New_York", datetime(2026, 11, 23, 5, 0, tzinfo=UTC)),
        ("Asia/Kolkata", datetime(2026, 11, 22, 18, 30, tzinfo=UTC)),
    ],
)
def test_a_lot_is_over_at_the_local_midnight_after_its_last_day(
    zone: str, midnight: datetime
) -> None:
    assert expires_at(date(2026, 11, 22), zone) == midnight
