"""Shopify's published samples and schemas of webhooks, version 2026-07; each call a fresh copy.

Ids lie beyond 2**53 as Shopify's may: a reader that goes through a float gets them wrong.
"""

import itertools
import json
from functools import cache
from pathlib import Path
from typing import Any

Payload = dict[str, Any]

SCHEMAS = Path(__file__).parents[1] / "fixtures" / "shopify" / "schemas"
# One schema describes every topic of a resource.
DESCRIBED_BY = {
    "orders/paid": "orders/create",
    "orders/updated": "orders/create",
    "orders/cancelled": "orders/create",
    "customers/update": "customers/create",
    "locations/update": "locations/create",
    "locations/activate": "locations/create",
    "locations/deactivate": "locations/create",
}
_ids = itertools.count(9_007_199_254_740_993)


def new_id() -> int:
    """An id that nothing else has, and that no float can hold."""
    return next(_ids)


@cache
def _document(topic: str, kind: str) -> str:
    name = DESCRIBED_BY.get(topic, topic).replace("/", "_")
    return (SCHEMAS / f"{name}.{kind}.json").read_text()


def sample(topic: str) -> Payload:
    """A fresh copy of Shopify's published sample for `topic`."""
    payload: Payload = json.loads(_document(topic, "sample"))
    return payload


def schema(topic: str) -> Payload:
    """The published JSON schema for `topic`."""
    described: Payload = json.loads(_document(topic, "schema"))
    return described


def identified(payload: Payload, kind: str, id: int | None) -> Payload:
    """Give `payload` the id, or a new one, and the gid of a `kind`."""
    payload["id"] = id or new_id()
    payload["admin_graphql_api_id"] = f"gid://shopify/{kind}/{payload['id']}"
    return payload
