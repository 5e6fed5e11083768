"""Shopify's Admin schema 2026-10 and the access scopes of its types and fields."""

from __future__ import annotations

import functools
import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from graphql import GraphQLScalarType, GraphQLSchema, build_client_schema

from ..clock import graphql_time
from ..store.money import graphql_decimal

FILE = Path(__file__).parents[1] / "schema" / "admin_2026-10.json.gz"


@dataclass(frozen=True)
class Requirement:
    """Scopes of which one is needed, and Shopify's own sentence about it."""

    any_of: tuple[str, ...]
    sentence: str


@dataclass(frozen=True)
class AdminSchema:
    """The schema with what each type, or field of a type, asks of a token."""

    schema: GraphQLSchema
    types: dict[str, Requirement]
    fields: dict[tuple[str, str], Requirement]


@functools.cache
def load_schema() -> AdminSchema:
    """The vendored schema; takes about a second, once."""
    with gzip.open(FILE) as file:
        raw = json.load(file)
    # Shopify deprecates fields that their interface does not: graphql-core
    # calls that an error, so the schema is taken as valid.
    schema = build_client_schema(raw["data"], assume_valid=True)
    _serialize_scalars(schema)
    types: dict[str, Requirement] = {}
    fields: dict[tuple[str, str], Requirement] = {}
    for row in raw["offline_scopes"]["items"]:
        if not row["offlineScopes"]:
            continue
        requirement = Requirement(tuple(row["offlineScopes"]), row["requiredAccess"])
        if row["type"] == "type":
            types[row["typeName"]] = requirement
        else:
            fields[row["typeName"], row["fieldName"]] = requirement
    return AdminSchema(schema, types, fields)


def _serialize_scalars(schema: GraphQLSchema) -> None:
    """Shopify's scalars are strings on the wire; JSON and HTML pass as they are."""
    writers: dict[str, Callable[[Any], Any]] = {
        "DateTime": _write_time,
        "Decimal": lambda value: graphql_decimal(Decimal(value)),
        "Money": lambda value: f"{Decimal(value):.2f}",
        "UnsignedInt64": str,
    }
    for name, write in writers.items():
        scalar = schema.type_map[name]
        assert isinstance(scalar, GraphQLScalarType)
        scalar.coerce_output_value = write


def _write_time(value: Any) -> str:
    return graphql_time(value) if isinstance(value, datetime) else str(value)
