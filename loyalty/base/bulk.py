"""Many rows of a table in one statement: a column travels as one array, which PostgreSQL unfolds.

The invariant: one round trip per call, and its text is the same however many rows there are. All
rows of a call name the same columns.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import UUID as SqlUuid
from sqlalchemy import (
    Boolean,
    ColumnElement,
    Table,
    TableValuedAlias,
    Text,
    Update,
    any_,
    bindparam,
    cast,
    func,
    select,
    type_coerce,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, Insert, insert
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.types import JSON, TypeEngine

from loyalty.base.db import Base

Row = Mapping[str, Any]


def insert_rows(session: Session, model: type[Base], rows: Sequence[Row]) -> None:
    """Insert `rows` past the session; one that is there already is an IntegrityError."""
    _run(session, _inserting, model, rows)


def add_rows(session: Session, model: type[Base], rows: Sequence[Row], key: str) -> set[Any]:
    """Insert those of `rows` that are not there yet; the value of column `key` of each of them."""
    if not rows:
        return set()
    statement = _adding(_table(model), tuple(rows[0]), key)
    return set(session.scalars(statement, _arrays(_table(model), rows)))


def put_rows(session: Session, model: type[Base], rows: Sequence[Row]) -> None:
    """Insert `rows`, or bring those that are there to what is said here; none may come twice."""
    _run(session, _putting, model, rows)


def update_rows(
    session: Session, model: type[Base], keys: tuple[str, ...], rows: Sequence[Row]
) -> None:
    """Set what `rows` say beside `keys` on the rows that have these keys, past the session."""
    if rows:
        statement = _updating(_table(model), keys, tuple(rows[0]))
        session.execute(statement, _arrays(_table(model), rows))


def among(
    column: InstrumentedAttribute[Any] | ColumnElement[Any], values: Iterable[Any]
) -> ColumnElement[bool]:
    """`column` is one of `values`: one parameter, however many they are."""
    text = type_coerce(array_text(column.type, values), Text)
    return column == any_(cast(text, ARRAY(column.type)))


def array_text(kind: TypeEngine[Any], values: Iterable[Any]) -> str:
    """PostgreSQL's text for an array of `values`; psycopg's own arrays cost several times as much.

    https://www.postgresql.org/docs/18/arrays.html#ARRAYS-IO (read 2026-11-22)
    """
    write = _writer(kind)
    return "{" + ",".join(["NULL" if each is None else write(each) for each in values]) + "}"


def _run(
    session: Session,
    statement_for: Callable[[Table, tuple[str, ...]], Insert],
    model: type[Base],
    rows: Sequence[Row],
) -> None:
    if rows:
        statement = statement_for(_table(model), tuple(rows[0]))
        session.execute(statement, _arrays(_table(model), rows))


def _table(model: type[Base]) -> Table:
    table = model.__table__
    assert isinstance(table, Table)
    return table


@cache
def _inserting(table: Table, names: tuple[str, ...]) -> Insert:
    arrived = _unfolded(table, names)
    columns = select(*(arrived.c[name] for name in names))
    return insert(table).from_select(list(names), columns)


@cache
def _adding(table: Table, names: tuple[str, ...], key: str) -> Any:
    return _inserting(table, names).on_conflict_do_nothing().returning(table.c[key])


@cache
def _putting(table: Table, names: tuple[str, ...]) -> Insert:
    keys = [column.name for column in table.primary_key]
    statement = _inserting(table, names)
    newer = {name: statement.excluded[name] for name in names if name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=newer)


@cache
def _updating(table: Table, keys: tuple[str, ...], names: tuple[str, ...]) -> Update:
    arrived = _unfolded(table, names)
    changes = {name: arrived.c[name] for name in names if name not in keys}
    return update(table).where(*(table.c[key] == arrived.c[key] for key in keys)).values(changes)


def _unfolded(table: Table, names: tuple[str, ...]) -> TableValuedAlias:
    arrays = [
        cast(bindparam(f"all_{name}", type_=Text), ARRAY(table.c[name].type)) for name in names
    ]
    return func.unnest(*arrays).table_valued(*names, name="arrived").render_derived()


def _arrays(table: Table, rows: Sequence[Row]) -> dict[str, str]:
    return {
        f"all_{name}": array_text(table.c[name].type, [row[name] for row in rows])
        for name in rows[0]
    }


def _writer(kind: TypeEngine[Any]) -> Callable[[Any], str]:
    if isinstance(kind, SqlUuid):
        return _uuid
    if isinstance(kind, JSON):
        return _json
    if isinstance(kind, Text):
        return _quoted
    if isinstance(kind, Boolean):
        return _truth
    return _number_or_time


def _uuid(value: UUID) -> str:
    return value.hex


def _json(value: object) -> str:
    return _quoted(json.dumps(value))


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _truth(value: bool) -> str:
    return "t" if value else "f"


def _number_or_time(value: object) -> str:
    return value.isoformat() if isinstance(value, date | datetime) else str(value)
