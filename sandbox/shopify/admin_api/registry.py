"""Which function answers which field. What nobody registered is read off the record itself."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from .context import Context

# (the record, the context, the field's arguments) -> the field's value
Resolver = Callable[[Any, Context, dict[str, Any]], Any]

RESOLVERS: dict[tuple[str, str], Resolver] = {}


def resolves(typename: str, *fields: str) -> Callable[[Resolver], Resolver]:
    """Register a function for one or more fields of a type."""

    def register(resolver: Resolver) -> Resolver:
        for name in fields:
            RESOLVERS[typename, name] = resolver
        return resolver

    return register


def bind(function: Callable[..., Any], **fixed: Any) -> Resolver:
    """A resolver that knows some values besides: for fields registered in a loop."""
    return functools.partial(function, **fixed)
