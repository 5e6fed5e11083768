"""Definitions of metafields, staged uploads, and one mutation run on each line of a file."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
import requests

from .stand_in import StandIn, wait_until

SET = """mutation Set($metafields: [MetafieldsSetInput!]!) {
  metafieldsSet(metafields: $metafields) {
    metafields { key value owner { ... on Customer { id } } }
    userErrors { code elementIndex } } }"""
STAGE = """mutation ($input: [StagedUploadInput!]!) { stagedUploadsCreate(input: $input) {
  stagedTargets { url parameters { name value } } userErrors { message } } }"""
RUN = """mutation ($m: String!, $p: String!) {
  bulkOperationRunMutation(mutation: $m, stagedUploadPath: $p) {
    bulkOperation { id status type } userErrors { field message code } } }"""
LOOK = """query ($id: ID!) { bulkOperation(id: $id) { status url objectCount type } }"""
DEFINE = """mutation ($definition: MetafieldDefinitionInput!) {
  metafieldDefinitionCreate(definition: $definition) {
    createdDefinition { id namespace key } userErrors { field code } } }"""
WANTED = {
    "resource": "BULK_MUTATION_VARIABLES",
    "filename": "variables.jsonl",
    "mimeType": "text/jsonl",
    "httpMethod": "POST",
}
_keys = itertools.count(1)


def staged(shopify: StandIn, token: str) -> tuple[str, dict[str, str]]:
    """Where to upload, and with what."""
    [target] = shopify.data(token, STAGE, {"input": [WANTED]})["stagedUploadsCreate"][
        "stagedTargets"
    ]
    return target["url"], {one["name"]: one["value"] for one in target["parameters"]}


def uploaded(shopify: StandIn, token: str, lines: list[Any]) -> str:
    """The path of a file of these lines."""
    url, form = staged(shopify, token)
    body = "\n".join(json.dumps(line) for line in lines)
    answer = requests.post(url, data=form, files={"file": ("v.jsonl", body)}, timeout=10)
    assert answer.status_code == 201
    return form["key"]


def run(shopify: StandIn, token: str, path: str, mutation: str = SET) -> dict[str, Any]:
    answer: dict[str, Any] = shopify.data(token, RUN, {"m": mutation, "p": path})
    return dict(answer["bulkOperationRunMutation"])


def a_customer(shopify: StandIn, token: str) -> str:
    found = shopify.data(token, "{ customers(first: 1) { nodes { id } } }")
    return str(found["customers"]["nodes"][0]["id"])


def field(owner: str, value: str, **more: Any) -> dict[str, Any]:
    return {
        "ownerId": owner,
        "namespace": "$app:test",
        "key": f"k{next(_keys)}",
        "type": "number_integer",
        "value": value,
        **more,
    }


def test_each_line_is_one_call_and_has_its_answer(shopify: StandIn, token: str) -> None:
    owner = a_customer(shopify, token)
    good, bad = field(owner, "7"), field(owner, "seven")
    path = uploaded(shopify, token, [{"metafields": [good]}, {"metafields": [bad]}])

    started = run(shopify, token, path)["bulkOperation"]

    def ended() -> Any:
        found = shopify.data(token, LOOK, {"id": started["id"]})["bulkOperation"]
        return found if found["status"] == "COMPLETED" else None

    operation = wait_until(ended, timeout_s=30)
    rows = [json.loads(x) for x in requests.get(operation["url"], timeout=10).text.splitlines()]
    assert (started["status"], operation["type"], operation["objectCount"]) == (
        "CREATED",
        "MUTATION",
        "2",
    )
    assert [row["__lineNumber"] for row in rows] == [0, 1]
    assert rows[0]["data"]["metafieldsSet"]["metafields"][0]["value"] == "7"
    assert rows[1]["data"]["metafieldsSet"]["userErrors"] == [
        {"code": "INVALID_VALUE", "elementIndex": 0}
    ]


def test_an_upload_needs_the_parameters_it_was_given(shopify: StandIn, token: str) -> None:
    url, form = staged(shopify, token)
    other = {**form, "key": form["key"].replace("variables", "others")}

    refused = requests.post(url, data=other, files={"file": ("v", "{}")}, timeout=10)
    empty = requests.post(url, data=form, timeout=10)

    assert (refused.status_code, empty.status_code) == (403, 400)


@pytest.mark.parametrize(
    ("path", "mutation", "code"),
    [
        ("tmp/1/bulk/none/v.jsonl", SET, "NO_SUCH_FILE"),
        ("", "query { shop { name } }", "INVALID_MUTATION"),
        ("", "mutation { nonsense }", "INVALID_MUTATION"),
    ],
)
def test_a_bulk_mutation_is_refused(
    shopify: StandIn, token: str, path: str, mutation: str, code: str
) -> None:
    answer = run(shopify, token, path or uploaded(shopify, token, [{}]), mutation)

    assert answer["bulkOperation"] is None
    assert [error["code"] for error in answer["userErrors"]] == [code]


def test_a_definition_is_made_once(shopify: StandIn, token: str) -> None:
    wanted = {
        "name": "Points",
        "namespace": "$app:test",
        "key": f"points{next(_keys)}",
        "ownerType": "CUSTOMER",
        "type": "number_integer",
        "access": {"admin": "MERCHANT_READ"},
    }

    first = shopify.data(token, DEFINE, {"definition": wanted})["metafieldDefinitionCreate"]
    again = shopify.data(token, DEFINE, {"definition": wanted})["metafieldDefinitionCreate"]

    assert first["createdDefinition"]["namespace"].startswith("app--")
    assert [error["code"] for error in again["userErrors"]] == ["TAKEN"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"type": "points"}, "INCLUSION"),
        ({"key": "no good"}, "INVALID_CHARACTER"),
        ({"namespace": "custom"}, "ADMIN_ACCESS_INPUT_NOT_ALLOWED"),
        (
            {"type": "url", "capabilities": {"adminFilterable": {"enabled": True}}},
            "INVALID_CAPABILITY",
        ),
    ],
)
def test_a_definition_is_refused(
    shopify: StandIn, token: str, change: dict[str, Any], code: str
) -> None:
    wanted = {
        "name": "Points",
        "namespace": "$app:test",
        "key": f"points{next(_keys)}",
        "ownerType": "CUSTOMER",
        "type": "number_integer",
        "access": {"admin": "MERCHANT_READ"},
        **change,
    }

    answer = shopify.data(token, DEFINE, {"definition": wanted})["metafieldDefinitionCreate"]

    assert [error["code"] for error in answer["userErrors"]] == [code]
