"""The members list: searched, sorted and paged by keyset, never by offset."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, or_, select, tuple_
from sqlalchemy.orm import Session

from loyalty.members.tables import Member, MemberBalance
from loyalty.queries import paging

TOTAL_CAP = 10_001
SEARCH_MIN = 3


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A line of the list."""

    id: UUID
    name: str
    email: str | None
    points: int
    joined_at: datetime


@dataclass(frozen=True, slots=True)
class MemberPage:
    """`total` stops counting at TOTAL_CAP; the cursors are None at the ends."""

    rows: list[MemberRow]
    next: str | None
    previous: str | None
    total: int


_SORTS: dict[str, tuple[Any, type]] = {
    "name": (Member.sort_name, str),
    "email": (Member.email_norm, str),
    "points": (MemberBalance.available, int),
    "joined": (Member.joined_at, datetime),
}


def list_members(
    session: Session,
    shop_id: int,
    *,
    search: str = "",
    sort: str = "-joined",
    after: str | None = None,
    before: str | None = None,
    limit: int = 50,
) -> MemberPage:
    """A page of active members. `sort` is name, email, points or joined; "-" before it descends.

    `search` (≥ 3 letters) matches part of a name or email. Unknown sorts and
    foreign cursors fall back to the first page of the newest.
    """
    column, kind = _SORTS.get(sort.removeprefix("-"), _SORTS["joined"])
    descending = sort.startswith("-") or sort not in _SORTS
    backwards = before is not None and after is None
    wanted = _matching(shop_id, search)
    statement = _page(wanted, column, kind, descending, after, before, backwards)
    found = list(session.execute(statement.limit(limit + 1)))
    rows = found[:limit]
    if backwards:
        rows.reverse()
    more = len(found) > limit
    start, end = _cursors(rows, more, after, before, backwards)
    return MemberPage([_row(r) for r in rows], end, start, _count(session, wanted))


def _matching(shop_id: int, search: str) -> Select[Any]:
    statement = (
        select(Member.id, Member.first_name, Member.last_name, Member.email, Member.joined_at)
        .add_columns(Member.sort_name, Member.email_norm, MemberBalance.available)
        .join(
            MemberBalance,
            (MemberBalance.shop_id == Member.shop_id) & (MemberBalance.member_id == Member.id),
        )
        .where(Member.shop_id == shop_id, Member.state == "active")
    )
    needle = search.strip().lower()
    if needle:
        statement = statement.where(
            or_(*(Member.id.in_(select(func.search_members(p))) for p in _patterns(needle)))
        )
    return statement


def _patterns(needle: str) -> list[str]:
    """LIKE patterns; fewer letters than the index knows match the beginning of a word or email."""
    safe = needle.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return [f"%{safe}%"] if len(needle) >= SEARCH_MIN else [f"{safe}%", f"% {safe}%"]


def _page(
    statement: Select[Any],
    column: Any,
    kind: type,
    descending: bool,
    after: str | None,
    before: str | None,
    backwards: bool,
) -> Select[Any]:
    falling = descending != backwards
    cursor = paging.decode(before if backwards else after, kind, UUID)
    if cursor is not None:
        place, edge = tuple_(column, Member.id), tuple_(*cursor)
        statement = statement.where(place < edge if falling else place > edge)
    order = (column.desc(), Member.id.desc()) if falling else (column.asc(), Member.id.asc())
    return statement.add_columns(column.label("place")).order_by(*order)


def _cursors(
    rows: list[Any], more: bool, after: str | None, before: str | None, backwards: bool
) -> tuple[str | None, str | None]:
    if not rows:
        return None, None
    has_previous = more if backwards else after is not None
    has_next = before is not None if backwards else more
    first, last = rows[0], rows[-1]
    return (
        paging.encode(first.place, first.id) if has_previous else None,
        paging.encode(last.place, last.id) if has_next else None,
    )


def _count(session: Session, statement: Select[Any]) -> int:
    capped = statement.with_only_columns(Member.id).limit(TOTAL_CAP).subquery()
    return session.scalar(select(func.count()).select_from(capped)) or 0


def _row(row: Any) -> MemberRow:
    name = " ".join(part for part in (row.first_name, row.last_name) if part)
    return MemberRow(
        row.id, name or row.email or "No name", row.email, row.available, row.joined_at
    )
