"""What a query costs and the bucket it is paid from.

The published rules: a mutation is 10, an object 1, a scalar or enum 0, of an interface or union the
dearest of what may be selected, and a connection its children times `first` or `last`. So are
`nodes`, times their ids. A connection's own wrapping and a mutation's payload and userErrors are
free. Shopify's answers have been seen to be cheaper: staying with the rules is strict.
https://shopify.dev/docs/api/usage/limits#cost-calculation (read 2026-11-22)
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
)

from .schema import load_schema

QUERY_COST_MAX = 1000
MUTATION_COST = 10
_FREE = ("userErrors", "pageInfo")
_PAGE_INFO = {"hasNextPage", "hasPreviousPage", "startCursor", "endCursor"}


def query_cost(
    document: DocumentNode, operation: OperationDefinitionNode, variables: dict[str, Any]
) -> int:
    """The cost of an operation before it runs."""
    schema = load_schema().schema
    root = schema.get_root_type(operation.operation)
    fragments = {
        node.name.value: node
        for node in document.definitions
        if isinstance(node, FragmentDefinitionNode)
    }
    defaults = {
        node.variable.name.value: node.default_value.value
        for node in operation.variable_definitions or ()
        if isinstance(node.default_value, IntValueNode)
    }
    counter = _Counter(fragments, {**defaults, **variables})
    base = MUTATION_COST if operation.operation.value == "mutation" else 0
    return base + counter.selections(operation.selection_set, root)


def actual_cost(data: Any, *, is_mutation: bool) -> int:
    """The cost of what came back: one for each object of it, whatever was asked of it."""
    if not is_mutation:
        return _inside(data or {})
    payloads = [payload for payload in (data or {}).values() if isinstance(payload, dict)]
    return MUTATION_COST + sum(_inside(payload) for payload in payloads)


def _objects(data: Any) -> int:
    if isinstance(data, list):
        return sum(map(_objects, data))
    if not isinstance(data, dict):
        return 0
    is_wrapping = data.keys() & {"nodes", "edges", "node", "cursor"} or data.keys() <= _PAGE_INFO
    return _inside(data) + (0 if is_wrapping else 1)


def _inside(data: dict[str, Any]) -> int:
    return sum(_objects(value) for key, value in data.items() if key not in _FREE)


class _Counter:
    """Walks a selection and adds up."""

    def __init__(
        self, fragments: dict[str, FragmentDefinitionNode], variables: dict[str, Any]
    ) -> None:
        self._fragments, self._variables = fragments, variables

    def selections(self, selection: SelectionSetNode | None, parent: Any) -> int:
        """What is selected of `parent`; of what stands for one type or another the dearest."""
        total, by_type = 0, defaultdict[str, int](int)
        for node in selection.selections if selection else ():
            if isinstance(node, FieldNode):
                total += self._field(node, parent)
                continue
            chosen = self._chosen(node)
            kind = self._condition(chosen, parent)
            cost = self.selections(chosen.selection_set, kind)
            if kind is parent or not isinstance(kind, GraphQLObjectType):
                total += cost
            else:
                by_type[kind.name] += cost
        return total + max(by_type.values(), default=0)

    def _chosen(self, node: Any) -> FragmentDefinitionNode | InlineFragmentNode:
        if isinstance(node, FragmentSpreadNode):
            return self._fragments[node.name.value]
        assert isinstance(node, InlineFragmentNode)
        return node

    def _field(self, node: FieldNode, parent: Any) -> int:
        definition = getattr(parent, "fields", {}).get(node.name.value)
        if definition is None or node.selection_set is None or node.name.value in _FREE:
            return 0
        named = get_named_type(definition.type)
        children = self.selections(node.selection_set, named)
        if named.name.endswith("Connection"):
            return max(1, self._size(node, "first", "last")) * max(1, children)
        if named.name.endswith(("Edge", "Payload")):
            return children
        return (children + 1) * self._size(node, "ids")

    def _size(self, node: FieldNode, *names: str) -> int:
        """How many of it are asked for, by an argument of one of these names."""
        for argument in node.arguments or ():
            if argument.name.value in names:
                return self._value(argument.value)
        return 1

    def _value(self, value: Any) -> int:
        if isinstance(value, VariableNode):
            given = self._variables.get(value.name.value)
            return len(given) if isinstance(given, list) else int(given or 1)
        if isinstance(value, ListValueNode):
            return len(value.values)
        return int(value.value) if isinstance(value, IntValueNode) else 1

    def _condition(self, node: Any, parent: Any) -> Any:
        if node.type_condition is None:
            return parent
        return load_schema().schema.type_map[node.type_condition.name.value]


class Bucket:
    """Points of one shop and app: they drain with each query and flow back with time."""

    def __init__(self, maximum: float = 2000.0, restore_rate: float = 100.0) -> None:
        self._lock = threading.Lock()
        self.maximum, self.restore_rate = maximum, restore_rate
        self._available, self._at = maximum, time.monotonic()

    def configure(self, maximum: float, restore_rate: float) -> None:
        """Give the bucket another size and speed; it is full again."""
        with self._lock:
            self.maximum, self.restore_rate = maximum, restore_rate
            self._available, self._at = maximum, time.monotonic()

    def take(self, cost: int) -> bool:
        """Take `cost` points if they are there."""
        with self._lock:
            self._refill()
            if cost > self._available:
                return False
            self._available -= cost
            return True

    def give_back(self, cost: int) -> None:
        """Return what a query asked for and did not use."""
        with self._lock:
            self._available = min(self.maximum, self._available + cost)

    def status(self) -> dict[str, float]:
        """`throttleStatus` of an answer."""
        with self._lock:
            self._refill()
            return {
                "maximumAvailable": self.maximum,
                "currentlyAvailable": int(self._available),
                "restoreRate": self.restore_rate,
            }

    def _refill(self) -> None:
        now = time.monotonic()
        grown = self._available + (now - self._at) * self.restore_rate
        self._available, self._at = min(self.maximum, grown), now
