"""stagedUploadsCreate: where a file may be sent, and with what."""

from __future__ import annotations

from typing import Any

from ..context import Context
from ..errors import not_modelled, refuse
from ..registry import resolves


@resolves("Mutation", "stagedUploadsCreate")
def staged_uploads_create(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    return {"stagedTargets": [_target(context, given) for given in arguments["input"]]}


def _target(context: Context, given: dict[str, Any]) -> dict[str, Any]:
    if given["resource"] != "BULK_MUTATION_VARIABLES" or given.get("httpMethod") != "POST":
        raise not_modelled(f"staged upload of {given['resource']} by {given.get('httpMethod')}")
    if given["mimeType"] != "text/jsonl":
        message = f"{given['mimeType']} is not a recognized format"
        raise refuse(message, ["input", "mimeType"])
    url = f"{context.world.settings.base_url}/uploads"
    parameters = context.world.uploads.stage(context.shop.id, given["filename"], given["mimeType"])
    return {"url": url, "resourceUrl": url, "parameters": parameters}
