"""Faults of reserving, issuing, returning and sweeping; see tests/proofs/faults.py."""

from tests.proofs.faults import Fault

_OF = "loyalty/redemption/"
_TESTS = "tests/loyalty/redemption/"
_RESERVING = _TESTS + "test_reserving.py::"
_LIFE = _TESTS + "test_life.py::"
_ORDERS = _TESTS + "test_racing_orders.py::"
_USING = _TESTS + "test_using.py::"

FAULTS = (
    Fault(
        "who redeems does not lock the balance",
        _OF + "reserving.py",
        "balance = lock_balance(session, shop.shop_id, member_id)",
        "balance = session.get_one(MemberBalance, (shop.shop_id, member_id))",
        _TESTS + "test_racing.py::test_of_the_till_and_the_phone_one_wins_and_the_other_is_told",
    ),
    Fault(
        "the same wish is another redemption",
        _OF + "reserving.py",
        "    if known is not None:\n        return _same(known, member_id, wish)\n",
        "",
        _RESERVING + "test_the_same_wish_again_is_the_same_redemption",
    ),
    Fault(
        "the same key buys whatever was bought first",
        _OF + "reserving.py",
        "    if (before, amounts) != (asked, (wish.points, wish.cart_minor)):\n",
        "    if False:\n",
        _RESERVING + "test_the_same_key_for_another_wish_is_a_conflict",
    ),
    Fault(
        "points buy something until the nightly run",
        _OF + "reserving.py",
        "    dying.expire_dead(books, member_id)\n",
        "",
        _RESERVING + "test_points_that_are_over_buy_nothing",
    ),
    Fault(
        "who is away redeems",
        _OF + "reserving.py",
        "    get_active_member(session, shop.shop_id, member_id)\n",
        "",
        _RESERVING + "test_nobody_redeems_for_a_member_who_is_away",
    ),
    Fault(
        "a code ends at the midnight before its last day",
        "loyalty/rewards/eligibility.py",
        "timedelta(days=validity_days + 1)",
        "timedelta(days=validity_days)",
        _RESERVING + "test_a_reservation_takes_the_points_and_promises_a_code",
    ),
    Fault(
        "the sixth redemption of a day is not looked at",
        _OF + "velocity.py",
        ">= programme.velocity_per_member",
        "> programme.velocity_per_member",
        _RESERVING + "test_beyond_the_velocity_limit_a_redemption_is_flagged_and_not_refused",
    ),
    Fault(
        "what was redeemed a day ago still counts",
        _OF + "velocity.py",
        "Redemption.reserved_at > now - WINDOW",
        "Redemption.reserved_at >= now - WINDOW",
        _RESERVING + "test_beyond_the_velocity_limit_a_redemption_is_flagged_and_not_refused",
    ),
    Fault(
        "a cashier redeems as often as they like",
        _OF + "velocity.py",
        '_USERS = ("till_user", "staff")',
        '_USERS = ("staff",)',
        _RESERVING + "test_a_cashier_who_redeems_for_many_is_flagged",
    ),
    Fault(
        "a second answer of Shopify's issues again",
        _OF + "issuing.py",
        '    if redemption.state == "reserved":\n        _issue(',
        '    if redemption.state in ("reserved", "issued"):\n        _issue(',
        _LIFE + "test_issuing_twice_is_issuing_once",
    ),
    Fault(
        "a code that turns up after its refusal goes on working",
        _OF + "issuing.py",
        '    elif is_news and redemption.state == "returned":\n',
        "    elif False:\n",
        _LIFE + "test_a_code_that_turns_up_after_the_refusal_is_disabled_and_the_points_stay",
    ),
    Fault(
        "a late credit forgets that its points are away again",
        _OF + "issuing.py",
        "redemption.entry_id, redemption.points_returned = entry.id, 0",
        "redemption.entry_id = entry.id",
        _TESTS + "test_selfcheck.py::test_a_credit_that_turned_up_late_is_like_the_ledger",
    ),
    Fault(
        "who cannot tell looks again every five seconds",
        _OF + "issuing.py",
        "        redemption.attempts += 1\n",
        "",
        _LIFE + "test_who_cannot_tell_what_became_of_it_looks_again_soon_then_once_a_minute",
    ),
    Fault(
        "points come back beside a code that works",
        _OF + "returning.py",
        '    if redemption.state == "returning":\n        give_all_back(',
        '    if redemption.state in ("issued", "returning"):\n        give_all_back(',
        _LIFE + "test_what_is_not_begun_is_not_finished",
    ),
    Fault(
        "a code on an unpaid order is taken back",
        _OF + "returning.py",
        "    _refuse_carried(session, redemption)\n    begin_locked(",
        "    begin_locked(",
        _USING + "test_points_stay_away_while_an_unpaid_order_carries_the_code",
    ),
    Fault(
        "store credit is taken back",
        _OF + "returning.py",
        "    if not Terms.from_json(redemption.terms).has_code:\n",
        "    if False:\n",
        _LIFE + "test_what_cannot_be_taken_back_says_why",
    ),
    Fault(
        "who takes a code back does not lock it",
        _OF + "points.py",
        "with_for_update=True, populate_existing=True",
        "populate_existing=True",
        _ORDERS + "test_a_void_that_meets_the_order_of_its_code_waits_and_is_refused",
    ),
    Fault(
        "a code's time is over an instant late",
        _OF + "due.py",
        "Redemption.expires_at <= now",
        "Redemption.expires_at < now",
        _LIFE + "test_a_code_whose_time_is_over_begins_to_return_at_that_instant",
    ),
    Fault(
        "the sweep takes back what an unpaid order carries",
        _OF + "due.py",
        "            ~is_carried(),\n",
        "",
        _USING + "test_points_stay_away_while_an_unpaid_order_carries_the_code",
    ),
    Fault(
        "a test order keeps a code for ever",
        _OF + "open_orders.py",
        "        ~Order.is_test,\n",
        "",
        _LIFE + "test_a_test_order_keeps_nobody_from_taking_the_code_back",
    ),
    Fault(
        "two sweepers have one redemption",
        _OF + "due.py",
        "    for redemption in due:\n        redemption.next_at = now + LEASE\n",
        "",
        _LIFE + "test_a_sweep_takes_what_is_due_and_leaves_it_to_nobody_else_for_a_while",
    ),
)
