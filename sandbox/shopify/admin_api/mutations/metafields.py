"""metafieldsSet and metafieldsDelete: at most 25 at once, all of them or none."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from ...changes.customers import touch_customer
from ...clock import parse_time
from ...store.discounts import Metafield
from ..context import Context
from ..errors import UserErrors, refuse
from ..registry import resolves

AT_ONCE_MAX = 25
_OWNER_SCOPES = {
    "Customer": "write_customers",
    "Order": "write_orders",
    "Product": "write_products",
    "ProductVariant": "write_products",
    "Collection": "write_products",
    "Location": "write_locations",
}
# type -> what fails with a ValueError on a bad value
_PARSERS: dict[str, Callable[[str], Any]] = {
    "number_integer": int,
    "number_decimal": Decimal,
    "json": json.loads,
    "date_time": parse_time,
    "date": parse_time,
    "boolean": lambda text: {"true": True, "false": False}[text],
    "single_line_text_field": lambda text: None,
    "multi_line_text_field": lambda text: None,
    "id": lambda text: None,
    "url": lambda text: None,
    "money": json.loads,
}


@resolves("Mutation", "metafieldsSet")
def metafields_set(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    written = set_all(context, arguments["metafields"])
    _tell(context, [metafield.owner_gid for metafield in written])
    return {"metafields": written}


@resolves("Mutation", "metafieldsDelete")
def metafields_delete(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    if context.world.faults.take("metafields", "refuse"):
        raise refuse("Refused on demand")
    _refuse_unknown_owners(context, arguments["metafields"])
    deleted = []
    for given in arguments["metafields"]:
        namespace = context.namespace(given.get("namespace"))
        found = context.shop.metafield(given["ownerId"], namespace, given["key"])
        if found:
            context.shop.remove(found)
        shown = {"ownerId": given["ownerId"], "namespace": namespace, "key": given["key"]}
        deleted.append(shown if found else None)
    _tell(context, [shown["ownerId"] for shown in deleted if shown])
    return {"deletedMetafields": deleted}


def _refuse_unknown_owners(context: Context, inputs: list[dict[str, Any]]) -> None:
    errors = []
    for index, given in enumerate(inputs):
        _require_owner(context, given["ownerId"], "metafieldsDelete")
        if context.shop.find_gid(given["ownerId"]) is None:
            field = ["metafields", str(index), "ownerId"]
            errors.append({"field": field, "message": "Owner does not exist."})
    if errors:
        raise UserErrors(*errors)


def _tell(context: Context, owners: list[str]) -> None:
    """A customer whose metafields changed is a changed customer: no app may be surprised by it."""
    for gid in dict.fromkeys(owners):
        owner = context.shop.find_gid(gid)
        if owner is not None and owner.typename == "Customer":
            touch_customer(context.world, context.shop, owner)


def set_all(context: Context, inputs: list[dict[str, Any]]) -> list[Metafield]:
    """Write all inputs, or raise UserErrors and write none."""
    if len(inputs) > AT_ONCE_MAX:
        message = f"Exceeded the maximum metafields input limit of {AT_ONCE_MAX}."
        raise refuse(message, ["metafields"], "LESS_THAN_OR_EQUAL_TO")
    errors: list[dict[str, Any]] = []
    for index, given in enumerate(inputs):
        error = _error(context, given)
        if error:
            attribute, message, code = error
            field = ["metafields", str(index), attribute]
            errors.append({"field": field, "message": message, "code": code, "elementIndex": index})
    if errors:
        raise UserErrors(*errors)
    return [_write(context, given) for given in inputs]


def _error(context: Context, given: dict[str, Any]) -> tuple[str, str, str] | None:
    """What is wrong with one input: attribute, message and code."""
    _require_owner(context, given["ownerId"], "metafieldsSet")
    if context.shop.find_gid(given["ownerId"]) is None:
        return "ownerId", "Owner does not exist.", "INVALID"
    existing = _existing(context, given)
    kind = given.get("type") or (existing.type if existing else None)
    if kind is None:
        return "type", "can't be blank", "BLANK"
    if kind not in _PARSERS:
        return "type", f"{kind} is not a type this stand-in knows", "INVALID_TYPE"
    if given["value"] == "":
        return "value", "can't be blank", "BLANK"
    if not _is_valid(kind, given["value"]):
        return "value", f"Value must be a valid {kind}.", "INVALID_VALUE"
    if "compareDigest" in given:
        held = existing.compare_digest if existing else None
        if given["compareDigest"] != held:
            return (
                "compareDigest",
                "The resource has been updated since it was loaded. Try again with an updated"
                " `compareDigest` value.",
                "STALE_OBJECT",
            )
    return None


def is_type(kind: str) -> bool:
    """Whether a metafield may be of this type."""
    return kind in _PARSERS


def owner_scope(owner_type: str) -> str | None:
    """The scope that whoever writes to owners of this kind (CUSTOMER, …) needs."""
    return next((s for name, s in _OWNER_SCOPES.items() if name.upper() == owner_type), None)


def _is_valid(kind: str, value: str) -> bool:
    try:
        _PARSERS[kind](value)
    except (ValueError, ArithmeticError, KeyError):
        return False
    return not (kind == "single_line_text_field" and "\n" in value)


def _write(context: Context, given: dict[str, Any]) -> Metafield:
    now, shop = context.now, context.shop
    existing = _existing(context, given)
    if existing:
        existing.value, existing.updated_at = given["value"], now
        existing.type = given.get("type") or existing.type
        return existing
    metafield: Metafield = shop.add(
        Metafield(
            shop.next_id("Metafield"),
            given["ownerId"],
            context.namespace(given.get("namespace")),
            given["key"],
            given["type"],
            given["value"],
            now,
            now,
        )
    )
    return metafield


def _existing(context: Context, given: dict[str, Any]) -> Metafield | None:
    namespace = context.namespace(given.get("namespace"))
    return context.shop.metafield(given["ownerId"], namespace, given["key"])


def _require_owner(context: Context, gid: str, mutation: str) -> None:
    typename = gid.removeprefix("gid://shopify/").partition("/")[0]
    scope = _OWNER_SCOPES.get(typename)
    if scope:
        context.require(scope, mutation)
