"""What Shopify refuses, the stand-in refuses in the same words."""

from __future__ import annotations

import pytest

from .stand_in import AURORA, BOREALIS, StandIn, codes

DEAD = "[API] Invalid API key or access token (unrecognized login or wrong password)"


def test_an_unknown_field_is_named(shopify: StandIn, token: str) -> None:
    answer = shopify.ask(token, "{ customers(first: 1) { nodes { favouriteColour } } }")

    assert "data" not in answer
    error = answer["errors"][0]
    assert error["message"] == "Field 'favouriteColour' doesn't exist on type 'Customer'"
    assert error["extensions"]["code"] == "undefinedField"


def test_a_deprecated_field_is_refused(shopify: StandIn, token: str) -> None:
    answer = shopify.ask(token, "{ customers(first: 1) { nodes { email } } }")

    assert "data" not in answer
    assert "Customer.email is deprecated" in answer["errors"][0]["message"]


def test_a_missing_scope_is_named(shopify: StandIn, token: str) -> None:
    scopes = shopify.get("/_control/state")["scopes"]
    shopify.control("scopes", {"scopes": [s for s in scopes if s != "read_products"]})
    query = """{ products(first: 1) { nodes { id } } }"""
    inside = "{ orders(first: 1) { nodes { lineItems(first: 1) { nodes { product { id } } } } } }"

    root, nested = shopify.ask(token, query), shopify.ask(token, inside)
    shopify.control("scopes", {"scopes": scopes})

    assert root["data"] is None
    assert root["errors"][0]["message"] == (
        "Access denied for products field. Required access: `read_products` access scope."
    )
    assert codes(nested) == ["ACCESS_DENIED"]
    assert nested["data"]["orders"]["nodes"][0]["lineItems"]["nodes"] == [{"product": None}]


def test_a_mutation_without_its_scope_changes_nothing(shopify: StandIn, token: str) -> None:
    scopes = shopify.get("/_control/state")["scopes"]
    reading = [s.replace("write_customers", "read_customers") for s in scopes]
    shopify.control("scopes", {"scopes": reading})
    gid = shopify.alice()["admin_graphql_api_id"]
    change = """mutation ($id: ID!) {
      tagsAdd(id: $id, tags: ["sneaky"]) { node { id } }
      customerUpdate(input: {id: $id, note: "sneaky"}) { customer { id } } }"""

    answer = shopify.ask(token, change, {"id": gid})
    shopify.control("scopes", {"scopes": scopes})

    assert codes(answer) == ["ACCESS_DENIED", "ACCESS_DENIED"]
    alice = shopify.alice()
    assert "sneaky" not in alice["tags"]
    assert alice["note"] != "sneaky"


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("{ customers { nodes { id } } }", "you must provide one of first or last"),
        ("{ customers(first: 251) { nodes { id } } }", "251 is not a valid page size"),
        ('{ customers(first: 1, after: "??") { nodes { id } } }', "Invalid cursor"),
        ('{ customers(first: 1, query: "shoe_size:9") { nodes { id } } }', "shoe_size"),
        ('{ customer(id: "7") { id } }', "Invalid global id '7'"),
    ],
)
def test_a_wrong_argument_is_an_error(
    shopify: StandIn, token: str, query: str, message: str
) -> None:
    answer = shopify.ask(token, query)

    assert message in answer["errors"][0]["message"]


def test_a_variable_of_the_wrong_type_runs_nothing(shopify: StandIn, token: str) -> None:
    answer = shopify.ask(token, "query ($n: Int!) { customers(first: $n) { nodes { id } } }")

    assert codes(answer) == ["INVALID_VARIABLE"]
    assert "data" not in answer


def test_broken_syntax_is_an_error_and_no_body_is_400(shopify: StandIn, token: str) -> None:
    broken = shopify.ask(token, "{ shop { ")
    empty = shopify.session.post(
        f"{shopify.url}/shops/{AURORA}/admin/api/2026-10/graphql.json",
        headers={"X-Shopify-Access-Token": token},
    )

    assert codes(broken) == ["syntaxError"]
    assert empty.status_code == 400


@pytest.mark.parametrize("wrong", ["", "shpat_00000000000000000000000000000000"])
def test_an_unknown_token_is_401(shopify: StandIn, wrong: str) -> None:
    answer = shopify.post_graphql(wrong, "{ shop { id } }")

    assert answer.status_code == 401
    assert answer.json() == {"errors": DEAD}


def test_a_token_opens_its_own_shop_alone(shopify: StandIn, token: str) -> None:
    shopify.install(BOREALIS)

    answer = shopify.post_graphql(token, "{ shop { id } }", shop=BOREALIS)

    assert answer.status_code == 401


def test_an_unknown_shop_and_another_version_are_404(shopify: StandIn, token: str) -> None:
    headers = {"X-Shopify-Access-Token": token}
    paths = [
        "/shops/nobody.myshopify.com/admin/api/2026-10/graphql.json",
        f"/shops/{AURORA}/admin/api/2020-01/graphql.json",
    ]
    for path in paths:
        answer = shopify.session.post(shopify.url + path, json={"query": "{}"}, headers=headers)
        assert answer.status_code == 404
