"""The cost of queries, and the bucket that they are paid from."""

from __future__ import annotations

import time

import pytest
import requests

from .stand_in import StandIn, codes


def test_every_answer_tells_its_cost(shopify: StandIn, token: str) -> None:
    answer = shopify.ask(token, "{ customers(first: 10) { nodes { id } } }")

    cost = answer["extensions"]["cost"]
    assert cost["requestedQueryCost"] == 10
    assert cost["actualQueryCost"] == 10
    assert cost["throttleStatus"]["maximumAvailable"] == 2000
    assert cost["throttleStatus"]["restoreRate"] == 100


def test_a_mutation_costs_ten_more(shopify: StandIn, token: str) -> None:
    gid = shopify.alice()["admin_graphql_api_id"]
    change = 'mutation ($id: ID!) { tagsAdd(id: $id, tags: ["x"]) { userErrors { message } } }'

    answer = shopify.ask(token, change, {"id": gid})

    assert answer["extensions"]["cost"]["requestedQueryCost"] == 10


def test_nested_pages_multiply_and_1000_is_the_limit(shopify: StandIn, token: str) -> None:
    query = """query ($n: Int!) { orders(first: 50) {
      nodes { id lineItems(first: $n) { nodes { id product { id } } } } } }"""

    fits = shopify.ask(token, query, {"n": 5})
    exceeds = shopify.ask(token, query, {"n": 50})

    assert fits["extensions"]["cost"]["requestedQueryCost"] == 50 * (1 + 5 * 2)
    assert "errors" not in fits
    assert codes(exceeds) == ["MAX_COST_EXCEEDED"]
    assert "data" not in exceeds


def test_objects_without_an_id_are_paid_for(shopify: StandIn, token: str) -> None:
    query = """{ customers(first: 10) { nodes { defaultEmailAddress { emailAddress } }
      pageInfo { hasNextPage } } }"""

    cost = shopify.ask(token, query)["extensions"]["cost"]

    assert (cost["requestedQueryCost"], cost["actualQueryCost"]) == (10 * 2, 10 * 2)


def test_codes_are_paid_for_by_the_page_and_of_one_kind_of_discount(
    shopify: StandIn, token: str
) -> None:
    query = """query ($ids: [ID!]!) { nodes(ids: $ids) { ... on DiscountCodeNode { codeDiscount {
      ... on DiscountCodeBasic { codes(first: 30) { nodes { code } } }
      ... on DiscountCodeFreeShipping { codes(first: 20) { nodes { code } } } } } } }"""
    made = shopify.control("discounts", {"code": "PAID", "percentage": "5", "more_codes": ["TOO"]})
    ids = [made["admin_graphql_api_id"], "gid://shopify/DiscountCodeNode/999999"]

    answer = shopify.ask(token, query, {"ids": ids})

    cost = answer["extensions"]["cost"]
    # a node, its discount and a page of codes, each twice; there is one, with two codes
    assert cost["requestedQueryCost"] == 2 * (1 + 1 + 30)
    assert cost["actualQueryCost"] == 1 + 1 + 2


def test_an_empty_bucket_throttles_with_200_and_refills(shopify: StandIn, token: str) -> None:
    shopify.control("throttle", {"maximum": 100, "restore_rate": 200})
    query = "{ customers(first: 90) { nodes { id } } }"

    first = shopify.ask(token, query)
    second = shopify.post_graphql(token, "{ products(first: 85) { nodes { id } } }")
    time.sleep(0.6)
    third = shopify.ask(token, query)

    assert "errors" not in first
    assert second.status_code == 200
    assert codes(second.json()) == ["THROTTLED"]
    assert second.json()["extensions"]["cost"]["actualQueryCost"] is None
    assert "errors" not in third


def test_what_was_not_used_is_given_back(shopify: StandIn, token: str) -> None:
    shopify.control("throttle", {"maximum": 300, "restore_rate": 0})

    answer = shopify.ask(token, "{ locations(first: 200) { nodes { id } } }")

    cost, found = answer["extensions"]["cost"], len(answer["data"]["locations"]["nodes"])
    assert (cost["requestedQueryCost"], cost["actualQueryCost"]) == (200, found)
    assert cost["throttleStatus"]["currentlyAvailable"] == 300 - found


def test_a_throttle_fault_ends_after_its_count(shopify: StandIn, token: str) -> None:
    shopify.fault("graphql", "throttle", count=2)

    answers = [shopify.ask(token, "{ shop { id } }") for _ in range(3)]

    assert ["errors" in answer for answer in answers] == [True, True, False]


def test_a_failing_surface_answers_with_its_status(shopify: StandIn, token: str) -> None:
    shopify.fault("graphql", "fail", status=503, count=1)

    assert shopify.post_graphql(token, "{ shop { id } }").status_code == 503
    assert shopify.post_graphql(token, "{ shop { id } }").status_code == 200


def test_a_cut_answer_has_happened_nevertheless(shopify: StandIn, token: str) -> None:
    gid = shopify.alice()["admin_graphql_api_id"]
    change = 'mutation ($id: ID!) { tagsAdd(id: $id, tags: ["cut"]) { node { id } } }'
    shopify.fault("graphql", "cut", count=1)

    with pytest.raises(requests.RequestException):
        shopify.post_graphql(token, change, {"id": gid})

    assert "cut" in shopify.alice()["tags"]
