"""What a query costs and the bucket it is paid from.

Mutations cost 10, an object 1, a scalar 0, and a connection its children
times `first` or `last`. Value objects (money, consent, an address) have no id
and cost nothing here. Shopify publishes no more than these rules, and its
answers have been seen to be cheaper than them: staying with the rules is strict.
"""

from __future__ import annotations

import threading
import time
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLObjectType,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
)

from .schema import load_schema

QUERY_COST_MAX = 1000
MUTATION_COST = 10


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
    """The cost of what came back: one for each object that has an id, or was a connection."""
    return (MUTATION_COST if is_mutation else 0) + _objects(data)


def _objects(data: Any) -> int:
    if isinstance(data, list):
        return sum(map(_objects, data))
    if isinstance(data, dict):
        own = 1 if "id" in data else 0
        return own + sum(map(_objects, data.values()))
    return 0


class _Counter:
    """Walks a selection and adds up."""

    def __init__(
        self, fragments: dict[str, FragmentDefinitionNode], variables: dict[str, Any]
    ) -> None:
        self._fragments, self._variables = fragments, variables

    def selections(self, selection: SelectionSetNode | None, parent: Any) -> int:
        total = 0
        for node in selection.selections if selection else ():
            if isinstance(node, FieldNode):
                total += self._field(node, parent)
            elif isinstance(node, InlineFragmentNode):
                total += self.selections(node.selection_set, self._condition(node, parent))
            elif isinstance(node, FragmentSpreadNode):
                fragment = self._fragments[node.name.value]
                total += self.selections(fragment.selection_set, self._condition(fragment, parent))
        return total

    def _field(self, node: FieldNode, parent: Any) -> int:
        definition = getattr(parent, "fields", {}).get(node.name.value)
        if definition is None or node.selection_set is None:
            return 0
        named = get_named_type(definition.type)
        children = self.selections(node.selection_set, named)
        if named.name.endswith("Connection"):
            return max(1, self._size(node)) * max(1, children)
        return children + (1 if _is_object(named) else 0)

    def _size(self, node: FieldNode) -> int:
        for argument in node.arguments or ():
            if argument.name.value in ("first", "last"):
                value = argument.value
                if isinstance(value, VariableNode):
                    return int(self._variables.get(value.name.value) or 1)
                if isinstance(value, IntValueNode):
                    return int(value.value)
        return 1

    def _condition(self, node: Any, parent: Any) -> Any:
        if node.type_condition is None:
            return parent
        return load_schema().schema.type_map[node.type_condition.name.value]


def _is_object(named: Any) -> bool:
    """Whether a type is a thing with an id (value objects are not)."""
    if not isinstance(named, GraphQLObjectType | GraphQLInterfaceType):
        return False
    return "id" in named.fields


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
