"""Bulk operations: their states, their files, and what they refuse."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
import requests

from .stand_in import StandIn, wait_until

RUN = """mutation ($q: String!) { bulkOperationRunQuery(query: $q, groupObjects: false) {
  bulkOperation { id status url } userErrors { field message code } } }"""
LOOK = """query ($id: ID!) { bulkOperation(id: $id) { status errorCode objectCount rootObjectCount
  fileSize url partialDataUrl completedAt } }"""
ORDERS = """{ orders { edges { node { id name
  lineItems { edges { node { id quantity } } } } } } }"""


def start(shopify: StandIn, token: str, query: str) -> dict[str, Any]:
    answer: dict[str, Any] = shopify.data(token, RUN, {"q": query})["bulkOperationRunQuery"]
    return answer


def finished(shopify: StandIn, token: str, gid: str) -> dict[str, Any]:
    def ended() -> dict[str, Any] | None:
        found: dict[str, Any] = shopify.data(token, LOOK, {"id": gid})["bulkOperation"]
        return None if found["status"] in ("CREATED", "RUNNING", "CANCELING") else found

    operation: dict[str, Any] = wait_until(ended, timeout_s=30)
    return operation


def rows(url: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in requests.get(url, timeout=10).text.splitlines()]


def test_every_visible_order_and_line_is_in_the_file(shopify: StandIn, token: str) -> None:
    started = start(shopify, token, ORDERS)["bulkOperation"]

    operation = finished(shopify, token, started["id"])

    found = rows(operation["url"])
    orders = {row["id"] for row in found if "/Order/" in row["id"]}
    lines = [row for row in found if "/LineItem/" in row["id"]]
    count = shopify.data(token, "{ ordersCount { count } }")["ordersCount"]["count"]
    assert started["status"] == "CREATED"
    assert started["url"] is None
    assert operation["status"] == "COMPLETED"
    assert len(orders) == count
    assert len(lines) >= count
    assert all(line["__parentId"] in orders for line in lines)
    assert operation["objectCount"] == str(len(found))
    assert operation["rootObjectCount"] == str(count)
    body = requests.get(operation["url"], timeout=10).content
    assert operation["fileSize"] == str(len(body))
    assert rb"gid:\/\/shopify\/Order\/" in body


def test_children_need_not_follow_their_parent(shopify: StandIn, token: str) -> None:
    operation = finished(shopify, token, start(shopify, token, ORDERS)["bulkOperation"]["id"])

    found = rows(operation["url"])

    follows = [
        child["__parentId"] == before["id"]
        for before, child in itertools.pairwise(found)
        if "__parentId" in child
    ]
    assert not all(follows)


def test_the_webhook_tells_the_end_in_lower_case(shopify: StandIn, token: str) -> None:
    gid = start(shopify, token, "{ customers { nodes { id } } }")["bulkOperation"]["id"]

    finished(shopify, token, gid)

    def own() -> list[dict[str, Any]]:
        payloads = [webhook.payload for webhook in shopify.app.of("bulk_operations/finish")]
        return [payload for payload in payloads if payload["admin_graphql_api_id"] == gid]

    told = wait_until(own)[0]
    assert (told["status"], told["type"], told["error_code"]) == ("completed", "query", None)


def test_no_rows_is_no_file(shopify: StandIn, token: str) -> None:
    query = '{ customers(query: "email:nobody@example.com") { nodes { id } } }'

    operation = finished(shopify, token, start(shopify, token, query)["bulkOperation"]["id"])

    assert (operation["status"], operation["url"]) == ("COMPLETED", None)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("{ shop { name } }", "at least one connection"),
        ('{ node(id: "gid://shopify/Shop/1") { id } }', "top level `node`"),
        (
            "{ orders { nodes { refunds(first: 5) { refundLineItems { nodes { quantity } } } } } }",
            "connection field within a list field",
        ),
        (
            "{ orders { nodes { name lineItems { nodes { id } } } } }",
            "must select the 'id' field",
        ),
        (
            "{ customers { nodes { id orders { nodes { id lineItems { nodes { id } } } } } } }",
            "nested deeper than 2",
        ),
        (
            "{ a: customers { nodes { id } } b: customers { nodes { id } } "
            "c: customers { nodes { id } } d: customers { nodes { id } } "
            "e: customers { nodes { id } } f: customers { nodes { id } } }",
            "more than 5 connections",
        ),
        ("{ customers { nodes { shoeSize } } }", "Field 'shoeSize' doesn't exist"),
        ("mutation { appUninstall { app { id } } }", "exactly one query"),
    ],
)
def test_a_query_that_bulk_cannot_run_is_refused(
    shopify: StandIn, token: str, query: str, message: str
) -> None:
    answer = start(shopify, token, query)

    assert answer["bulkOperation"] is None
    assert message in answer["userErrors"][0]["message"]


def test_five_run_at_once_and_a_sixth_is_refused(shopify: StandIn, token: str) -> None:
    shopify.control("bulk", {"seconds_per_object": 0.2})
    query = "{ customers { nodes { id } } }"

    answers = [start(shopify, token, query) for _ in range(6)]

    running = '{ bulkOperations(first: 9, query: "status:RUNNING") { nodes { id } } }'
    wait_until(lambda: len(shopify.data(token, running)["bulkOperations"]["nodes"]) == 5)
    ids = [a["bulkOperation"]["id"] for a in answers if a["bulkOperation"]]
    assert len(ids) == 5
    assert answers[5]["userErrors"][0]["code"] == "OPERATION_IN_PROGRESS"
    cancel = """mutation ($id: ID!) { bulkOperationCancel(id: $id) {
      bulkOperation { status } userErrors { message } } }"""
    for gid in ids:
        shopify.data(token, cancel, {"id": gid})
    ended = [finished(shopify, token, gid) for gid in ids]
    assert {operation["status"] for operation in ended} == {"CANCELED"}


def test_a_failed_operation_leaves_its_partial_data(shopify: StandIn, token: str) -> None:
    shopify.fault("bulk", "fail", after=7, count=1)

    operation = finished(shopify, token, start(shopify, token, ORDERS)["bulkOperation"]["id"])

    assert (operation["status"], operation["errorCode"]) == ("FAILED", "INTERNAL_SERVER_ERROR")
    assert operation["url"] is None
    assert len(rows(operation["partialDataUrl"])) == 7


def test_a_query_without_its_scope_fails_with_access_denied(shopify: StandIn, token: str) -> None:
    scopes = shopify.get("/_control/state")["scopes"]
    shopify.control("scopes", {"scopes": [s for s in scopes if s != "read_products"]})

    started = start(shopify, token, "{ products { nodes { id } } }")["bulkOperation"]
    operation = finished(shopify, token, started["id"])
    shopify.control("scopes", {"scopes": scopes})

    assert (operation["status"], operation["errorCode"]) == ("FAILED", "ACCESS_DENIED")


def test_a_cut_file_ends_before_its_length(shopify: StandIn, token: str) -> None:
    operation = finished(shopify, token, start(shopify, token, ORDERS)["bulkOperation"]["id"])
    shopify.fault("files", "cut", count=1)

    with pytest.raises(requests.RequestException):
        rows(operation["url"])

    assert len(rows(operation["url"])) == int(operation["objectCount"])
