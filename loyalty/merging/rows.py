"""Rows that move with a merge, table by table, and home with its undo: two statements a table.

The invariant: every row that a merge moved is written down, and goes home unless it is gone.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import (
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
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from loyalty.merging.tables import MemberMerge, MemberMergeRow
from loyalty.privacy.parts import Merging, Moves, Part

_OPTIONS: dict[str, Any] = {"synchronize_session": False}


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
    values: dict[str, Any] = {"member_id": merging.merged_id}
    if moves.has_home:
        values["home_member_id"] = func.nullif(table.c.home_member_id, merging.merged_id)
    goes_home: ColumnElement[bool] = _key_of(table).in_(
        select(MemberMergeRow.row_key).where(
            MemberMergeRow.shop_id == merging.shop_id,
            MemberMergeRow.merge_id == merging.merge_id,
            MemberMergeRow.table_name == table.name,
        )
    )
    if moves.later is not None:
        goes_home = or_(goes_home, moves.later(merging))
    session.execute(
        update(table)
        .where(
            table.c.shop_id == merging.shop_id,
            table.c.member_id == merging.survivor_id,
            goes_home,
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
    columns = [c for c in table.primary_key.columns if c.name not in ("shop_id", "member_id")]
    return cast(func.jsonb_build_array(*columns), Text)


def _if_not_there(table: Table, merging: Merging) -> list[ColumnElement[bool]]:
    """Where the member is part of the key, a row that the survivor has already stays."""
    if "member_id" not in table.primary_key.columns:
        return []
    there = table.alias("there")
    rest = [c.name for c in table.primary_key.columns if c.name not in ("shop_id", "member_id")]
    same = and_(
        there.c.shop_id == merging.shop_id,
        there.c.member_id == merging.survivor_id,
        *(there.c[name] == table.c[name] for name in rest),
    )
    return [~exists().where(same)]
