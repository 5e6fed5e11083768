"""What Shopify refuses in a bulk query, before it runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    NoDeprecatedCustomRule,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    get_nullable_type,
    is_list_type,
    parse,
    validate,
)

from .admin_api.errors import refuse, validation_error
from .admin_api.schema import load_schema

CONNECTIONS_MAX, DEPTH_MAX = 5, 2


def check_bulk_query(query: str) -> DocumentNode:
    """The parsed query, else UserErrors in Shopify's words."""
    try:
        document = parse(query)
    except GraphQLError as error:
        raise _invalid(f"Invalid bulk query: {error.message}") from error
    schema = load_schema().schema
    errors = validate(schema, document) or validate(schema, document, [NoDeprecatedCustomRule])
    if errors:
        raise _invalid(f"Invalid bulk query: {validation_error(errors[0])['message']}")
    operations = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
    if len(operations) != 1 or operations[0].operation.value != "query":
        raise _invalid("Bulk queries must contain exactly one query operation")
    _Inspector(document).inspect(operations[0])
    return document


class _Inspector:
    """Counts connections and how deep they nest."""

    def __init__(self, document: DocumentNode) -> None:
        self._fragments = {
            d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)
        }
        self._count = 0

    def inspect(self, operation: OperationDefinitionNode) -> None:
        """UserErrors when a rule is broken."""
        if operation.variable_definitions:
            raise _invalid("Bulk queries cannot contain variables")
        root = load_schema().schema.query_type
        for node, _ in self._fields(operation.selection_set, root):
            if node.name.value in ("node", "nodes"):
                raise _invalid("Bulk queries cannot contain a top level `node` or `nodes` field")
        self._walk(operation.selection_set, root, depth=0, in_list=False)
        if self._count == 0:
            raise _invalid("Bulk queries must contain at least one connection.")
        if self._count > CONNECTIONS_MAX:
            raise _invalid(f"Bulk queries cannot contain more than {CONNECTIONS_MAX} connections.")

    def _walk(
        self, selection: SelectionSetNode | None, parent: Any, *, depth: int, in_list: bool
    ) -> None:
        for node, owner in self._fields(selection, parent):
            definition = getattr(owner, "fields", {}).get(node.name.value)
            if definition is None or node.selection_set is None:
                continue
            named = get_named_type(definition.type)
            if named.name.endswith("Connection"):
                self._connection(node, named, selection, depth, in_list)
            else:
                is_list = is_list_type(get_nullable_type(definition.type))
                nested = in_list or (is_list and node.name.value not in ("edges", "nodes"))
                self._walk(node.selection_set, named, depth=depth, in_list=nested)

    def _connection(
        self,
        node: FieldNode,
        named: Any,
        siblings: SelectionSetNode | None,
        depth: int,
        in_list: bool,
    ) -> None:
        name = node.name.value
        if in_list:
            raise _invalid(
                "Queries that contain a connection field within a list field are not currently"
                f" supported. Connection field: {name}"
            )
        if depth >= DEPTH_MAX:
            raise _invalid(
                f"Bulk queries cannot contain connections nested deeper than {DEPTH_MAX}"
            )
        if depth > 0 and not self._selects_id(siblings, named):
            raise _invalid(
                "The parent 'node' field for a nested connection must select the 'id' field"
                f" without an alias. Connection fields without 'id': {name}."
            )
        selected = {child.name.value for child, _ in self._fields(node.selection_set, named)}
        if not selected & {"edges", "nodes"}:
            raise _invalid(f"Connection {name} must select edges or nodes")
        self._count += 1
        self._walk(node.selection_set, named, depth=depth + 1, in_list=False)

    def _selects_id(self, selection: SelectionSetNode | None, parent: Any) -> bool:
        fields = (node for node, _ in self._fields(selection, parent))
        return any(node.name.value == "id" and node.alias is None for node in fields)

    def _fields(
        self, selection: SelectionSetNode | None, parent: Any
    ) -> Iterator[tuple[FieldNode, Any]]:
        """The fields of a selection with the type they belong to, fragments opened."""
        for node in selection.selections if selection else ():
            if isinstance(node, FieldNode):
                yield node, parent
                continue
            fragment: Any = node
            if isinstance(node, FragmentSpreadNode):
                fragment = self._fragments[node.name.value]
            owner = parent
            if fragment.type_condition is not None:
                owner = load_schema().schema.type_map[fragment.type_condition.name.value]
            yield from self._fields(fragment.selection_set, owner)


def _invalid(message: str) -> Exception:
    return refuse(message, ["query"], "INVALID")
