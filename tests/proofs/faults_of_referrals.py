"""Faults of referrals; see tests/proofs/faults.py for what a fault is."""

from tests.proofs.faults import Fault

_CLAIMING = "tests/loyalty/referrals/test_claiming.py::"
_SETTLING = "tests/loyalty/referrals/test_settling.py::"
_MERGED = "tests/loyalty/referrals/test_settling_of_merged.py::"
_TAKING_BACK = "tests/loyalty/referrals/test_taking_back.py::"
_DUE = "tests/jobs/test_referral_commands.py::"
_PUT_OFF = _DUE + "test_those_that_fail_are_put_off_and_keep_none_from_being_paid"
_NAMESAKES = _CLAIMING + "test_who_bought_before_under_another_of_their_addresses_is_blocked"

FAULTS = (
    Fault(
        "a friend's first order must be more than the minimum",
        "loyalty/referrals/settling.py",
        "first.basis_minor < self._referral.minimum_minor",
        "first.basis_minor <= self._referral.minimum_minor",
        _SETTLING + "test_the_minimum_may_be_met_exactly",
    ),
    Fault(
        "a referral is paid before its hold is over",
        "loyalty/referrals/settling.py",
        "        if due_at > self._now:\n",
        "        if False:\n",
        _SETTLING + "test_both_sides_are_paid_when_the_hold_is_over",
    ),
    Fault(
        "any order of a friend's decides",
        "loyalty/referrals/deciding.py",
        ".order_by(Order.processed_at, Order.order_id)",
        ".order_by(Order.order_id.desc())",
        _SETTLING + "test_the_first_order_decides_and_no_later_one",
    ),
    Fault(
        "points that died are counted twice when a referral is taken back",
        "loyalty/referrals/paying.py",
        "        reversal.undo_expiry_of(books, cause, own, short)",
        "        own += reversal.undo_expiry_of(books, cause, own, short)",
        _TAKING_BACK
        + "test_of_points_that_were_spent_and_died_a_shop_that_clamps_forgives_what_was_spent",
    ),
    Fault(
        "a hold that is running follows the settings",
        "loyalty/referrals/settling.py",
        "hold = timedelta(days=referral.hold_days)",
        "hold = timedelta(\n"
        "            days=get_programme(self._session, self._shop.shop_id).hold_days\n"
        "        )",
        _SETTLING + "test_a_hold_once_begun_is_changed_by_no_setting",
    ),
    Fault(
        "a cancelled order takes one side back",
        "loyalty/referrals/paying.py",
        "    for side, entry in paid.items():\n        member_id, points",
        "    for side, entry in list(paid.items())[:1]:\n        member_id, points",
        _TAKING_BACK + "test_a_cancelled_order_takes_both_back",
    ),
    Fault(
        "the desk tells of no refunds",
        "loyalty/referrals/noticing.py",
        "sheet.is_changed or any(refund.is_changed for refund in sheet.refunds.values())",
        "sheet.is_changed",
        _TAKING_BACK + "test_an_order_of_which_nothing_is_left_takes_both_back",
    ),
    Fault(
        "who was brought has brought somebody",
        "loyalty/criteria/dealings.py",
        ' & (LedgerEntry.source_kind != "referral_friend")',
        "",
        _SETTLING + "test_only_who_brought_somebody_gets_the_badge",
    ),
    Fault(
        "a referral is taken back from who did not get it",
        "loyalty/referrals/paying.py",
        "        _reverse(books, member_id, entry, reason)\n",
        "        _reverse(books, survivor_of(session, shop.shop_id, "
        "getattr(referral, f'{side}_id')), entry, reason)\n",
        _MERGED + "test_what_was_paid_while_merged_is_taken_from_who_has_it",
    ),
    Fault(
        "dots make another address at Gmail",
        "loyalty/referrals/likeness.py",
        "    if domain in _GMAIL:\n",
        "    if False:\n",
        _CLAIMING + "test_nobody_brings_themselves_under_another_spelling",
    ),
    Fault(
        "the eleventh claim of a week is none too many",
        "loyalty/referrals/claiming.py",
        "way) > CLAIMS_MAX for",
        "way) > CLAIMS_MAX + 1 for",
        _CLAIMING + "test_the_tenth_claim_of_a_week_waits_and_the_eleventh_is_flagged",
    ),
    Fault(
        "one may be brought twice",
        "loyalty/referrals/claiming.py",
        "    if reason is None and _find_other(session, referral, friend):\n",
        "    if False:\n",
        _CLAIMING + "test_nor_under_another_spelling_of_their_address",
    ),
    Fault(
        "a referral that fails stays in front",
        "jobs/referrals.py",
        "            put_off(session, shop_id, referral_id, now=now)\n",
        "            pass\n",
        _PUT_OFF,
    ),
    Fault(
        "a referral that fails comes again at once",
        "loyalty/referrals/settling.py",
        ".values(due_at=now + AFTER_FAILURE)",
        ".values(due_at=now)",
        _PUT_OFF,
    ),
    Fault(
        "a referral that fails never comes again",
        "loyalty/referrals/settling.py",
        ".values(due_at=now + AFTER_FAILURE)",
        ".values(due_at=None)",
        _PUT_OFF,
    ),
    Fault(
        "a turn settles one batch of what is due",
        "jobs/referrals.py",
        "        if len(due) < BATCH:\n            break\n",
        "        break\n",
        _DUE + "test_a_turn_goes_on_until_nothing_is_due",
    ),
    Fault(
        "who bought before is known by no address as it is spelt",
        "loyalty/referrals/namesakes.py",
        "addresses = friend.emails | _spelt(session, shop_id, friend)",
        "addresses = friend.emails",
        _NAMESAKES,
    ),
    Fault(
        "who bought before is known only by addresses as they are spelt",
        "loyalty/referrals/namesakes.py",
        "addresses = friend.emails | _spelt(session, shop_id, friend)",
        "addresses = _spelt(session, shop_id, friend)",
        _NAMESAKES,
    ),
    Fault(
        "a guest is nobody's namesake",
        "loyalty/referrals/namesakes.py",
        "friend.customer_ids | {row.customer_id for row in customers}",
        "friend.customer_ids",
        _NAMESAKES,
    ),
    Fault(
        "a friend is known again by one address",
        "loyalty/referrals/claiming.py",
        "for email in sorted(friend.emails))",
        "for email in sorted(friend.emails)[:1])",
        _CLAIMING + "test_nor_by_any_of_the_addresses_that_they_had",
    ),
    Fault(
        "a deleted order is an earlier one",
        "loyalty/referrals/deciding.py",
        "        Order.is_there(),\n        Order.processed_at < claimed_at,\n",
        "        Order.processed_at < claimed_at,\n",
        _TAKING_BACK + "test_a_deleted_order_from_before_the_form_blocks_nobody",
    ),
    Fault(
        "a deleted order goes on deciding",
        "loyalty/referrals/deciding.py",
        "            Order.is_there(),\n            Order.processed_at >= claimed_at,\n",
        "            Order.processed_at >= claimed_at,\n",
        _TAKING_BACK + "test_a_deleted_order_is_none_and_the_next_decides",
    ),
    Fault(
        "what a deleted order paid stays paid",
        "loyalty/referrals/settling.py",
        "            if is_deleted(self._session, self._shop.shop_id, order_id):\n",
        "            if False:\n",
        _TAKING_BACK + "test_an_order_that_shopify_deletes_takes_both_back",
    ),
)
