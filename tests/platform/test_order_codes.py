"""The codes of an order, as a webhook and as Admin GraphQL tell them, are the same facts."""

import copy
from typing import Any

import pytest

from loyalty.orders.facts import CodeFacts
from shopify_app.platform.errors import ShapeError
from shopify_app.platform.payloads.codes import read_code_nodes
from shopify_app.platform.payloads.orders import read_order
from tests.factories import payloads
from tests.factories.payloads import Line, Terms
from tests.factories.samples import Payload

CODE = "Enc-7kqm-x2pd"
SOAP, LAMP = Line("10.00", 2, id=11), Line("20.00", id=12, discount="3.00")


def test_a_code_says_what_it_took_off_which_line_in_upper_case() -> None:
    # given 8.10 off by the code, spread over 20.00 and 17.00, and 3.00 off the lamp by hand
    order = _order()
    # when
    (code,) = read_order(order).codes
    # then
    assert code == CodeFacts("ENC-7KQM-X2PD", 810, ((11, 438), (12, 372)))


def test_an_order_without_codes_has_none() -> None:
    order = payloads.order([LAMP], Terms(order_discount="5.00"))

    assert read_order(order).codes == ()


def test_a_code_for_shipping_touches_no_line() -> None:
    order = _with_shipping(payloads.order([SOAP]))

    assert read_order(order).codes == (CodeFacts("FREESHIP", 490),)


def test_a_code_that_took_nothing_off_is_on_the_order_all_the_same() -> None:
    order = payloads.order([SOAP], discount_codes=[{"code": "none", "amount": "0.00"}])

    assert read_order(order).codes == (CodeFacts("NONE", 0),)


def test_one_code_typed_in_two_ways_is_one() -> None:
    order = _order()
    order["discount_codes"].append({"code": CODE.lower(), "amount": "0.00", "type": "percentage"})

    assert len(read_order(order).codes) == 1


def test_graphql_tells_the_same() -> None:
    order = _with_shipping(_order())

    told = read_code_nodes(_node(order), _line_nodes(order), "USD")

    assert told == read_order(order).codes
    assert {code.code for code in told} == {"ENC-7KQM-X2PD", "FREESHIP"}


@pytest.mark.parametrize("index", [None, -1, 99, "0", True])
def test_an_allocation_of_no_application_is_no_codes(index: object) -> None:
    order = payloads.order([SOAP], Terms(order_discount="5.00", discount_code=CODE))
    for line in order["line_items"]:
        line["discount_allocations"][0]["discount_application_index"] = index

    assert read_order(order).codes == (CodeFacts("ENC-7KQM-X2PD", 0),)


@pytest.mark.parametrize("bad", [7, ["CODE"], {"code": "X"}])
def test_a_code_that_is_no_text_is_refused(bad: object) -> None:
    order = payloads.order([SOAP], discount_codes=[{"code": bad}])

    with pytest.raises(ShapeError):
        read_order(order)


def test_codes_that_are_no_list_are_refused() -> None:
    with pytest.raises(ShapeError):
        read_code_nodes({"discountCodes": "CODE"}, [], "USD")


def _order() -> Payload:
    return payloads.order([SOAP, LAMP], Terms(order_discount="8.10", discount_code=CODE))


def _with_shipping(order: Payload) -> Payload:
    """4.90 of shipping, which a code of its own takes off."""
    amount = {"shop_money": {"amount": "4.90", "currency_code": "USD"}}
    number = len(order["discount_applications"])
    made = {"type": "discount_code", "code": "freeship", "target_type": "shipping_line"}
    line = {
        "price_set": amount,
        "discount_allocations": [{"amount_set": amount, "discount_application_index": number}],
    }
    return order | {
        "discount_applications": [*order["discount_applications"], made],
        "shipping_lines": [line],
    }


def _node(order: Payload) -> dict[str, Any]:
    (shipping,) = order["shipping_lines"]
    return {
        "discountCodes": [one["code"] for one in order["discount_codes"]] + ["freeship"],
        "shippingLine": {"discountAllocations": _allocations(order, shipping)},
    }


def _line_nodes(order: Payload) -> list[dict[str, Any]]:
    return [
        {
            "id": f"gid://shopify/LineItem/{line['id']}",
            "discountAllocations": _allocations(order, line),
        }
        for line in order["line_items"]
    ]


def _allocations(order: Payload, line: Payload) -> list[dict[str, Any]]:
    """As GraphQL has them: what is no code's has no code."""
    found = []
    for one in copy.deepcopy(line["discount_allocations"]):
        money = one["amount_set"]["shop_money"]
        by = order["discount_applications"][one["discount_application_index"]]
        amount = {"amount": money["amount"], "currencyCode": money["currency_code"]}
        application = {"code": by["code"]} if by["type"] == "discount_code" else {}
        found.append(
            {"allocatedAmountSet": {"shopMoney": amount}, "discountApplication": application}
        )
    return found
