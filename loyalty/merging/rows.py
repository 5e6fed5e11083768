"""Rows that move with a merge, table by table, and home with its undo: two statements a table.

The invariant: every row that a merge moved is written down, and goes home unless it is gone.
"""

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    ColumnElement,
    Table,
    Text,
    and_,
    cast,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    tuple_,
    update,
)
from sqlalchemy.orm import Session

from loyalty.merging.tables import MemberMerge, MemberMergeRow
from loyalty.privacy.parts import Merging, Moves, Part

_OPTIONS: dict[str, Any] = {"synchronize_session": False}
_BATCH = 500
"""How many rows go home in one statement."""


def move_rows(session: Session, part: Part, moves: Moves, merging: Merging) -> None:
    """Give the survivor the rows of the merged member, and write down which."""
    table = part.table
    values: dict[str, Any] = {"member_id": merging.survivor_id}
    if moves.has_home:
        values["home_member_id"] = func.coalesce(table.c.home_member_id, merging.merged_id)
    moved = (
        update(table)
        .where(
            table.c.shop_id == merging.shop_id,
            table.c.member_id == merging.merged_id,
            moves.only(),
            *_if_not_there(table, merging),
        )
        .values(values)
        .returning(_key_of(table).label("row_key"))
        .cte("moved")
    )
    written = select(
        literal(merging.shop_id),
        literal(merging.merge_id),
        literal(table.name),
        moved.c.row_key,
    )
    columns = ("shop_id", "merge_id", "table_name", "row_key")
    session.execute(
        insert(MemberMergeRow.__table__).from_select(columns, written),  # type: ignore[arg-type]
        execution_options=_OPTIONS,
    )


def move_home(session: Session, part: Part, moves: Moves, merging: Merging) -> None:
    """Give back the rows that the merge moved, and what came `later` and belongs to them."""
    table = part.table
    keys = _list_moved(session, table, merging)
    columns = _own_columns(table)
    for start in range(0, len(keys), _BATCH):
        batch = keys[start : start + _BATCH]
        _give_back(session, table, moves, merging, tuple_(*columns).in_(batch))
    if moves.later is not None:
        _give_back(session, table, moves, merging, moves.later(merging))


def _list_moved(session: Session, table: Table, merging: Merging) -> list[tuple[Any, ...]]:
    """The keys of the rows that the merge moved, without the shop and the member."""
    written = session.scalars(
        select(MemberMergeRow.row_key)
        .where(
            MemberMergeRow.shop_id == merging.shop_id,
            MemberMergeRow.merge_id == merging.merge_id,
            MemberMergeRow.table_name == table.name,
        )
        .order_by(MemberMergeRow.row_key)
    )
    kinds = [column.type.python_type for column in _own_columns(table)]
    return [
        tuple(
            UUID(value) if kind is UUID else value for kind, value in zip(kinds, key, strict=True)
        )
        for key in map(json.loads, written)
    ]


def _give_back(
    session: Session,
    table: Table,
    moves: Moves,
    merging: Merging,
    which: ColumnElement[bool],
) -> None:
    values: dict[str, Any] = {"member_id": merging.merged_id}
    if moves.has_home:
        values["home_member_id"] = func.nullif(table.c.home_member_id, merging.merged_id)
    session.execute(
        update(table)
        .where(
            table.c.shop_id == merging.shop_id,
            table.c.member_id == merging.survivor_id,
            which,
        )
        .values(values),
        execution_options=_OPTIONS,
    )


def forget_ways_home(session: Session, shop_id: int, *, now: datetime) -> int:
    """Delete the rows of merges that can be undone no more; how many. The caller commits."""
    over = select(MemberMerge.id).where(
        MemberMerge.shop_id == shop_id,
        (MemberMerge.undo_until <= now) | (MemberMerge.state == "undone"),
    )
    result = session.execute(
        delete(MemberMergeRow).where(
            MemberMergeRow.shop_id == shop_id, MemberMergeRow.merge_id.in_(over)
        ),
        execution_options=_OPTIONS,
    )
    return int(result.rowcount)  # type: ignore[attr-defined]


def _key_of(table: Table) -> ColumnElement[str]:
    """A row's key without the shop and the member, as one text."""
    return cast(func.jsonb_build_array(*_own_columns(table)), Text)


def _own_columns(table: Table) -> list[Column[Any]]:
    """What tells a row apart from others of the same member."""
    keys = table.primary_key.columns
    return [column for column in keys if column.name not in ("shop_id", "member_id")]


def _if_not_there(table: Table, merging: Merging) -> list[ColumnElement[bool]]:
    """Where the member is part of the key, a row that the survivor has already stays."""
    if "member_id" not in table.primary_key.columns:
        return []
    there = table.alias("there")
    rest = [column.name for column in _own_columns(table)]
    same = and_(
        there.c.shop_id == merging.shop_id,
        there.c.member_id == merging.survivor_id,
        *(there.c[name] == table.c[name] for name in rest),
    )
    return [~exists().where(same)]
