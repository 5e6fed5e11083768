"""Every field of the schema either answers, or says by name that it is not modelled."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from graphql import (
    GraphQLObjectType,
    GraphQLSchema,
    build_client_schema,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)

from .stand_in import ROOT, StandIn

# Where a record of the type is found, as a query around its fields.
PLACES = {
    "Customer": "{ customers(first: 3) { nodes { FIELDS } } }",
    "CustomerEmailAddress": "{ customers(first: 3) { nodes { defaultEmailAddress { FIELDS } } } }",
    "MailingAddress": "{ customers(first: 9) { nodes { defaultAddress { FIELDS } } } }",
    "Order": "{ orders(first: 9) { nodes { FIELDS } } }",
    "LineItem": "{ orders(first: 9) { nodes { lineItems(first: 3) { nodes { FIELDS } } } } }",
    "TaxLine": """{ orders(first: 9) { nodes { lineItems(first: 3) { nodes {
      taxLines { FIELDS } } } } } }""",
    "Refund": "{ orders(first: 60) { nodes { refunds { FIELDS } } } }",
    "OrderTransaction": "{ orders(first: 9) { nodes { transactions { FIELDS } } } }",
    "Product": "{ products(first: 3) { nodes { FIELDS } } }",
    "ProductVariant": "{ productVariants(first: 3) { nodes { FIELDS } } }",
    "Collection": "{ collections(first: 3) { nodes { FIELDS } } }",
    "Location": "{ locations(first: 3) { nodes { FIELDS } } }",
    "Shop": "{ shop { FIELDS } }",
    "AppInstallation": "{ currentAppInstallation { FIELDS } }",
    "DiscountCodeBasic": """{ codeDiscountNodeByCode(code: "WELCOME10") {
      codeDiscount { ... on DiscountCodeBasic { FIELDS } } } }""",
}


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    path = ROOT / "sandbox/shopify/schema/admin_2026-10.json.gz"
    with gzip.open(path) as file:
        return build_client_schema(json.load(file)["data"], assume_valid=True)


@pytest.mark.parametrize("typename", PLACES)
def test_every_field_answers_or_names_itself(
    shopify: StandIn, token: str, schema: GraphQLSchema, typename: str
) -> None:
    shopify.control("throttle", {"maximum": 1_000_000, "restore_rate": 1_000_000})
    found = schema.type_map[typename]
    assert isinstance(found, GraphQLObjectType)
    asked = [text for name in found.fields if (text := selection(found, name))]

    odd, answered = [], 0
    for text in asked:
        answer = shopify.ask(token, PLACES[typename].replace("FIELDS", text))
        messages = [error["message"] for error in answer.get("errors", [])]
        answered += not messages
        odd += [f"{text}: {m}" for m in messages if not is_plain(m)]

    assert odd == []
    assert answered > len(asked) / 4


def selection(owner: GraphQLObjectType, name: str) -> str | None:
    """A field with all scalars below it; None for one that is deprecated or wants arguments."""
    field = owner.fields[name]
    required = [a for a in field.args.values() if is_required_argument(a)]
    if field.deprecation_reason or required:
        return None
    named: Any = get_named_type(field.type)
    if is_leaf_type(named):
        return name
    if named.name.endswith("Connection"):
        return f"{name}(first: 2) {{ edges {{ cursor node {{ __typename }} }} }}"
    leaves = [
        leaf
        for leaf, below in getattr(named, "fields", {}).items()
        if is_leaf_type(get_named_type(below.type))
        and not below.deprecation_reason
        and not any(is_required_argument(a) for a in below.args.values())
    ]
    return f"{name} {{ __typename {' '.join(leaves)} }}"


def is_plain(message: str) -> bool:
    """A refusal in words: not modelled, or not allowed."""
    return "is not modelled by this stand-in" in message or message.startswith("Access denied")
