"""Bulk operations of Admin GraphQL: ask for one, see how far it is, stream its result."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests

from shopify_app.platform import client
from shopify_app.platform.errors import ShapeError, ShopifyError
from shopify_app.platform.graphql_calls import document

_TIMEOUT_S = (5, 60)


@dataclass(frozen=True, slots=True)
class Operation:
    """`status` as Shopify's BulkOperationStatus; `url` is None when no object was found."""

    status: str
    error_code: str | None
    root_objects: int
    url: str | None


def ask(shop_id: int, subject: str) -> str:
    """Start reading all of `subject`; the operation's gid. UserErrors when five already run."""
    query = document(f"bulk_query_{subject}")
    data = client.execute(shop_id, "bulk_run_query", {"query": query})
    payload: Any = data.get("bulkOperationRunQuery") or {}
    operation = payload.get("bulkOperation") or {}
    if not isinstance(operation.get("id"), str):
        raise ShapeError("bulkOperationRunQuery.bulkOperation.id")
    return str(operation["id"])


def poll(shop_id: int, operation_id: str) -> Operation:
    """How far the operation is; ShopifyError when Shopify has forgotten it."""
    found = client.execute(shop_id, "bulk_poll", {"id": operation_id}).get("bulkOperation")
    if not isinstance(found, dict):
        raise ShopifyError("the bulk operation is gone")
    return Operation(
        status=str(found.get("status")),
        error_code=found.get("errorCode"),
        root_objects=int(str(found.get("rootObjectCount") or 0)),
        url=found.get("url"),
    )


@contextmanager
def lines_of(url: str) -> Iterator[Iterator[bytes]]:
    """The result's lines as they come over the wire; retryable ShopifyError when that breaks."""
    try:
        with requests.get(url, stream=True, timeout=_TIMEOUT_S) as response:
            if response.status_code != 200:
                raise ShopifyError(f"bulk result answered {response.status_code}", retryable=True)
            yield response.iter_lines(chunk_size=65_536)
    except requests.RequestException as error:
        raise ShopifyError(f"bulk result: {type(error).__name__}", retryable=True) from None
