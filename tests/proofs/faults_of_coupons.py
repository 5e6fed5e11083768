"""Faults of coupons; see tests/proofs/faults.py."""

from tests.proofs.faults import Fault

_ASSIGNING = "loyalty/coupons/assigning.py"
_IMPORTING = "loyalty/coupons/importing.py"
_TESTS = "tests/loyalty/coupons/"
_GIVEN = _TESTS + "test_assigning.py::"
_BROUGHT = _TESTS + "test_importing.py::"

FAULTS = (
    Fault(
        "everybody gets one more than the coupon allows",
        _ASSIGNING,
        "had.get(one, 0) >= coupon.per_member",
        "had.get(one, 0) > coupon.per_member",
        _GIVEN + "test_nobody_gets_more_than_the_coupon_allows",
    ),
    Fault(
        "a code that is gone counts as had",
        _ASSIGNING,
        '            CouponCode.state != "gone",\n',
        "",
        _GIVEN + "test_who_lost_a_code_in_shopify_may_have_another",
    ),
    Fault(
        "a batch gives again when it is sent again",
        _ASSIGNING,
        "missing = [one for one in wanted if one not in given and one not in refused]",
        "missing = [one for one in wanted if one not in refused]",
        _GIVEN + "test_a_batch_that_is_sent_again_gives_nothing_again",
    ),
    Fault(
        "a batch of another coupon gives what that one gave",
        _ASSIGNING,
        "    if any(row.coupon_id != coupon.id for row in rows):\n",
        "    if False:\n",
        _GIVEN + "test_a_batch_of_another_coupon_is_refused",
    ),
    Fault(
        "who is archived gets a code",
        _ASSIGNING,
        " UNKNOWN) | inactive",
        " UNKNOWN)",
        _GIVEN + "test_of_a_list_everyone_has_a_code_or_a_reason",
    ),
    Fault(
        "two who hand out do not wait for one another",
        "loyalty/coupons/saving.py",
        "(shop_id, coupon_id), with_for_update=True, populate_existing=True)",
        "(shop_id, coupon_id), populate_existing=True)",
        _TESTS + "test_racing.py::test_a_member_gets_no_more_than_the_coupon_allows",
    ),
    Fault(
        "a code that an order uses just now is given away",
        _ASSIGNING,
        "        .with_for_update(skip_locked=True)\n",
        "",
        _TESTS + "test_racing.py::test_a_code_that_an_order_uses_just_now_is_given_to_nobody",
    ),
    Fault(
        "a coupon's last day is left out",
        "loyalty/coupons/terms.py",
        "coupon.ends_on < today",
        "coupon.ends_on <= today",
        _GIVEN + "test_a_coupon_that_is_over_goes_to_nobody",
    ),
    Fault(
        "a code that Shopify failed to make is the member's",
        "loyalty/coupons/giving.py",
        "one.code not in {*foreign, *failed}",
        "one.code not in {*foreign}",
        _GIVEN + "test_a_code_that_shopify_failed_to_make_is_asked_for_again",
    ),
    Fault(
        "a file's codes in small letters are others",
        _IMPORTING,
        "        code = text.upper()\n",
        "        code = text\n",
        _BROUGHT + "test_good_lines_are_kept_and_bad_ones_reported",
    ),
    Fault(
        "a code that was used is brought in",
        _IMPORTING,
        '        elif code in used:\n            reason = said("was used by an order already")\n',
        "",
        _BROUGHT + "test_good_lines_are_kept_and_bad_ones_reported",
    ),
    Fault(
        "codes are brought in for a coupon that ended",
        _IMPORTING,
        "    if not coupon.is_active:\n",
        "    if False:\n",
        _BROUGHT + "test_codes_are_imported_only_where_they_are_wanted",
    ),
    Fault(
        "the last order heard of has the coupon",
        "loyalty/coupons/using.py",
        "        if _rank(order) < (code.used_at, code.order_id):\n",
        "        if _rank(order) > (code.used_at, code.order_id):\n",
        _TESTS + "test_using.py::test_of_several_orders_the_first_one_has_it",
    ),
)
