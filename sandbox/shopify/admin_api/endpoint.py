"""POST …/admin/api/2026-10/graphql.json: who asks, may they, can they pay, and the answer."""

from __future__ import annotations

import functools
import re
import uuid
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, g, jsonify, request
from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    NoDeprecatedCustomRule,
    OperationDefinitionNode,
    execute_sync,
    get_operation_ast,
    parse,
    specified_rules,
    validate,
)

from ..faulty import cut_answer, failed_answer
from ..settings import API_VERSION
from ..store.shop import Shop
from ..world import World
from . import mutations, types
from .context import Context
from .cost import QUERY_COST_MAX, Bucket, actual_cost, query_cost
from .errors import validation_error
from .execution import resolve_field, resolve_type
from .schema import load_schema

assert mutations and types  # importing them registers the resolvers
_NAMED = re.compile(r"\s*(?:query|mutation)\s+(\w+)")
UNAUTHORIZED = "[API] Invalid API key or access token (unrecognized login or wrong password)"


@dataclass
class _Refused(Exception):
    """Errors instead of data."""

    errors: list[dict[str, Any]]


def admin_api(world: World) -> Blueprint:
    """The Admin API of every shop."""
    pages = Blueprint("admin_api", __name__)

    @pages.post("/shops/<domain>/admin/api/<version>/graphql.json")
    def graphql(domain: str, version: str) -> Response:
        operation = _operation_name(request.get_json(silent=True))
        fault = failed_answer(world, "graphql", operation)
        if fault:
            return fault
        shop = world.shops.get(domain)
        if shop is None or version != API_VERSION:
            return _errors("Not Found", 404)
        token = request.headers.get("X-Shopify-Access-Token", "")
        if not shop.is_installed or world.tokens.find(token, domain) is None:
            return _errors(UNAUTHORIZED, 401)
        body = request.get_json(silent=True)
        if not isinstance(body, dict) or not isinstance(body.get("query"), str):
            return _errors({"query": "Required parameter missing or invalid"}, 400)
        response = jsonify(_answer(world, shop, body))
        response.headers["X-Request-Id"] = str(uuid.uuid4())
        return cut_answer(world, "graphql", response, operation)

    return pages


def _operation_name(body: Any) -> str:
    """The name of the document's first operation; empty when it has none."""
    query = body.get("query") if isinstance(body, dict) else None
    found = _NAMED.match(query) if isinstance(query, str) else None
    return found.group(1) if found else ""


def _errors(errors: Any, status: int) -> Response:
    response = jsonify({"errors": errors})
    response.status_code = status
    return response


def _answer(world: World, shop: Shop, body: dict[str, Any]) -> dict[str, Any]:
    """The JSON of an answer; GraphQL's errors are HTTP 200."""
    bucket = world.buckets[shop.domain]
    variables = body.get("variables") or {}
    try:
        document = parse_document(body["query"])
        operation = _operation(document, body.get("operationName"))
        _note(operation)
        requested = _price(document, operation, variables)
    except _Refused as refused:
        return {"errors": refused.errors}
    throttled = world.faults.take("graphql", "throttle") is not None
    if throttled or not bucket.take(requested):
        g.note = "THROTTLED"
        error = {"message": "Throttled", "extensions": _throttled()}
        return {"errors": [error], "extensions": _cost(bucket, requested, None)}
    result = _run(world, shop, document, variables, body.get("operationName"))
    is_mutation = operation.operation.value == "mutation"
    actual = min(requested, actual_cost(result.data, is_mutation=is_mutation))
    bucket.give_back(requested - actual)
    return {**_formatted(result), "extensions": _cost(bucket, requested, actual)}


@functools.lru_cache(maxsize=512)
def parse_document(query: str) -> DocumentNode:
    """A valid document of the schema without deprecated parts, else _Refused."""
    try:
        document = parse(query)
    except GraphQLError as error:
        raise _Refused([{**error.formatted, "extensions": {"code": "syntaxError"}}]) from error
    schema = load_schema().schema
    errors = validate(schema, document, specified_rules)
    # Shopify still answers deprecated fields; the stand-in does not let a new app use them.
    errors = errors or validate(schema, document, [NoDeprecatedCustomRule])
    if errors:
        raise _Refused([validation_error(error) for error in errors])
    return document


def run_query(context: Context, document: DocumentNode) -> ExecutionResult:
    """Execute outside a request, for bulk operations; the caller holds the lock."""
    return execute_sync(
        load_schema().schema,
        document,
        context_value=context,
        field_resolver=resolve_field,
        type_resolver=resolve_type,
    )


def run_mutation(
    context: Context, document: DocumentNode, variables: dict[str, Any]
) -> dict[str, Any]:
    """Execute outside a request with these variables; the caller holds the lock."""
    result = execute_sync(
        load_schema().schema,
        document,
        context_value=context,
        variable_values=variables,
        field_resolver=resolve_field,
        type_resolver=resolve_type,
    )
    return _formatted(result)


def _operation(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    operation = get_operation_ast(document, name)
    if operation is None:
        message = "An operation name is required" if not name else f"No operation named {name}"
        raise _Refused([{"message": message}])
    return operation


def _note(operation: OperationDefinitionNode) -> None:
    """What the received page calls this request."""
    name = operation.name.value if operation.name else "anonymous"
    g.note = f"{operation.operation.value} {name}"


def _price(
    document: DocumentNode, operation: OperationDefinitionNode, variables: dict[str, Any]
) -> int:
    cost = query_cost(document, operation, variables)
    if cost > QUERY_COST_MAX:
        message = (
            f"Query cost is {cost}, which exceeds the single query max cost limit"
            f" ({QUERY_COST_MAX})."
        )
        extensions = {
            "code": "MAX_COST_EXCEEDED",
            "cost": cost,
            "maxCost": QUERY_COST_MAX,
            "documentation": "https://shopify.dev/api/usage/rate-limits",
        }
        raise _Refused([{"message": message, "extensions": extensions}])
    return cost


def _run(
    world: World,
    shop: Shop,
    document: DocumentNode,
    variables: dict[str, Any],
    operation_name: str | None,
) -> ExecutionResult:
    with world.lock:
        return execute_sync(
            load_schema().schema,
            document,
            context_value=Context(world, shop, frozenset(shop.granted_scopes)),
            variable_values=variables,
            operation_name=operation_name,
            field_resolver=resolve_field,
            type_resolver=resolve_type,
        )


def _formatted(result: ExecutionResult) -> dict[str, Any]:
    """Data and errors as Shopify sends them; bad variables have no data at all."""
    answer: dict[str, Any] = {}
    if result.errors:
        answer["errors"] = [_shown(error) for error in result.errors]
    if result.data is not None or not _is_variable_error(result):
        answer["data"] = result.data
    return answer


def _shown(error: GraphQLError) -> dict[str, Any]:
    shown: dict[str, Any] = dict(error.formatted)
    if error.path is None and error.message.startswith("Variable "):
        shown["extensions"] = {"code": "INVALID_VARIABLE"}
    return shown


def _is_variable_error(result: ExecutionResult) -> bool:
    return bool(result.errors) and all(error.path is None for error in result.errors or ())


def _throttled() -> dict[str, str]:
    return {"code": "THROTTLED", "documentation": "https://shopify.dev/api/usage/rate-limits"}


def _cost(bucket: Bucket, requested: int, actual: int | None) -> dict[str, Any]:
    return {
        "cost": {
            "requestedQueryCost": requested,
            "actualQueryCost": actual,
            "throttleStatus": bucket.status(),
        }
    }
