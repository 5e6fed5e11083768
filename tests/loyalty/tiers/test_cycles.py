"""Cycles by the calendar: which count on a day, and how long what was won in one lasts."""

from datetime import date

import pytest

from loyalty.tiers.cycles import anniversary, live_cycles, rolling_since

JOINED = date(2024, 5, 10)


@pytest.mark.parametrize(
    ("today", "years"),
    [
        (date(2027, 1, 1), [2027, 2026, 2025]),
        (date(2027, 1, 30), [2027, 2026, 2025]),
        (date(2027, 1, 31), [2027, 2026]),
        (date(2027, 12, 31), [2027, 2026]),
    ],
)
def test_won_in_2025_lasts_to_30_january_2027(today: date, years: list[int]) -> None:
    spans = live_cycles("calendar", JOINED, today, 30)

    assert [span.since_on for span in spans] == [date(year, 1, 1) for year in years]
    assert [span.until_on for span in spans] == [date(year, 12, 31) for year in years]


@pytest.mark.parametrize(
    ("today", "starts"),
    [
        (date(2026, 5, 9), [date(2025, 5, 10), date(2024, 5, 10)]),
        (date(2026, 5, 10), [date(2026, 5, 10), date(2025, 5, 10), date(2024, 5, 10)]),
        (date(2026, 6, 8), [date(2026, 5, 10), date(2025, 5, 10), date(2024, 5, 10)]),
        (date(2026, 6, 9), [date(2026, 5, 10), date(2025, 5, 10)]),
    ],
)
def test_enrolment_year_begins_on_the_anniversary(today: date, starts: list[date]) -> None:
    spans = live_cycles("enrolment", JOINED, today, 30)

    assert [span.since_on for span in spans] == starts


def test_who_joined_on_29_february_begins_common_years_on_the_28th() -> None:
    joined = date(2024, 2, 29)

    assert anniversary(joined, 2027) == date(2027, 2, 28)
    assert anniversary(joined, 2028) == date(2028, 2, 29)
    # 2027-02-28 … 2028-02-28 is one year without a gap or a day twice.
    [present, *_] = live_cycles("enrolment", joined, date(2027, 3, 1), 0)
    assert (present.since_on, present.until_on) == (date(2027, 2, 28), date(2028, 2, 28))


def test_without_grace_two_cycles_count() -> None:
    assert len(live_cycles("calendar", JOINED, date(2027, 1, 1), 0)) == 2


def test_rolling_takes_in_365_days() -> None:
    assert rolling_since(date(2026, 12, 31)) == date(2026, 1, 1)
