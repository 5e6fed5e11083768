"""Faults of what is done in Shopify for a redemption; see tests/proofs/faults.py."""

from tests.proofs.faults import Fault

_DISCOUNTS = "shopify_app/platform/discounts/"
_FULFILLING = _DISCOUNTS + "fulfilling.py"
_REDEEMING = "tests/platform/test_redeeming.py::"
_CREDIT = "tests/platform/test_store_credit.py::"

FAULTS = (
    Fault(
        "a credit whose answer was lost was not paid",
        _FULFILLING,
        "    except LostAnswer:\n        raise\n",
        "",
        _CREDIT + "test_store_credit_whose_answer_was_lost_is_found",
    ),
    Fault(
        "clocks never differ",
        _FULFILLING,
        "errand.reserved_at - CLOCKS_DIFFER",
        "errand.reserved_at",
        _CREDIT + "test_a_clock_that_goes_wrong_hides_no_credit",
    ),
    Fault(
        "the credit of another redemption is taken for this one's",
        _FULFILLING,
        "[one for one in paid if one.gid not in claimed]",
        "paid",
        _CREDIT + "test_an_earlier_credit_is_not_taken_for_the_lost_one",
    ),
    Fault(
        "a credit of any amount is taken for this one",
        _FULFILLING,
        " if one.amount_minor == terms.amount_minor]",
        "]",
        _CREDIT + "test_what_shopify_cannot_say_is_left_to_a_person",
    ),
    Fault(
        "what one page of many does not show was not paid",
        _FULFILLING,
        "doubt.is_told or not all(each.is_whole for each in seen)",
        "doubt.is_told",
        _CREDIT + "test_what_shopify_cannot_say_is_left_to_a_person",
    ),
    Fault(
        "a credit is asked for at the end of the lease",
        _FULFILLING,
        "errand.leased_until - utc_now() < _LEFT",
        "errand.leased_until < utc_now()",
        _CREDIT + "test_credit_is_not_asked_for_when_somebody_else_may_soon",
    ),
    Fault(
        "two ask for one credit",
        "loyalty/redemption/doubts.py",
        "    if row is not None and row.found_at > settled_before:\n        return False\n",
        "",
        "tests/loyalty/redemption/test_life.py::test_of_two_who_ask_for_one_credit_one_may",
    ),
    Fault(
        "what was settled meanwhile is asked for all the same",
        "loyalty/redemption/doubts.py",
        '    if lock(session, shop_id, redemption_id).state != "reserved":\n        return False\n',
        "",
        "tests/loyalty/redemption/test_life.py::test_of_two_who_ask_for_one_credit_one_may",
    ),
    Fault(
        "a second credit goes out beside the first",
        "loyalty/rewards/eligibility.py",
        '    if reward.kind == "store_credit" and member_id in stands.being_paid:\n',
        "    if False:\n",
        _CREDIT + "test_a_second_store_credit_waits_for_the_first",
    ),
    Fault(
        "a free product makes the whole cart cheaper",
        _DISCOUNTS + "promises.py",
        '{"items": {"products": _goods(terms)}, "value": _amount(str(product_price))}',
        '{"items": {"all": True}, "value": _amount(str(product_price))}',
        _REDEEMING + "test_a_free_product_is_one_unit_at_todays_price",
    ),
    Fault(
        "a code is everybody's",
        _FULFILLING,
        "customer_ids=errand.customer_ids,",
        "customer_ids=(),",
        _REDEEMING + "test_a_reward_becomes_a_code_for_this_customer_alone",
    ),
    Fault(
        "a code works twice",
        _DISCOUNTS + "promises.py",
        '"usageLimit": 1,  # of each code\n        "appliesOncePerCustomer": not promise.is_pool,',
        '"usageLimit": 2,  # of each code\n        "appliesOncePerCustomer": False,',
        _REDEEMING + "test_a_reward_becomes_a_code_for_this_customer_alone",
    ),
    Fault(
        "who is gone from Shopify is promised a code",
        "loyalty/redemption/errands.py",
        "            Customer.deleted_at.is_(None),\n",
        "",
        _REDEEMING + "test_somebody_whom_shopify_no_longer_has_gets_the_points_back",
    ),
    Fault(
        "a lease keeps nobody away",
        "loyalty/redemption/errands.py",
        "    if not is_waiting or (redemption.next_at is not None and redemption.next_at > now):\n",
        "    if not is_waiting:\n",
        _REDEEMING + "test_who_holds_the_lease_is_left_alone",
    ),
    Fault(
        "a silence of Shopify's is taken for a dead code",
        "shopify_app/platform/redeeming.py",
        "        withdraw(shop_id, errand, patience)\n"
        "    except (ShopifyError, ShapeError) as error:\n"
        "        return _postpone(shop_id, redemption_id, error)\n",
        "        withdraw(shop_id, errand, patience)\n"
        "    except (ShopifyError, ShapeError) as error:\n"
        '        log.warning("not_withdrawn", error=str(error))\n',
        _REDEEMING + "test_while_the_code_may_work_the_points_stay_away",
    ),
    Fault(
        "somebody else's discount is ended with ours",
        _FULFILLING,
        "        if found is None or redemption_tag(errand.redemption_id) not in found.tags:\n",
        "        if found is None:\n",
        "tests/platform/test_codes_on_orders.py::"
        "test_a_return_leaves_somebody_elses_discount_of_the_same_code_alone",
    ),
    Fault(
        "a code is unused as soon as its time is over",
        "jobs/redemptions.py",
        "now=utc_now() - KNOWN_BY",
        "now=utc_now()",
        _REDEEMING + "test_a_code_whose_time_is_over_returns_its_points",
    ),
)
