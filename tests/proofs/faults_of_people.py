"""Faults of tiers, actions, people and locks; see tests/proofs/faults.py for what a fault is."""

from tests.proofs.faults import Fault

_TIERS = "tests/loyalty/tiers/"
_ACTIONS = "tests/loyalty/actions/"
_MATCHING = "tests/loyalty/members/test_matching.py::"
_MERGING = "tests/loyalty/merging/"
_RACING = "tests/loyalty/ledger/test_racing.py::"

_LIFE_OF_A_TIER = (
    "tests/proofs/test_machine.py::"
    "test_a_life_keeps_a_tier_to_the_end_of_the_next_year_and_its_grace"
)

FAULTS = (
    Fault(
        "a tier takes more than its threshold",
        "loyalty/tiers/ladder.py",
        "return bisect_right([rung.threshold for rung in self.rungs], metric) - 1",
        "return bisect_right([rung.threshold + 1 for rung in self.rungs], metric) - 1",
        _TIERS + "test_standing.py::test_order_that_reaches_a_threshold_lifts_at_once",
    ),
    Fault(
        "a tier has no grace",
        "loyalty/tiers/cycles.py",
        "lasts_until_on=starts[2] - _DAY + timedelta(days=grace_days),",
        "lasts_until_on=starts[2] - _DAY,",
        _TIERS + "test_cycles.py::test_won_in_2025_lasts_to_30_january_2027",
    ),
    Fault(
        "a rolling year has 366 days",
        "loyalty/tiers/cycles.py",
        "return day - timedelta(days=ROLLING_DAYS - 1)",
        "return day - timedelta(days=ROLLING_DAYS)",
        _TIERS + "test_cycles.py::test_rolling_takes_in_365_days",
    ),
    Fault(
        "a birthday changed 30 days before counts",
        "loyalty/actions/birthdays.py",
        "on - changed_on > timedelta(days=NOTICE_DAYS)",
        "on - changed_on >= timedelta(days=NOTICE_DAYS)",
        _ACTIONS + "test_birthdays.py::test_the_next_birthday_that_counts",
    ),
    Fault(
        "29 February is celebrated in March",
        "loyalty/actions/birthdays.py",
        "return date(year, 2, 28)",
        "return date(year, 3, 1)",
        _ACTIONS
        + "test_birthdays.py::"
        + "test_who_was_born_on_29_february_is_celebrated_on_the_28th_in_common_years",
    ),
    Fault(
        "a week begins on Sunday",
        "loyalty/actions/periods.py",
        "first = on - timedelta(days=on.weekday())",
        "first = on - timedelta(days=on.isoweekday() % 7)",
        _ACTIONS + "test_check_ins.py::test_tap_earns_once_in_each_period_of_the_shops_calendar",
    ),
    Fault(
        "an unverified email matches",
        "loyalty/members/matching.py",
        "    if not customer.has_verified_email:\n        return None\n",
        "",
        _MATCHING + "test_an_unverified_email_matches_nobody",
    ),
    Fault(
        "an undo is offered a day too long",
        "loyalty/merging/merging.py",
        "UNDO_WITHIN = timedelta(days=30)",
        "UNDO_WITHIN = timedelta(days=31)",
        "tests/loyalty/worked_cases/test_merging.py::test_merging_17_an_undo_is_possible_for_30_days",
    ),
    Fault(
        "the merged one's points may be posted to",
        "loyalty/merging/merging.py",
        "session.execute(update(MemberBalance).where(of_merged)"
        ".values(merged_into=merge.survivor_id))",
        "pass",
        _MERGING + "test_merging.py::test_the_one_who_was_merged_is_the_survivor_by_now",
    ),
    Fault(
        "a grant undone while merged stays with the survivor",
        "loyalty/ledger/moving.py",
        "        LedgerEntry.reverses_id.in_(reversed_ids),\n",
        "",
        _MERGING
        + "test_lifetime.py::"
        + "test_a_grant_undone_while_merged_is_theirs_who_had_been_granted_it",
    ),
    Fault(
        "what comes back on hold stays counted as earned",
        "loyalty/ledger/archiving.py",
        "            books.balance(member_id).lifetime_earned -= points if lot.is_earned else 0\n",
        "",
        "tests/proofs/test_machine.py::test_a_life_knows_what_is_still_on_hold_at_a_return",
    ),
    Fault(
        "a balance is read without its lock",
        "loyalty/ledger/posting.py",
        "        .with_for_update()\n",
        "",
        _RACING + "test_of_two_debits_that_race_one_wins_and_one_is_told",
    ),
    Fault(
        "a tier has its grace twice",
        "loyalty/tiers/cycles.py",
        "lasts_until_on=starts[2] - _DAY + timedelta(days=grace_days),",
        "lasts_until_on=starts[2] - _DAY + timedelta(days=2 * grace_days),",
        _LIFE_OF_A_TIER,
    ),
    Fault(
        "a tier lasts a cycle too long",
        "loyalty/tiers/cycles.py",
        "for y in (year, year + 1, year + 2)",
        "for y in (year, year + 1, year + 3)",
        _LIFE_OF_A_TIER,
    ),
)
