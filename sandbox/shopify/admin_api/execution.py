"""Resolves fields: registered functions first, then the record, else null or a plain refusal.

Nothing is ever invented: a field that the store does not model is null where
the schema allows it, and an error that names it where it does not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from graphql import GraphQLResolveInfo, get_named_type, is_list_type, is_non_null_type

from ..store.records import Record
from .access import check_access
from .connections import connect
from .context import Context
from .errors import UserErrors, not_modelled
from .registry import RESOLVERS

_MISSING = object()
_ROOTS = ("QueryRoot", "Mutation")
_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")


def resolve_field(source: Any, info: GraphQLResolveInfo, **arguments: Any) -> Any:
    """The value of one field, for graphql-core."""
    context: Context = info.context
    parent, name = info.parent_type.name, info.field_name
    named = get_named_type(info.return_type).name
    check_access(context, parent, name, named)
    resolver = RESOLVERS.get((parent, name))
    if resolver is None and parent in _ROOTS:
        # A root that answered null would look like "there is none", or like a change that happened.
        raise not_modelled(f"{parent}.{name}")
    if resolver is None:
        value = _stored(source, parent, name, nullable=not is_non_null_type(info.return_type))
    elif parent == "Mutation":
        value = _mutate(resolver, context, arguments)
    else:
        value = resolver(source, context, arguments)
    if named.endswith("Connection") and isinstance(value, list):
        is_root = parent == "QueryRoot"
        return connect(value, named.removesuffix("Connection"), arguments, context, is_root=is_root)
    if isinstance(value, list) and not is_list_type(_bare(info.return_type)):
        raise not_modelled(f"{parent}.{name}")
    return value


def resolve_type(value: Any, info: GraphQLResolveInfo, abstract: Any) -> str:
    """Which object type a value of an interface or union is."""
    if isinstance(value, Mapping):
        return str(value["__typename"])
    return str(value.typename)


def _mutate(resolver: Any, context: Context, arguments: dict[str, Any]) -> Any:
    """A mutation's payload; a refusal is a payload too."""
    try:
        payload = resolver(None, context, arguments)
    except UserErrors as refusal:
        return {"userErrors": refusal.errors}
    return {"userErrors": [], **payload}


def _stored(source: Any, parent: str, name: str, *, nullable: bool) -> Any:
    """A value that the record itself holds under the field's name."""
    value = _MISSING
    if isinstance(source, Mapping):
        value = source.get(name, _MISSING)
    elif isinstance(source, Record) and name == "id":
        value = source.gid
    elif isinstance(source, Record) and name == "legacyResourceId":
        value = source.id
    elif source is not None:
        value = getattr(source, _CAPITAL.sub("_", name).lower(), _MISSING)
    if value is _MISSING or callable(value):
        if nullable:
            return None
        raise not_modelled(f"{parent}.{name}")
    return value


def _bare(return_type: Any) -> Any:
    return return_type.of_type if is_non_null_type(return_type) else return_type
