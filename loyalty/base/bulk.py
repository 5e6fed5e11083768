"""Many rows of a table in one statement: a column travels as one array, which PostgreSQL unfolds.

The invariant: one round trip per call, and its text is the same however many rows there are. All
rows of a call are one shop's and name the same columns.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import UUID as SqlUuid
from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Date,
    DateTime,
    Table,
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
Joined = Callable[[str, ColumnElement[Any], ColumnElement[Any]], ColumnElement[Any]]
"""(name, old, new) → what the column is to be, for a row that is there already."""
_SHOP = "shop_id"


def insert_rows(session: Session, model: type[Base], rows: Sequence[Row]) -> None:
    """Insert `rows` past the session; one that is there already is an IntegrityError."""
    if rows:
        statement = _inserting(_table(model), tuple(rows[0]))
        session.execute(statement, _arrays(_table(model), rows))


def add_rows(session: Session, model: type[Base], rows: Sequence[Row], key: str) -> set[Any]:
    """Insert those of `rows` that are not there yet; the value of column `key` of each of them."""
    if not rows:
        return set()
    statement = _adding(_table(model), tuple(rows[0]), key)
    return set(session.scalars(statement, _arrays(_table(model), rows)))


def put_rows(
    session: Session, model: type[Base], rows: Sequence[Row], *, joined: Joined | None = None
) -> None:
    """Insert `rows`, or bring those that are there to what is said here; none may come twice.

    `joined` says what becomes of a column's old and new value, where the new one does not win.
    """
    if rows:
        statement = _putting(_table(model), tuple(rows[0]), joined)
        session.execute(statement, _arrays(_table(model), rows))


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
    """`column` is one of `values`: one parameter, however many they are.

    The text is read once, in a query of its own: a prepared statement's generic plan may turn the
    condition into a filter, and then read it for each row (2 s instead of 5 ms for 10,000 rows).
    """
    once = cast(select(all_of(column, values)).scalar_subquery(), ARRAY(column.type))
    return column == any_(once)


def among_many(
    column: InstrumentedAttribute[Any] | ColumnElement[Any], values: Iterable[Any]
) -> ColumnElement[bool]:
    """The same for a query that may read whole tables: the values are read once and hashed.

    `among` is quick as the condition of an index alone; as a filter it goes through all values
    for each row.
    """
    return column.in_(select(func.unnest(all_of(column, values))))


def all_of(
    column: InstrumentedAttribute[Any] | ColumnElement[Any], values: Iterable[Any]
) -> ColumnElement[Any]:
    """An array of `values` of the column's type, as one parameter."""
    text = type_coerce(array_text(column.type, values), Text)
    return cast(text, ARRAY(column.type))


def array_text(kind: TypeEngine[Any], values: Iterable[Any]) -> str:
    """PostgreSQL's text for an array of `values`; psycopg's own arrays cost several times as much.

    https://www.postgresql.org/docs/18/arrays.html#ARRAYS-IO (read 2026-11-22)
    """
    write = _writer(kind)
    return "{" + ",".join(["NULL" if each is None else write(each) for each in values]) + "}"


def _table(model: type[Base]) -> Table:
    table = model.__table__
    assert isinstance(table, Table)
    return table


@cache
def _inserting(table: Table, names: tuple[str, ...]) -> Insert:
    columns = _unfolded(table, names)
    return insert(table).from_select(list(columns), select(*columns.values()))


@cache
def _adding(table: Table, names: tuple[str, ...], key: str) -> Any:
    return _inserting(table, names).on_conflict_do_nothing().returning(table.c[key])


@cache
def _putting(table: Table, names: tuple[str, ...], joined: Joined | None) -> Insert:
    keys = [column.name for column in table.primary_key]
    statement = _inserting(table, names)
    join = joined or _newer
    changes = {
        name: join(name, table.c[name], statement.excluded[name])
        for name in names
        if name not in keys
    }
    return statement.on_conflict_do_update(index_elements=keys, set_=changes)


def _newer(_: str, __: ColumnElement[Any], new: ColumnElement[Any]) -> ColumnElement[Any]:
    return new


@cache
def _updating(table: Table, keys: tuple[str, ...], names: tuple[str, ...]) -> Update:
    columns = _unfolded(table, names)
    same = [table.c[key] == columns[key] for key in keys]
    changes = {name: column for name, column in columns.items() if name not in keys}
    return update(table).where(*same).values(changes)


def _unfolded(table: Table, names: tuple[str, ...]) -> dict[str, ColumnElement[Any]]:
    """The columns as they arrive: the shop's as one value, for a statement names its shop."""
    arrays = [name for name in names if name != _SHOP]
    texts = (
        cast(bindparam(f"all_{name}", type_=Text), ARRAY(table.c[name].type)) for name in arrays
    )
    arrived = func.unnest(*texts).table_valued(*arrays, name="arrived").render_derived()
    shop: dict[str, ColumnElement[Any]] = {_SHOP: bindparam("the_shop", type_=BigInteger)}
    return shop | {name: arrived.c[name] for name in arrays}


def _arrays(table: Table, rows: Sequence[Row]) -> dict[str, Any]:
    shop_id = rows[0][_SHOP]
    assert all(row[_SHOP] == shop_id for row in rows)
    return {"the_shop": shop_id} | {
        f"all_{name}": array_text(table.c[name].type, [row[name] for row in rows])
        for name in rows[0]
        if name != _SHOP
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
    if isinstance(kind, DateTime | Date):
        return _time
    return str


def _uuid(value: UUID) -> str:
    return value.hex


def _json(value: object) -> str:
    return _quoted(json.dumps(value))


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _truth(value: bool) -> str:
    return "t" if value else "f"


def _time(value: date) -> str:
    return value.isoformat()
