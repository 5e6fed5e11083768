"""shopify.app.toml, the handlers and the GraphQL documents say the same things."""

import gzip
import json
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLSchema,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    build_client_schema,
    get_named_type,
    parse,
    validate,
    visit,
)
from graphql.validation import NoDeprecatedCustomRule

from shopify_app.platform.graphql_calls import document
from shopify_app.platform.topics import TOPICS

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(path.stem for path in (ROOT / "shopify_app/platform/graphql").glob("*.graphql"))
# What Shopify's published metadata asks of a topic, where no document of ours asks for the same.
TOPIC_SCOPES = {"customers/merge": "read_customer_merge"}
COMPLIANCE = ["customers/data_request", "customers/redact", "shop/redact"]


@cache
def _introspected() -> dict[str, Any]:
    path = ROOT / "sandbox/shopify/schema/admin_2026-10.json.gz"
    found: dict[str, Any] = json.loads(gzip.decompress(path.read_bytes()))
    return found


@cache
def _schema() -> GraphQLSchema:
    # assume_valid: the published schema breaks a rule of deprecation that graphql-core insists on.
    return build_client_schema(_introspected()["data"], assume_valid=True)


@pytest.fixture(scope="module")
def toml() -> dict[str, Any]:
    return tomllib.loads((ROOT / "shopify.app.toml").read_text())


def test_every_subscribed_topic_has_one_handler_and_the_other_way_round(
    toml: dict[str, Any],
) -> None:
    subscribed = [
        topic
        for entry in toml["webhooks"]["subscriptions"]
        for topic in entry.get("topics", []) + entry.get("compliance_topics", [])
    ]

    assert sorted(subscribed) == sorted(TOPICS)


def test_the_compliance_topics_are_declared_as_such(toml: dict[str, Any]) -> None:
    (entry,) = [e for e in toml["webhooks"]["subscriptions"] if "compliance_topics" in e]

    assert sorted(entry["compliance_topics"]) == COMPLIANCE


def test_webhooks_are_pinned_where_their_schemas_are_published(toml: dict[str, Any]) -> None:
    assert toml["webhooks"]["api_version"] == "2026-07"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_is_valid_and_uses_nothing_deprecated(name: str) -> None:
    parsed = parse(document(name))

    assert validate(_schema(), parsed) == []
    assert validate(_schema(), parsed, [NoDeprecatedCustomRule]) == []


def test_the_scopes_asked_for_are_those_the_documents_need(toml: dict[str, Any]) -> None:
    scopes = toml["access_scopes"]["scopes"].split(",")
    # read_orders is granted by name; an order may also be seen by these narrower ones.
    alternatives = {"read_marketplace_orders", "read_quick_sale", "read_buyer_membership_orders"}
    needed = {scope for topic, scope in TOPIC_SCOPES.items() if topic in TOPICS}
    for name in DOCUMENTS:
        for one_of in _needs(name):
            assert one_of & set(scopes), f"{name} needs one of {sorted(one_of)}"
            needed |= one_of & set(scopes) - alternatives

    assert needed == set(scopes)


def test_every_scope_has_its_reason() -> None:
    text = (ROOT / "shopify.app.toml").read_text()
    toml = tomllib.loads(text)["access_scopes"]

    for scope in toml["scopes"].split(",") + toml["optional_scopes"]:
        assert f"# {scope}: " in text


def _needs(name: str) -> list[set[str]]:
    """For each type and field of the document that has scopes: any one of them opens it."""
    by_place = {
        (row["typeName"], row["fieldName"] if row["type"] == "field" else None): row
        for row in _introspected()["offline_scopes"]["items"]
    }
    info = TypeInfo(_schema())
    places: set[tuple[str, str | None]] = set()

    class Places(Visitor):
        def enter_field(self, node: Any, *_: Any) -> None:
            parent, type_ = info.get_parent_type(), info.get_type()
            assert parent is not None and type_ is not None
            places.add((parent.name, node.name.value))
            places.add((get_named_type(type_).name, None))

    visit(parse(document(name)), TypeInfoVisitor(info, Places()))
    rows = [by_place[place] for place in places if place in by_place]
    return [set(row["offlineScopes"]) for row in rows if row["offlineScopes"]]
