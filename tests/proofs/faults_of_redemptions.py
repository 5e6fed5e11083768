"""Faults of codes on orders; see tests/proofs/faults.py for what a fault is."""

from tests.proofs.faults import Fault

_USING = "loyalty/redemption/using.py"
_RETURNS = "tests/loyalty/worked_cases/test_returns.py::test_returns_"
_USES = "tests/loyalty/redemption/test_using.py::"

FAULTS = (
    Fault(
        "points of a refund are rounded up",
        _USING,
        "floor(points * removed / gross)",
        "-floor(-points * removed / gross)",
        _RETURNS + "2_points_come_back_cumulatively_and_floored",
    ),
    Fault(
        "what came back is taken again",
        _USING,
        "if due > use.points_returned:",
        "if due != use.points_returned:",
        _RETURNS + "15_what_came_back_is_not_taken_again",
    ),
    Fault(
        "an order that is opened again keeps points and code",
        _USING,
        "elif due < use.points_returned and sheet.is_paid and sheet.cancelled_at is None:",
        "elif False:",
        _RETURNS + "17_an_order_that_is_opened_again_is_debited_again",
    ),
    Fault(
        "an order that is opened again pays for what was refunded",
        _USING,
        "points = min(use.points_returned - due, _cancelled_points(books, use))",
        "points = use.points_returned",
        _USES + "test_an_order_opened_again_keeps_what_was_refunded",
    ),
    Fault(
        "an order that is opened again unpaid is debited",
        _USING,
        "elif due < use.points_returned and sheet.is_paid and sheet.cancelled_at is None:",
        "elif due < use.points_returned and sheet.cancelled_at is None:",
        _USES + "test_an_order_opened_again_unpaid_takes_its_points_once_it_is_paid",
    ),
    Fault(
        "an order that is opened again takes only what is there",
        _USING,
        "use.entry_id = books.debit(owner_id, cause, points=points, may_go_negative=True).id",
        "use.entry_id = books.debit(owner_id, cause, points=points).id",
        _USES + "test_an_order_opened_again_may_leave_its_member_below_zero",
    ),
    Fault(
        "an unpaid order uses a code",
        _USING,
        "if use is None and sheet.is_paid:",
        "if use is None:",
        _USES + "test_an_unpaid_order_uses_nothing_until_it_is_paid",
    ),
    Fault(
        "a test order uses a code",
        _USING,
        "if sheet.codes and not sheet.is_test]",
        "if sheet.codes]",
        _USES + "test_a_test_order_uses_nothing",
    ),
    Fault(
        "a returned code is free when it turns up",
        _USING,
        "entry_id = _take_again(books, redemption, sheet) if is_late else redemption.entry_id",
        "entry_id = redemption.entry_id",
        _RETURNS + "13_a_returned_code_that_still_turns_up_is_debited_again",
    ),
    Fault(
        "a second order has the code for nothing",
        _USING,
        'is_late = redemption.state in ("used", "returned")',
        'is_late = redemption.state == "returned"',
        _RETURNS + "16_a_code_on_two_orders_is_paid_for_twice",
    ),
    Fault(
        "a cancelled order keeps the points of free shipping",
        _USING,
        "    if sheet.cancelled_at is not None:\n        return points\n",
        "",
        _RETURNS + "7_free_shipping_comes_back_only_on_cancellation",
    ),
    Fault(
        "a code of an unpaid order is thought dead",
        _USING,
        'redemption.state, redemption.reason = "returning", "order_cancelled"',
        'redemption.state, redemption.reason = "returned", "order_cancelled"',
        _RETURNS + "14_a_code_of_a_cancelled_unpaid_order_is_disabled_first",
    ),
    Fault(
        "a code typed in small letters is another",
        "shopify_app/platform/payloads/codes.py",
        "return normalise_code(found) if found",
        "return found if found",
        "tests/platform/test_order_codes.py::"
        "test_a_code_says_what_it_took_off_which_line_in_upper_case",
    ),
)
