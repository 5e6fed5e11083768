"""Faults of the liability report; see tests/proofs/faults.py."""

from tests.proofs.faults import Fault

_OF = "loyalty/liability/"
_CASES = "tests/loyalty/worked_cases/test_liability.py::test_liability_"
_REPORT = "tests/loyalty/liability/test_report.py::"
_BREAKAGE = "tests/loyalty/liability/test_breakage.py::"

FAULTS = (
    Fault(
        "a day ends at midnight in London",
        _OF + "days.py",
        "time(), ZoneInfo(zone))",
        "time(), UTC)",
        _REPORT + "test_a_day_is_the_shops",
    ),
    Fault(
        "a cohort is a month older than it is",
        _OF + "report.py",
        "months_between(cohort.month, self._as_of)",
        "months_between(cohort.month, self._as_of) + 1",
        _CASES + "12_a_shops_own_past_says_what_breaks",
    ),
    Fault(
        "a whole year says nothing yet",
        _OF + "breakage.py",
        "month) < MONTHS_MIN:",
        "month) <= MONTHS_MIN:",
        _BREAKAGE + "test_what_nobody_touches_is_never_redeemed",
    ),
    Fault(
        "an age counts in the month that runs",
        _OF + "breakage.py",
        "add_months(cell.month, age) < month]",
        "add_months(cell.month, age) <= month]",
        _BREAKAGE + "test_an_age_counts_only_where_its_month_is_over",
    ),
    Fault(
        "what is left after the last age seen is never redeemed",
        _OF + "breakage.py",
        "alive * self._redeemed_in_the_end()",
        "0",
        _BREAKAGE + "test_what_is_redeemed_slowly_for_ever_is_redeemed_in_the_end",
    ),
    Fault(
        "points that came back late are this month's",
        _OF + "lots.py",
        "first_lot.id = coalesce(root.root_id, lot.id)",
        "first_lot.id = lot.id",
        _REPORT + "test_points_that_came_back_late_belong_to_their_first_month",
    ),
    Fault(
        "an old report knows what was spent since",
        _OF + "lots.py",
        " AND entry.posted_at < :before",
        "",
        _CASES + "10_an_old_report_stays_what_it_was",
    ),
    Fault(
        "points that came back were redeemed",
        _OF + "cohorts.py",
        " - CASE WHEN is_return THEN points ELSE 0 END AS net_redeemed",
        " AS net_redeemed",
        _REPORT + "test_points_that_came_back_late_belong_to_their_first_month",
    ),
    Fault(
        "points on hold are owed at once",
        _OF + "cohorts.py",
        "coalesce(released_at < :before, false)",
        "coalesce(released_at < :before, true)",
        _CASES + "5_points_on_hold_have_a_line_of_their_own",
    ),
    Fault(
        "what is posted at midnight is lost between two days",
        _OF + "rollforward.py",
        "LedgerEntry.posted_at >= since",
        "LedgerEntry.posted_at > since",
        _REPORT + "test_what_is_posted_at_midnight_belongs_to_the_day_that_begins",
    ),
    Fault(
        "midnight belongs to both days",
        _OF + "rollforward.py",
        "LedgerEntry.shop_id == shop_id, LedgerEntry.posted_at < before",
        "LedgerEntry.shop_id == shop_id, LedgerEntry.posted_at <= before",
        _REPORT + "test_what_is_posted_at_midnight_belongs_to_the_day_that_begins",
    ),
    Fault(
        "a roll-forward may begin where it ends",
        _OF + "rollforward.py",
        "    if opens_on >= closes_on:\n",
        "    if opens_on > closes_on:\n",
        _REPORT + "test_days_in_the_wrong_order_or_to_come_are_refused",
    ),
    Fault(
        "what was redeemed long ago says what a point is worth",
        _OF + "worth.py",
        "\n        AND use.recorded_at >= CAST(:before AS timestamptz) - interval '1 year'",
        "",
        _CASES + "2_else_what_a_point_took_off_orders_last_year",
    ),
    Fault(
        "an old report knows of a later edit",
        _OF + "worth.py",
        "\n        WHERE edit.recorded_at < :before",
        "",
        _CASES + "13_a_code_edited_away_counts_from_the_day_of_the_edit",
    ),
    Fault(
        "store credit says nothing of what a point is worth",
        _OF + "worth.py",
        "terms ->> 'kind' = 'store_credit'",
        "terms ->> 'kind' = 'credit'",
        _REPORT + "test_store_credit_says_what_a_point_is_worth_as_codes_do",
    ),
    Fault(
        "what was redeemed is still deferred",
        _OF + "deferral.py",
        "/ (max(0, self.redeemed) + expected)",
        "/ expected",
        _CASES + "7_revenue_follows_the_points_that_are_redeemed",
    ),
    Fault(
        "a line that counts for two rules costs twice",
        _OF + "deferral.py",
        "SELECT order_id, line_id, max(minor) AS minor",
        "SELECT order_id, line_id, sum(minor) AS minor",
        _REPORT + "test_a_line_that_counts_for_two_rules_has_one_price",
    ),
)
