"""Many rows in one statement: a column is one array, so the statement's text never changes.

The invariant: one round trip per call, however many rows there are.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, TextClause, any_, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, dialect
from sqlalchemy.orm import InstrumentedAttribute, Session

from loyalty.base.db import Base

Row = Mapping[str, Any]


def insert_rows(session: Session, model: type[Base], rows: Sequence[Row]) -> None:
    """Insert `rows`, all with the same columns, past the session. None is no work."""
    if rows:
        names = tuple(rows[0])
        session.execute(_insert(_table(model), names), _arrays(_table(model), names, rows))


def update_rows(
    session: Session, model: type[Base], keys: tuple[str, ...], rows: Sequence[Row]
) -> None:
    """Set what `rows` say beside `keys` on the rows that have these keys, past the session."""
    if rows:
        names = tuple(rows[0])
        session.execute(_update(_table(model), keys, names), _arrays(_table(model), names, rows))


def among(
    column: InstrumentedAttribute[Any] | ColumnElement[Any], values: Collection[Any]
) -> ColumnElement[bool]:
    """`column` is one of `values`: one parameter, however many they are."""
    return column == any_(bindparam(None, list(values), type_=ARRAY(column.type)))


def _table(model: type[Base]) -> Table:
    table = model.__table__
    assert isinstance(table, Table)
    return table


@lru_cache(maxsize=200)
def _insert(table: Table, names: tuple[str, ...]) -> TextClause:
    columns = ", ".join(names)
    return text(f"INSERT INTO {table.name} ({columns}) SELECT * FROM {_unnest(table, names)}")


@lru_cache(maxsize=200)
def _update(table: Table, keys: tuple[str, ...], names: tuple[str, ...]) -> TextClause:
    changes = ", ".join(f"{name} = news.{name}" for name in names if name not in keys)
    same = " AND ".join(f"{table.name}.{key} = news.{key}" for key in keys)
    source = f"{_unnest(table, names)} AS news ({', '.join(names)})"
    return text(f"UPDATE {table.name} SET {changes} FROM {source} WHERE {same}")


def _unnest(table: Table, names: tuple[str, ...]) -> str:
    arrays = ", ".join(f"CAST(:{name} AS {_type(table.c[name])}[])" for name in names)
    return f"unnest({arrays})"


def _type(column: Column[Any]) -> str:
    return column.type.compile(dialect())


def _arrays(table: Table, names: tuple[str, ...], rows: Sequence[Row]) -> dict[str, list[Any]]:
    return {
        name: [_dump(row[name]) for row in rows]
        if isinstance(table.c[name].type, JSONB)
        else [row[name] for row in rows]
        for name in names
    }


def _dump(value: Any) -> str | None:
    return None if value is None else json.dumps(value)
