"""metafieldDefinitionCreate: a key of an owner type is defined once."""

from __future__ import annotations

import re
from typing import Any

from ...store.definitions import MetafieldDefinition
from ..context import Context
from ..errors import refuse
from ..registry import resolves
from .metafields import is_type, owner_scope

_KEY = re.compile(r"[A-Za-z0-9_-]{2,64}")
_FILTERABLE = ("number_integer", "number_decimal", "single_line_text_field", "boolean", "date")
# Admin access of their own have only definitions in a namespace that is the app's.
_ADMIN_ACCESS = ("MERCHANT_READ", "MERCHANT_READ_WRITE")


@resolves("Mutation", "metafieldDefinitionCreate")
def definition_create(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    given = arguments["definition"]
    namespace = context.namespace(given.get("namespace"))
    scope = owner_scope(given["ownerType"])
    if scope:
        context.require(scope, "metafieldDefinitionCreate")
    _check(context, given, namespace)
    definition = MetafieldDefinition(
        context.shop.next_id("MetafieldDefinition"),
        given["name"],
        namespace,
        given["key"],
        given["ownerType"],
        given["type"],
        given.get("access") or {},
        given.get("capabilities") or {},
        context.now,
    )
    return {"createdDefinition": context.shop.add(definition)}


@resolves("MetafieldDefinition", "type")
def definition_type(source: MetafieldDefinition, context: Context, arguments: Any) -> Any:
    return {"name": source.type_name, "category": "TEXT"}


def _check(context: Context, given: dict[str, Any], namespace: str) -> None:
    """UserErrors as Shopify has them, the first that is found."""
    if not given["name"]:
        raise _refuse("name", "Name can't be blank", "BLANK")
    if not _KEY.fullmatch(given["key"]):
        raise _refuse("key", "Key contains one or more invalid characters.", "INVALID_CHARACTER")
    if not is_type(given["type"]):
        raise _refuse("type", f"Type name {given['type']} is not a valid type.", "INCLUSION")
    is_own = namespace.startswith("app--")
    if (given.get("access") or {}).get("admin") in _ADMIN_ACCESS and not is_own:
        message = "Setting this access control is not permitted."
        raise _refuse("access", message, "ADMIN_ACCESS_INPUT_NOT_ALLOWED")
    filterable = ((given.get("capabilities") or {}).get("adminFilterable") or {}).get("enabled")
    if filterable and given["type"] not in _FILTERABLE:
        message = "The capability admin_filterable is not valid for this definition."
        raise _refuse("capabilities", message, "INVALID_CAPABILITY")
    for other in context.shop.all("MetafieldDefinition"):
        if (other.namespace, other.key, other.owner_type) == (
            namespace,
            given["key"],
            given["ownerType"],
        ):
            message = f"Key is in use for {given['ownerType'].title()} metafields."
            raise _refuse("key", message, "TAKEN")


def _refuse(field: str, message: str, code: str) -> Exception:
    return refuse(message, ["definition", field], code)
