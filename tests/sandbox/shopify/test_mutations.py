"""What a mutation changes, the next query sees."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from .stand_in import StandIn, wait_until

CREATE = """mutation ($input: CustomerInput!) { customerCreate(input: $input) {
  customer { id displayName tags defaultEmailAddress { emailAddress marketingState } }
  userErrors { field message } } }"""
DISCOUNT = """mutation ($d: DiscountCodeBasicInput!) {
  discountCodeBasicCreate(basicCodeDiscount: $d) {
    codeDiscountNode { id } userErrors { field code message } } }"""
BY_CODE = """query ($code: String!) { codeDiscountNodeByCode(code: $code) { id codeDiscount {
  ... on DiscountCodeBasic { status asyncUsageCount usageLimit
    context { ... on DiscountCustomers { customers { id } } }
    customerGets { value { ... on DiscountAmount { amount { amount } } } } } } } }"""
METAFIELD = """mutation ($m: [MetafieldsSetInput!]!) { metafieldsSet(metafields: $m) {
  metafields { value compareDigest namespace } userErrors { code elementIndex } } }"""


def new_customer(shopify: StandIn, token: str) -> str:
    """The id of somebody who was not there before."""
    given = {"firstName": "Nora", "email": f"{uuid.uuid4().hex}@example.com"}
    made = shopify.data(token, CREATE, {"input": given})["customerCreate"]
    assert made["userErrors"] == []
    gid: str = made["customer"]["id"]
    return gid


def discount(code: str, customer: str, **more: Any) -> dict[str, Any]:
    """A personal code of five in the shop's money."""
    return {
        "title": "Five off",
        "code": code,
        "startsAt": "2026-01-01T00:00:00Z",
        "usageLimit": 1,
        "context": {"customers": {"add": [customer]}},
        "customerGets": {
            "items": {"all": True},
            "value": {"discountAmount": {"amount": "5.00", "appliesOnEachItem": False}},
        },
        **more,
    }


def test_a_created_customer_is_found_by_email_and_cannot_be_made_twice(
    shopify: StandIn, token: str
) -> None:
    email = f"{uuid.uuid4().hex}@example.com"
    given = {"firstName": "Nora", "email": email, "tags": ["b", "A", "b"]}

    made = shopify.data(token, CREATE, {"input": given})["customerCreate"]
    query = "query ($e: String!) { customerByIdentifier(identifier: {emailAddress: $e}) { id } }"
    found = shopify.data(token, query, {"e": email.upper()})["customerByIdentifier"]
    again = shopify.data(token, CREATE, {"input": given})["customerCreate"]

    assert made["customer"]["tags"] == ["A", "b"]
    assert found["id"] == made["customer"]["id"]
    error = {"field": ["email"], "message": "Email has already been taken"}
    assert again == {"customer": None, "userErrors": [error]}


def test_a_customer_is_found_by_phone_and_told_to_the_app(shopify: StandIn, token: str) -> None:
    phone = f"+346{uuid.uuid4().int % 10**8:08}"
    given = {"firstName": "Nora", "lastName": "Novak", "phone": phone}

    made = shopify.data(token, CREATE, {"input": given})["customerCreate"]
    query = "query ($p: String!) { customerByIdentifier(identifier: {phoneNumber: $p}) { id } }"
    found = shopify.data(token, query, {"p": phone})["customerByIdentifier"]
    again = shopify.data(token, CREATE, {"input": given})["customerCreate"]

    assert found["id"] == made["customer"]["id"]
    error = {"field": ["phone"], "message": "Phone has already been taken"}
    assert again == {"customer": None, "userErrors": [error]}
    told = wait_until(lambda: shopify.app.of("customers/create"))[0].payload
    assert (told["admin_graphql_api_id"], told["phone"]) == (found["id"], phone)
    assert len(shopify.app.of("customers/create")) == 1


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("email", "nora@example", "Email is invalid"),
        ("email", "nora", "Email is invalid"),
        ("phone", "+1 212 555 0100", "Phone is invalid"),
        ("phone", "+11235550100", "Phone is invalid"),
        ("phone", "+9990000000000", "Phone is invalid"),
        ("phone", "600000000", "Phone is invalid"),
    ],
)
def test_a_malformed_contact_is_refused_beside_its_field(
    shopify: StandIn, token: str, field: str, value: str, message: str
) -> None:
    given = {"firstName": "Nora", field: value}

    answer = shopify.data(token, CREATE, {"input": given})["customerCreate"]

    assert answer == {"customer": None, "userErrors": [{"field": [field], "message": message}]}
    assert shopify.app.of("customers/create") == []


def test_somebody_without_name_and_contact_cannot_be_made(shopify: StandIn, token: str) -> None:
    answer = shopify.data(token, CREATE, {"input": {"note": "a stranger"}})["customerCreate"]

    [error] = answer["userErrors"]
    assert error["message"] == "A name, phone number, or email address must be present"


def test_tags_added_and_removed_are_seen_and_told(shopify: StandIn, token: str) -> None:
    gid = new_customer(shopify, token)
    add = "mutation ($id: ID!, $t: [String!]!) { tagsAdd(id: $id, tags: $t) { node { id } } }"
    remove = add.replace("tagsAdd", "tagsRemove")
    look = "query ($id: ID!) { customer(id: $id) { tags } }"

    shopify.data(token, add, {"id": gid, "t": ["gold", "vip"]})
    after_add = shopify.data(token, look, {"id": gid})["customer"]["tags"]
    shopify.data(token, remove, {"id": gid, "t": ["VIP"]})
    after_remove = shopify.data(token, look, {"id": gid})["customer"]["tags"]

    assert after_add == ["gold", "vip"]
    assert after_remove == ["gold"]
    told = wait_until(lambda: shopify.app.of("customer.tags_added"))[0].payload
    assert (told["customerId"], told["tags"]) == (gid, ["gold", "vip"])


def test_metafields_are_compared_before_they_are_set(shopify: StandIn, token: str) -> None:
    gid = new_customer(shopify, token)
    field = {"ownerId": gid, "namespace": "$app:loyalty", "key": "points"}
    ten = {**field, "type": "number_integer", "value": "10", "compareDigest": None}

    made = shopify.data(token, METAFIELD, {"m": [ten]})["metafieldsSet"]
    stale = shopify.data(token, METAFIELD, {"m": [ten]})["metafieldsSet"]
    digest = made["metafields"][0]["compareDigest"]
    moved = {**ten, "value": "12", "compareDigest": digest}
    shopify.data(token, METAFIELD, {"m": [moved]})
    look = """query ($id: ID!) { customer(id: $id) {
      points: metafield(namespace: "$app:loyalty", key: "points") { value jsonValue } } }"""

    assert made["metafields"][0]["namespace"].startswith("app--")
    assert stale["userErrors"] == [{"code": "STALE_OBJECT", "elementIndex": 0}]
    found = shopify.data(token, look, {"id": gid})["customer"]["points"]
    assert found == {"value": "12", "jsonValue": 12}


def test_one_bad_metafield_keeps_all_of_them_out(shopify: StandIn, token: str) -> None:
    gid = new_customer(shopify, token)
    good = {"ownerId": gid, "key": "a", "type": "number_integer", "value": "1"}
    bad = {**good, "key": "b", "value": "many"}

    refused = shopify.data(token, METAFIELD, {"m": [good, bad]})["metafieldsSet"]

    look = 'query ($id: ID!) { customer(id: $id) { metafield(key: "a") { value } } }'
    assert refused["userErrors"] == [{"code": "INVALID_VALUE", "elementIndex": 1}]
    assert shopify.data(token, look, {"id": gid})["customer"]["metafield"] is None


def test_a_discount_code_works_once_and_for_its_customer_alone(
    shopify: StandIn, token: str
) -> None:
    alice, code = shopify.alice(), uuid.uuid4().hex.upper()
    given = discount(code, alice["admin_graphql_api_id"])

    made = shopify.data(token, DISCOUNT, {"d": given})["discountCodeBasicCreate"]
    taken = shopify.data(token, DISCOUNT, {"d": given})["discountCodeBasicCreate"]
    stranger = shopify.session.post(
        f"{shopify.url}/_control/orders", json={"discounts": [{"code": code}]}
    )
    order = {"customer_id": alice["id"], "discounts": [{"code": code}]}
    placed = shopify.control("orders", order)
    second = shopify.session.post(f"{shopify.url}/_control/orders", json=order)
    seen = shopify.data(token, BY_CODE, {"code": code.lower()})["codeDiscountNodeByCode"]

    assert made["userErrors"] == []
    assert taken["userErrors"][0]["code"] == "TAKEN"
    assert stranger.status_code == second.status_code == 422
    assert placed["discount_codes"] == [{"code": code, "amount": "5.00", "type": "fixed_amount"}]
    assert seen["codeDiscount"]["asyncUsageCount"] == 1
    assert seen["codeDiscount"]["customerGets"]["value"]["amount"] == {"amount": "5.0"}


def test_a_deactivated_discount_is_expired(shopify: StandIn, token: str) -> None:
    code = uuid.uuid4().hex
    given = discount(code, shopify.alice()["admin_graphql_api_id"])
    made = shopify.data(token, DISCOUNT, {"d": given})["discountCodeBasicCreate"]
    end = """mutation ($id: ID!) { discountCodeDeactivate(id: $id) {
      codeDiscountNode { codeDiscount { ... on DiscountCodeBasic { status } } } } }"""

    ended = shopify.data(token, end, {"id": made["codeDiscountNode"]["id"]})

    shown = ended["discountCodeDeactivate"]["codeDiscountNode"]["codeDiscount"]
    assert shown == {"status": "EXPIRED"}


def test_email_consent_is_seen_and_told(shopify: StandIn, token: str) -> None:
    gid = new_customer(shopify, token)
    update = """mutation ($i: CustomerEmailMarketingConsentUpdateInput!) {
      customerEmailMarketingConsentUpdate(input: $i) {
        customer { defaultEmailAddress { marketingState } } userErrors { code } } }"""
    consent = {"marketingState": "SUBSCRIBED", "marketingOptInLevel": "CONFIRMED_OPT_IN"}

    variables = {"i": {"customerId": gid, "emailMarketingConsent": consent}}
    answer = shopify.data(token, update, variables)["customerEmailMarketingConsentUpdate"]

    assert answer["customer"]["defaultEmailAddress"]["marketingState"] == "SUBSCRIBED"
    topic = "customers_email_marketing_consent/update"
    told = wait_until(lambda: shopify.app.of(topic))[0].payload
    assert told["email_marketing_consent"]["state"] == "subscribed"


def test_an_order_is_created_paid_refunded_and_cancelled_by_mutations(
    shopify: StandIn, token: str
) -> None:
    create = """mutation ($o: OrderCreateOrderInput!) { orderCreate(order: $o) {
      order { id displayFinancialStatus lineItems(first: 1) { nodes { id } } }
      userErrors { message } } }"""
    price = {"shopMoney": {"amount": "20.00", "currencyCode": "USD"}}
    wish = {"lineItems": [{"title": "Tea", "quantity": 2, "priceSet": price}]}
    order = shopify.data(token, create, {"o": wish})["orderCreate"]["order"]
    pay = """mutation ($id: ID!) { orderMarkAsPaid(input: {id: $id}) {
      order { displayFinancialStatus } userErrors { message } } }"""
    paid = shopify.data(token, pay, {"id": order["id"]})["orderMarkAsPaid"]
    refund = """mutation ($i: RefundInput!) { refundCreate(input: $i) {
      refund { id totalRefundedSet { shopMoney { amount } } } userErrors { message } } }"""
    line = order["lineItems"]["nodes"][0]["id"]
    payment = {"orderId": order["id"], "amount": "20.00", "gateway": "cash", "kind": "REFUND"}
    given = {
        "orderId": order["id"],
        "refundLineItems": [{"lineItemId": line, "quantity": 1}],
        "transactions": [payment],
    }
    back = shopify.data(token, refund, {"i": given})["refundCreate"]
    cancel = """mutation ($id: ID!) { orderCancel(orderId: $id, reason: CUSTOMER, restock: false,
      refundMethod: {originalPaymentMethodsRefund: true}) {
        orderCancelUserErrors { message } job { done } } }"""
    shopify.data(token, cancel, {"id": order["id"]})
    look = """query ($id: ID!) { order(id: $id) { displayFinancialStatus cancelReason
      totalRefundedSet { shopMoney { amount } } currentTotalPriceSet { shopMoney { amount } }
      refunds { id } } }"""
    end = shopify.data(token, look, {"id": order["id"]})["order"]

    assert order["displayFinancialStatus"] == "PENDING"
    assert paid == {"order": {"displayFinancialStatus": "PAID"}, "userErrors": []}
    assert back["refund"]["totalRefundedSet"]["shopMoney"]["amount"] == "20.0"
    assert (end["displayFinancialStatus"], end["cancelReason"]) == ("REFUNDED", "CUSTOMER")
    assert end["totalRefundedSet"]["shopMoney"]["amount"] == "40.0"
    assert end["currentTotalPriceSet"]["shopMoney"]["amount"] == "0.0"
    assert len(end["refunds"]) == 2
    told = {"orders/create", "orders/paid", "refunds/create", "orders/cancelled"}
    wait_until(lambda: told <= {webhook.topic for webhook in shopify.app.received})


def test_more_cannot_be_refunded_than_was_paid(shopify: StandIn, token: str) -> None:
    placed = shopify.control("orders", {"lines": [{"title": "Tea", "price": "5.00"}]})
    refund = """mutation ($i: RefundInput!) { refundCreate(input: $i) {
      refund { id } userErrors { message } } }"""
    gid = placed["admin_graphql_api_id"]
    payment = {"orderId": gid, "amount": "500.00", "gateway": "cash", "kind": "REFUND"}

    answer = shopify.data(token, refund, {"i": {"orderId": gid, "transactions": [payment]}})

    assert answer["refundCreate"]["refund"] is None
    assert "can be refunded" in answer["refundCreate"]["userErrors"][0]["message"]


def test_store_credit_is_credited_and_never_overdrawn(shopify: StandIn, token: str) -> None:
    gid = new_customer(shopify, token)
    credit = """mutation ($id: ID!, $c: StoreCreditAccountCreditInput!) {
      storeCreditAccountCredit(id: $id, creditInput: $c) {
        storeCreditAccountTransaction { account { balance { amount } } }
        userErrors { code } } }"""
    debit = credit.replace("Credit(id", "Debit(id").replace("creditInput", "debitInput")
    debit = debit.replace("AccountCreditInput", "AccountDebitInput")
    seven = {"amount": "7.00", "currencyCode": "USD"}

    shopify.data(token, credit, {"id": gid, "c": {"creditAmount": seven}})
    both = shopify.data(token, credit, {"id": gid, "c": {"creditAmount": seven}})
    eight = {"amount": "18.00", "currencyCode": "USD"}
    refused = shopify.data(token, debit, {"id": gid, "c": {"debitAmount": eight}})

    moved = both["storeCreditAccountCredit"]["storeCreditAccountTransaction"]
    assert moved["account"]["balance"]["amount"] == "14.0"
    assert refused["storeCreditAccountDebit"]["userErrors"] == [{"code": "INSUFFICIENT_FUNDS"}]


def test_a_mutation_that_is_not_modelled_says_so(shopify: StandIn, token: str) -> None:
    answer = shopify.ask(
        token,
        'mutation { orderClose(input: {id: "gid://shopify/Order/1"}) { userErrors { message } } }',
    )

    assert answer["errors"][0]["message"].startswith("Mutation.orderClose is not modelled")
