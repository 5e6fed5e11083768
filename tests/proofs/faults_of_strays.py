"""Faults of orders that no customer placed; see tests/proofs/faults.py for what a fault is."""

from tests.proofs.faults import Fault

_CLAIMING = "tests/loyalty/earning/test_claiming.py::"
_STRAYS = "tests/loyalty/earning/test_strays.py::"
_AFTER_ERASING = (
    "tests/jobs/privacy/test_after_erasing.py::"
    "test_an_order_of_nobody_bears_no_mark_of_their_email_any_more"
)

FAULTS = (
    Fault(
        "who claimed an order of no customer is taken for erased",
        "loyalty/orders/erased.py",
        "return sheet.member_id in self.member_ids or facts.customer_id in self.customer_ids",
        "return True",
        _CLAIMING + "test_a_customer_whom_staff_give_a_claimed_order_is_kept_and_its_owner_stays",
    ),
    Fault(
        "late news brings an erased person's address back",
        "loyalty/orders/erased.py",
        "return sheet.member_id in self.member_ids or facts.customer_id in self.customer_ids",
        "return facts.customer_id in self.customer_ids",
        _CLAIMING + "test_late_news_of_an_erased_persons_order_brings_no_address_back",
    ),
    Fault(
        "an erased customer comes back to an order of somebody else",
        "loyalty/orders/erased.py",
        "return sheet.member_id in self.member_ids or facts.customer_id in self.customer_ids",
        "return sheet.member_id in self.member_ids",
        _CLAIMING + "test_an_erased_customer_comes_back_to_no_order_that_somebody_else_claimed",
    ),
    Fault(
        "an erased person's email stays on orders of nobody",
        "jobs/privacy/erasing.py",
        "    person = with_strays(session, person)\n",
        "",
        _AFTER_ERASING,
    ),
    Fault(
        "late news brings an erased person's email back to orders of nobody",
        "jobs/privacy/people.py",
        'erased.get("orders", _orders_named(request))',
        "_orders_named(request)",
        _AFTER_ERASING,
    ),
    Fault(
        "an order that comes before its owner's account stays nobody's",
        "loyalty/orders/recording.py",
        "    earlier |= list_proved(session, shop.shop_id, owners.vouched, now)\n",
        "",
        _STRAYS + "test_an_order_that_came_before_its_owners_account_is_theirs_with_it",
    ),
    Fault(
        "only a new customer's address is asked for",
        "loyalty/members/roster.py",
        "            sheet.is_changed = True\n            self._news.add(facts.customer_id)\n",
        "            sheet.is_changed = True\n",
        _STRAYS + "test_an_order_is_theirs_once_shopify_has_verified_the_address",
    ),
    Fault(
        "an address that Shopify has not verified claims orders",
        "loyalty/members/matching.py",
        "        Customer.has_verified_email,\n    )\n    return Member.email_verified_at",
        "    )\n    return Member.email_verified_at",
        _STRAYS + "test_an_address_that_nobody_proved_is_given_nothing_at_night",
    ),
    Fault(
        "of two who have proved an address one gets its orders",
        "loyalty/members/matching.py",
        'if times[row.email_norm] == 1 and row.state == "active"',
        'if row.state == "active"',
        _STRAYS + "test_of_two_who_have_proved_one_address_nobody_gets_it",
    ),
    Fault(
        "an archived member is given orders at night",
        "loyalty/members/matching.py",
        '.having(func.count() == 1, func.bool_and(Member.state == "active"))',
        ".having(func.count() == 1)",
        _STRAYS + "test_an_archived_member_is_given_nothing",
    ),
    Fault(
        "an order is claimed by its email for ever",
        "loyalty/orders/strays.py",
        "        Order.processed_at >= now - timedelta(days=days),\n",
        "",
        _STRAYS + "test_who_may_not_claim_by_the_address_gets_nothing",
    ),
    Fault(
        "the night gives one batch",
        "jobs/strays.py",
        "        if len(claimed.order_ids) < BATCH:\n            return total\n",
        "        return total\n",
        "tests/jobs/test_strays.py::test_all_that_is_left_is_given_however_many_batches_it_takes",
    ),
)
