"""Discounts: what is refused, what is made aside, and what codes do to an order."""

from __future__ import annotations

import gzip
import json
import uuid
from decimal import Decimal
from typing import Any

import pytest
import requests

from .stand_in import ROOT, StandIn, wait_until
from .test_mutations import DISCOUNT, discount, new_customer

NAMED = DISCOUNT.replace("mutation (", "mutation MakeOne(")
SHIPPING = DISCOUNT.replace("DiscountCodeBasicInput", "DiscountCodeFreeShippingInput")
SHIPPING = SHIPPING.replace("discountCodeBasicCreate", "discountCodeFreeShippingCreate")
SHIPPING = SHIPPING.replace("basicCodeDiscount", "freeShippingCodeDiscount")
BY_CODE = """query ($code: String!) { codeDiscountNodeByCode(code: $code) { id codeDiscount {
  ... on DiscountCodeBasic { tags codes(first: 5) { nodes { id code asyncUsageCount } } } } } }"""
ADD = """mutation ($id: ID!, $c: [DiscountRedeemCodeInput!]!) {
  discountRedeemCodeBulkAdd(discountId: $id, codes: $c) {
    bulkCreation { id done codesCount } userErrors { code field message } } }"""
CREATION = """query ($id: ID!) { discountRedeemCodeBulkCreation(id: $id) {
  done codesCount importedCount failedCount
  codes(first: 250) { nodes { code errors { code } discountRedeemCode { id } } } } }"""
DELETE = """mutation ($id: ID!, $ids: [ID!]) {
  discountCodeRedeemCodeBulkDelete(discountId: $id, ids: $ids) {
    job { id done } userErrors { code message } } }"""
ORDER = """query ($id: ID!) { order(id: $id) {
  discountApplications(first: 5) { nodes { allocationMethod value { ... on MoneyV2 { amount } } } }
  lineItems(first: 5) { nodes {
    discountAllocations { allocatedAmountSet { shopMoney { amount } } } } } } }"""
CREDIT = """mutation ($id: ID!, $c: StoreCreditAccountCreditInput!) {
  storeCreditAccountCredit(id: $id, creditInput: $c) {
    storeCreditAccountTransaction { id } userErrors { code field } } }"""


def everyone(code: str, **more: Any) -> dict[str, Any]:
    """A code of five off for whoever has it."""
    return discount(code, "", usageLimit=None, context={"all": "ALL"}) | more


def make(shopify: StandIn, token: str, given: dict[str, Any], query: str = DISCOUNT) -> Any:
    """The answer of a create mutation, whichever it is."""
    (answer,) = shopify.data(token, query, {"d": given}).values()
    return answer


@pytest.fixture
def code() -> str:
    return uuid.uuid4().hex.upper()


@pytest.mark.parametrize(
    ("more", "refused"),
    [
        ({"title": " "}, "BLANK"),
        ({"title": "x" * 256}, "TOO_LONG"),
        ({"code": ""}, "TOO_SHORT"),
        ({"code": "x" * 256}, "TOO_LONG"),
        ({"code": "a\nb"}, "INVALID"),
        ({"usageLimit": 0}, "GREATER_THAN"),
        ({"endsAt": "2025-12-31T00:00:00Z"}, "END_DATE_BEFORE_START_DATE"),
        ({"tags": list("abcdef")}, "TOO_MANY_TAGS"),
        ({"tags": ["x" * 256]}, "INVALID_TAG_LENGTH"),
        ({"context": {"customers": {"add": ["gid://shopify/Customer/1"]}}}, "INVALID"),
        (
            {"customerGets": {"items": {"all": True}, "value": {"percentage": 1.5}}},
            "VALUE_OUTSIDE_RANGE",
        ),
        (
            {
                "customerGets": {
                    "items": {"products": {"productsToAdd": ["gid://shopify/Product/1"]}},
                    "value": {"percentage": 1.0},
                }
            },
            "INVALID",
        ),
    ],
)
def test_a_wrong_discount_is_refused_and_not_made(
    shopify: StandIn, token: str, code: str, more: dict[str, Any], refused: str
) -> None:
    answer = make(shopify, token, everyone(code) | more)

    assert answer["codeDiscountNode"] is None
    assert [error["code"] for error in answer["userErrors"]] == [refused]
    seen = shopify.data(token, BY_CODE, {"code": code})
    assert seen["codeDiscountNodeByCode"] is None


def test_discounts_on_shipping_never_combine(shopify: StandIn, token: str, code: str) -> None:
    given = everyone(code, combinesWith={"shippingDiscounts": True})
    del given["customerGets"]

    answer = make(shopify, token, given, SHIPPING)

    (error,) = answer["userErrors"]
    assert error["code"] == "INVALID_COMBINES_WITH_FOR_DISCOUNT_CLASS"


def test_every_error_code_of_the_schema_can_be_asked_for(
    shopify: StandIn, token: str, code: str
) -> None:
    for name in error_codes():
        shopify.fault("discounts", "refuse", code=name, count=1)

        answer = make(shopify, token, everyone(code))

        assert [error["code"] for error in answer["userErrors"]] == [name]
    assert make(shopify, token, everyone(code))["userErrors"] == []


def test_an_answer_can_be_lost_after_the_discount_was_made(
    shopify: StandIn, token: str, code: str
) -> None:
    shopify.fault("graphql", "cut", count=1, topic="MakeOne")
    # another operation comes through meanwhile
    assert shopify.data(token, BY_CODE, {"code": code})["codeDiscountNodeByCode"] is None

    with pytest.raises(requests.RequestException):
        make(shopify, token, everyone(code, tags=["mine"]), NAMED).get("userErrors")

    seen = shopify.data(token, BY_CODE, {"code": code})["codeDiscountNodeByCode"]
    assert seen["codeDiscount"]["tags"] == ["mine"]


def test_codes_are_added_in_bulk_a_while_later(shopify: StandIn, token: str, code: str) -> None:
    gid = make(shopify, token, everyone(code))["codeDiscountNode"]["id"]
    shopify.control("bulk", {"seconds_per_object": 0.2})
    wanted = [f"{code}-1", f"{code}-2", code, ""]

    asked = shopify.data(token, ADD, {"id": gid, "c": [{"code": one} for one in wanted]})
    creation = asked["discountRedeemCodeBulkAdd"]["bulkCreation"]
    assert (creation["done"], creation["codesCount"]) == (False, 4)

    def when_done() -> Any:
        shown = shopify.data(token, CREATION, {"id": creation["id"]})
        found = shown["discountRedeemCodeBulkCreation"]
        return found if found["done"] else None

    done = wait_until(when_done)
    assert (done["importedCount"], done["failedCount"]) == (2, 2)
    refusals = [[e["code"] for e in one["errors"]] for one in done["codes"]["nodes"]]
    assert refusals == [[], [], ["TAKEN"], ["TOO_SHORT"]]
    found = shopify.data(token, BY_CODE, {"code": f"{code}-2"})["codeDiscountNodeByCode"]
    assert found["id"] == gid


def test_more_than_250_codes_at_once_are_refused(shopify: StandIn, token: str, code: str) -> None:
    gid = make(shopify, token, everyone(code))["codeDiscountNode"]["id"]

    answer = shopify.ask(token, ADD, {"id": gid, "c": [{"code": f"{n}"} for n in range(251)]})

    assert answer["errors"][0]["extensions"]["code"] == "MAX_INPUT_SIZE_EXCEEDED"


def test_one_code_is_deleted_and_the_others_stay(shopify: StandIn, token: str, code: str) -> None:
    gid = make(shopify, token, everyone(code))["codeDiscountNode"]["id"]
    shopify.data(token, ADD, {"id": gid, "c": [{"code": f"{code}-1"}]})
    seen = wait_until(
        lambda: shopify.data(token, BY_CODE, {"code": f"{code}-1"})["codeDiscountNodeByCode"]
    )
    ids = {c["code"]: c["id"] for c in seen["codeDiscount"]["codes"]["nodes"]}

    asked = shopify.data(token, DELETE, {"id": gid, "ids": [ids[f"{code}-1"]]})
    job = asked["discountCodeRedeemCodeBulkDelete"]["job"]["id"]
    look = "query ($id: ID!) { job(id: $id) { done } }"
    wait_until(lambda: shopify.data(token, look, {"id": job})["job"]["done"])

    gone = shopify.data(token, BY_CODE, {"code": f"{code}-1"})["codeDiscountNodeByCode"]
    kept = shopify.data(token, BY_CODE, {"code": code})["codeDiscountNodeByCode"]
    assert gone is None and kept["id"] == gid


def test_a_free_product_takes_its_price_off_its_own_lines_alone(
    shopify: StandIn, token: str, code: str
) -> None:
    product = shopify.product()
    entitled = {"products": {"productsToAdd": [f"gid://shopify/Product/{product}"]}}
    amount = {"discountAmount": {"amount": "6.00", "appliesOnEachItem": False}}
    make(shopify, token, everyone(code, customerGets={"items": entitled, "value": amount}))
    other = {"title": "Tea", "price": "6.00"}
    without = shopify.session.post(
        f"{shopify.url}/_control/orders", json={"lines": [other], "discounts": [{"code": code}]}
    )

    lines = [other, {"product_id": product, "price": "6.00", "quantity": 2}]
    order = shopify.control("orders", {"lines": lines, "discounts": [{"code": code}]})

    assert without.status_code == 422
    taken = [[a["amount"] for a in line["discount_allocations"]] for line in order["line_items"]]
    assert taken == [[], ["6.00"]]
    assert order["discount_applications"][0]["target_selection"] == "entitled"


@pytest.mark.parametrize(
    ("each", "amount", "taken"),
    [
        (False, "5.00", [[], ["3.75"], ["1.25"]]),
        (True, "5.00", [[], ["10.00"], ["4.00"]]),
        (True, "0.50", [[], ["1.00"], ["0.50"]]),
    ],
    ids=["once", "each item", "little off each item"],
)
def test_an_amount_is_off_once_or_off_each_item_that_it_is_for(
    shopify: StandIn, token: str, code: str, each: bool, amount: str, taken: list[list[str]]
) -> None:
    products = shopify.get("/_control/state")["products"]
    soap, tea = [one["id"] for one in products if not one["gift_card"]][:2]
    gids = [f"gid://shopify/Product/{product}" for product in (soap, tea)]
    gets = {
        "items": {"products": {"productsToAdd": gids}},
        "value": {"discountAmount": {"amount": amount, "appliesOnEachItem": each}},
    }
    assert make(shopify, token, everyone(code, customerGets=gets))["userErrors"] == []

    lines = [
        {"title": "Cup", "price": "9.00", "quantity": 2},
        {"product_id": soap, "price": "6.00", "quantity": 2},
        {"product_id": tea, "price": "4.00"},
    ]
    order = shopify.control("orders", {"lines": lines, "discounts": [{"code": code}]})

    found = [[a["amount"] for a in line["discount_allocations"]] for line in order["line_items"]]
    assert found == taken
    (application,) = order["discount_applications"]
    assert application["allocation_method"] == ("each" if each else "across")
    assert application["value"] == f"{Decimal(amount):.1f}"
    off = sum(Decimal(each_taken) for line in taken for each_taken in line)
    assert order["discount_codes"] == [{"code": code, "amount": f"{off}", "type": "fixed_amount"}]
    assert Decimal(order["subtotal_price"]) == Decimal("34.00") - off


def test_an_amount_off_each_item_is_told_by_the_query_of_the_order(
    shopify: StandIn, token: str, code: str
) -> None:
    value = {"discountAmount": {"amount": "5.00", "appliesOnEachItem": True}}
    make(shopify, token, everyone(code, customerGets={"items": {"all": True}, "value": value}))
    lines = [{"title": "Soap", "price": "6.00", "quantity": 3}]
    order = shopify.control("orders", {"lines": lines, "discounts": [{"code": code}]})

    seen = shopify.data(token, ORDER, {"id": order["admin_graphql_api_id"]})["order"]

    (applied,) = seen["discountApplications"]["nodes"]
    assert applied == {"allocationMethod": "EACH", "value": {"amount": "5.0"}}
    (line,) = seen["lineItems"]["nodes"]
    (taken,) = line["discountAllocations"]
    assert taken["allocatedAmountSet"]["shopMoney"]["amount"] == "15.0"


def test_free_shipping_takes_off_the_shipping_alone(
    shopify: StandIn, token: str, code: str
) -> None:
    given = everyone(code)
    del given["customerGets"]
    make(shopify, token, given, SHIPPING)

    order = shopify.control(
        "orders",
        {
            "lines": [{"title": "Tea", "price": "6.00", "taxable": False}],
            "shipping": "4.00",
            "discounts": [{"code": code}],
        },
    )

    assert order["discount_codes"] == [{"code": code, "amount": "4.00", "type": "shipping"}]
    (line,) = order["shipping_lines"]
    assert (line["price"], line["discounted_price"]) == ("4.00", "0.00")
    assert line["discount_allocations"][0]["amount"] == "4.00"
    assert order["line_items"][0]["discount_allocations"] == []
    assert (order["subtotal_price"], order["total_price"]) == ("6.00", "6.00")


def test_a_cart_below_the_minimum_cannot_use_a_code(
    shopify: StandIn, token: str, code: str
) -> None:
    least = {"subtotal": {"greaterThanOrEqualToSubtotal": "20.00"}}
    make(shopify, token, everyone(code, minimumRequirement=least))

    def order(price: str) -> int:
        lines = [{"title": "Tea", "price": price}]
        wish = {"lines": lines, "discounts": [{"code": code}]}
        return shopify.session.post(f"{shopify.url}/_control/orders", json=wish).status_code

    assert (order("19.99"), order("20.00")) == (422, 200)


@pytest.mark.parametrize(
    ("more", "refused"),
    [
        ({"creditAmount": {"amount": "0", "currencyCode": "USD"}}, "NEGATIVE_OR_ZERO_AMOUNT"),
        ({"creditAmount": {"amount": "9", "currencyCode": "XAF"}}, "UNSUPPORTED_CURRENCY"),
        ({"creditAmount": {"amount": "100001", "currencyCode": "USD"}}, "CREDIT_LIMIT_EXCEEDED"),
        ({"expiresAt": "2020-01-01T00:00:00Z"}, "EXPIRES_AT_IN_PAST"),
    ],
)
def test_a_wrong_credit_is_refused(
    shopify: StandIn, token: str, more: dict[str, Any], refused: str
) -> None:
    gid = new_customer(shopify, token)
    given = {"creditAmount": {"amount": "9", "currencyCode": "USD"}, **more}

    answer = shopify.data(token, CREDIT, {"id": gid, "c": given})["storeCreditAccountCredit"]

    assert answer["storeCreditAccountTransaction"] is None
    assert [error["code"] for error in answer["userErrors"]] == [refused]


def test_nobody_unknown_is_given_credit(shopify: StandIn, token: str) -> None:
    given = {"creditAmount": {"amount": "9", "currencyCode": "USD"}}

    answer = shopify.data(token, CREDIT, {"id": "gid://shopify/Customer/1", "c": given})

    assert answer["storeCreditAccountCredit"]["userErrors"][0]["code"] == "OWNER_NOT_FOUND"


def test_what_moved_on_a_credit_account_is_shown(shopify: StandIn, token: str) -> None:
    gid = new_customer(shopify, token)
    given = {"creditAmount": {"amount": "9.50", "currencyCode": "USD"}}
    made = shopify.data(token, CREDIT, {"id": gid, "c": given})["storeCreditAccountCredit"]
    look = """query ($id: ID!) { customer(id: $id) { storeCreditAccounts(first: 5) { nodes {
      transactions(first: 5, reverse: true) { nodes { createdAt amount { amount currencyCode }
        ... on StoreCreditAccountCreditTransaction { id } } } } } } }"""

    shown = shopify.data(token, look, {"id": gid})["customer"]["storeCreditAccounts"]["nodes"]

    (moved,) = shown[0]["transactions"]["nodes"]
    assert moved["id"] == made["storeCreditAccountTransaction"]["id"]
    assert moved["amount"] == {"amount": "9.5", "currencyCode": "USD"}


def error_codes() -> list[str]:
    """Every DiscountErrorCode of the schema."""
    with gzip.open(ROOT / "sandbox/shopify/schema/admin_2026-10.json.gz") as file:
        types = json.load(file)["data"]["__schema"]["types"]
    (found,) = [t for t in types if t["name"] == "DiscountErrorCode"]
    return [value["name"] for value in found["enumValues"]]
