"""Bulk operations that write: a file of variables is uploaded, then one mutation runs on each line.

https://shopify.dev/docs/api/usage/bulk-operations/imports (read 2026-11-22)
"""

from typing import IO, Any

import requests

from shopify_app.platform import client
from shopify_app.platform.errors import ShapeError, ShopifyError
from shopify_app.platform.graphql_calls import document
from shopify_app.platform.payloads.reading import objects_at, text

_TIMEOUT_S = (5, 120)
_FILE = "variables.jsonl"
_TYPE = "text/jsonl"


def run(shop_id: int, name: str, variables: IO[bytes]) -> str:
    """Run the mutation of graphql/<name>.graphql on each line of `variables`; the operation's gid.

    UserErrors when five already run, ShopifyError. What of it was lost may have been done.
    """
    path = _upload(shop_id, variables)
    told = {"mutation": document(name), "path": path}
    payload: Any = client.execute(shop_id, "bulk_run_mutation", told)["bulkOperationRunMutation"]
    operation = (payload or {}).get("bulkOperation") or {}
    if not isinstance(operation.get("id"), str):
        raise ShapeError("bulkOperationRunMutation.bulkOperation.id")
    return str(operation["id"])


def _upload(shop_id: int, variables: IO[bytes]) -> str:
    """Send the file to where Shopify says; the path that names it from then on."""
    target = _stage(shop_id)
    form = {text(one, "name"): text(one, "value") for one in objects_at(target, "parameters")}
    try:
        answer = requests.post(
            text(target, "url"),
            data=form,
            files={"file": (_FILE, variables, _TYPE)},
            timeout=_TIMEOUT_S,
            allow_redirects=False,
        )
    except requests.RequestException as error:
        raise ShopifyError(f"upload: {type(error).__name__}", retryable=True) from None
    if answer.status_code not in (200, 201, 204):
        raise ShopifyError(f"upload answered {answer.status_code}", retryable=True)
    return text(form, "key")


def _stage(shop_id: int) -> dict[str, Any]:
    wanted = {
        "resource": "BULK_MUTATION_VARIABLES",
        "filename": _FILE,
        "mimeType": _TYPE,
        "httpMethod": "POST",
    }
    data = client.execute(shop_id, "staged_uploads_create", {"input": [wanted]})
    targets = objects_at(data["stagedUploadsCreate"] or {}, "stagedTargets")
    if not targets:
        raise ShapeError("stagedUploadsCreate.stagedTargets")
    return dict(targets[0])
