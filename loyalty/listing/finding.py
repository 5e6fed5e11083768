"""Finds a page of the members list by keyset, in a time that does not grow with the shop.

The invariant: walk, gather and search give the same page; they differ in what they read. See
docs/decisions/0023.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import UUID as SqlUuid
from sqlalchemy import BigInteger, ColumnElement, Select, and_, func, literal, or_, select, tuple_
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from loyalty.base.bulk import all_of
from loyalty.base.errors import ListTooSlow
from loyalty.listing.filters import Filters, conditions, search_patterns
from loyalty.listing.tables import MemberListing
from loyalty.members.tables import Member
from loyalty.queries import paging

WALKED_MAX = 5_000
"""So many rows are walked before all who match are gathered."""
SEARCHED_MAX = 2_000
"""So many that a search finds are gathered; when there are more, a walk soon meets some."""
TIMEOUT_MS = 3_000
CANCELLED = "57014"
DEFAULT_SORT = "-joined"


@dataclass(frozen=True, slots=True)
class Order:
    """A column to sort by, and whether its index is the member's own."""

    column: InstrumentedAttribute[Any]
    kind: type

    @property
    def is_of_member(self) -> bool:
        """Whether it stands beside the list's rows, with the names."""
        return self.column.class_ is Member


ORDERS: dict[str, Order] = {
    "name": Order(Member.sort_name, str),
    "email": Order(Member.email_norm, str),
    "tier": Order(MemberListing.tier_rank, int),
    "points": Order(MemberListing.points, int),
    "joined": Order(MemberListing.joined_at, datetime),
    "ordered": Order(MemberListing.last_order_on, date),
    "churn": Order(MemberListing.churn, int),
    "consent": Order(MemberListing.consent, int),
    "bounce": Order(MemberListing.bounce, int),
    "card": Order(MemberListing.card, int),
}
"""What the list can be sorted by."""


@dataclass(frozen=True, slots=True)
class Found:
    """The ids of a page, in order; the cursors are None at the ends.

    `total`: how many match, if the page shows them all.
    """

    ids: list[UUID]
    next: str | None
    previous: str | None
    total: int | None


def find_page(
    session: Session,
    shop_id: int,
    timezone: str,
    asked: Filters,
    *,
    sort: str = DEFAULT_SORT,
    after: str | None = None,
    before: str | None = None,
    limit: int = 50,
) -> Found:
    """A page of those whom `asked` means, days in the shop's `timezone`.

    `sort` is one of ORDERS; "-" before it descends. Unknown sorts and foreign cursors fall back
    to the first page of the newest. Raises ListTooSlow; the transaction is over then.
    """
    name = sort.removeprefix("-")
    if name not in ORDERS:
        name, sort = DEFAULT_SORT.removeprefix("-"), DEFAULT_SORT
    is_back = before is not None and after is None
    order = ORDERS[name]
    cursor = _read_cursor(before if is_back else after, order)
    is_falling = sort.startswith("-") != is_back
    search = _Search(session, shop_id, timezone, asked, order, is_falling, cursor, limit)
    with _planned(session):
        rows = search.run()
    shown = rows[:limit]
    if is_back:
        shown.reverse()
    is_whole = cursor is None and len(rows) <= limit
    start, end = _cursors(shown, len(rows) > limit, cursor is not None, is_back)
    return Found([row.id for row in shown], end, start, len(shown) if is_whole else None)


def count_matching(
    session: Session, shop_id: int, timezone: str, asked: Filters, *, most: int
) -> int:
    """How many match, counted up to `most`. Raises ListTooSlow; the transaction is over then."""
    statement = select_matching(shop_id, timezone, asked).limit(most).subquery()
    with _planned(session):
        return session.scalar(select(func.count()).select_from(statement)) or 0


def select_matching(shop_id: int, timezone: str, asked: Filters) -> Select[UUID]:
    """All whom `asked` means, in no order: one column, member_id."""
    statement = select(MemberListing.member_id).where(
        MemberListing.shop_id == shop_id, *conditions(shop_id, timezone, asked)
    )
    patterns = search_patterns(asked.search)
    if patterns:
        everybody = 2**62
        hits = (select(func.find_members(each, everybody)) for each in patterns)
        statement = statement.where(or_(*(MemberListing.member_id.in_(each) for each in hits)))
    return statement


class _Search:
    """One page, by whichever shape."""

    def __init__(
        self,
        session: Session,
        shop_id: int,
        timezone: str,
        asked: Filters,
        order: Order,
        is_falling: bool,
        cursor: tuple[Any, ...] | None,
        limit: int,
    ) -> None:
        self._session, self._shop_id, self._timezone = session, shop_id, timezone
        self._order, self._is_falling, self._limit = order, is_falling, limit
        self._cursor = cursor
        self._asked, self._patterns = asked, search_patterns(asked.search)
        self._was_cut = False

    def run(self) -> list[Any]:
        """The rows id and place, one more than the page shows if there are more."""
        if self._patterns:
            hits = self._find_hits()
            if len(hits) <= SEARCHED_MAX:
                unnested = select(func.unnest(all_of(MemberListing.member_id, hits)))
                return self._gather(MemberListing.member_id.in_(unnested))
        rows = self._walk()
        if len(rows) > self._limit or not self._was_cut:
            return rows
        return self._gather(*self._likeness(MemberListing))

    def _find_hits(self) -> set[UUID]:
        most = SEARCHED_MAX + 1
        found = [
            self._session.scalars(select(func.find_members(pattern, most)))
            for pattern in self._patterns
        ]
        return {each for ids in found for each in ids}

    def _walk(self) -> list[Any]:
        """The next rows in order, as many as may be walked, and of those the first that match."""
        statement = self._walk_of_member() if self._order.is_of_member else self._walk_of_list()
        self._was_cut = False
        with _as_written(self._session):
            found = list(self._session.execute(statement.limit(self._limit + 1)))
            if len(found) <= self._limit:
                self._was_cut = self._has_more_to_walk()
        return found

    def _walk_of_list(self) -> Select[Any]:
        everybody = self._from_cursor(select(MemberListing))
        walked = self._ordered(everybody, self._order.column, self._id).limit(WALKED_MAX)
        row = aliased(MemberListing, walked.subquery("walked"))
        place = getattr(row, self._order.column.key)
        statement = select(row.member_id.label("id"), place.label("place"))
        statement = statement.where(*self._conditions(row, probes=True), *self._likeness(row))
        return self._ordered(statement, place, row.member_id)

    def _walk_of_member(self) -> Select[Any]:
        everybody = self._ordered(self._all(), self._order.column, self._id)
        walked = everybody.limit(WALKED_MAX).subquery("walked").c
        row = MemberListing
        statement = (
            select(walked.id, walked.place)
            .join(row, (row.shop_id == self._shop_id) & (row.member_id == walked.id))
            .where(*self._conditions(row, probes=True), *self._likeness(row))
        )
        return self._ordered(statement, walked.place, walked.id)

    def _has_more_to_walk(self) -> bool:
        ordered = self._ordered(self._all(), self._order.column, self._id)
        return self._session.execute(ordered.offset(WALKED_MAX).limit(1)).first() is not None

    def _gather(self, *more: ColumnElement[bool]) -> list[Any]:
        """All who match, by whatever way is shortest, and the first of them."""
        statement = self._all().where(*self._conditions(MemberListing), *more)
        if self._order.is_of_member:
            statement = statement.join(MemberListing, self._same(MemberListing))
        # The offset keeps the order out of it: sorting some is cheap, walking everybody is not.
        every = statement.offset(literal(0)).subquery()
        page = self._ordered(select(every.c.id, every.c.place), every.c.place, every.c.id)
        return list(self._session.execute(page.limit(self._limit + 1)))

    def _all(self) -> Select[Any]:
        """Everybody from the cursor on: id and place."""
        place: Any = self._order.column
        return self._from_cursor(select(self._id.label("id"), place.label("place")))

    def _from_cursor(self, statement: Select[Any]) -> Select[Any]:
        if self._order.is_of_member:
            statement = statement.where(Member.shop_id == self._shop_id, Member.state == "active")
        else:
            statement = statement.where(MemberListing.shop_id == self._shop_id, *self._one_tier())
        if self._cursor is None:
            return statement
        place, edge = tuple_(self._order.column, self._id), tuple_(*self._cursor)
        return statement.where(place < edge if self._is_falling else place > edge)

    def _one_tier(self) -> list[ColumnElement[bool]]:
        """One tier by points has an index of its own: a walk by points might meet nobody of it.

        Those of no tier are not walked by it: PostgreSQL sees no order behind what is null.
        """
        tiers = self._asked.tier
        if self._order.column is not MemberListing.points or len(tiers) != 1 or "none" in tiers:
            return []
        return [MemberListing.tier_id == UUID(tiers[0])]

    @property
    def _id(self) -> Any:
        return Member.id if self._order.is_of_member else MemberListing.member_id

    def _conditions(self, row: Any, *, probes: bool = False) -> list[ColumnElement[bool]]:
        return conditions(self._shop_id, self._timezone, self._asked, row, probes=probes)

    def _likeness(self, row: Any) -> list[ColumnElement[bool]]:
        """For more than can be gathered by their ids: each row's own name is looked at."""
        if not self._patterns:
            return []
        named = aliased(Member)
        found = or_(*(named.search_text.like(each) for each in self._patterns))
        return [
            select(literal(True))
            .where(self._same(row, named), found)
            .scalar_subquery()
            .is_not(None)
        ]

    def _same(self, row: Any, member: Any = Member) -> ColumnElement[bool]:
        shop_id = self._shop_id
        return and_(member.shop_id == shop_id, row.shop_id == shop_id, member.id == row.member_id)

    def _ordered(self, statement: Select[Any], place: Any, member_id: Any) -> Select[Any]:
        if self._is_falling:
            return statement.order_by(place.desc(), member_id.desc())
        return statement.order_by(place.asc(), member_id.asc())


def _read_cursor(text: str | None, order: Order) -> tuple[Any, ...] | None:
    """Where the page begins, as typed values; None for what the database could not compare."""
    cursor = paging.decode(text, order.kind, UUID)
    if cursor is None:
        return None
    place, member_id = cursor
    kind = BigInteger() if order.kind is int else order.column.type
    return literal(place, kind), literal(member_id, SqlUuid)


def _cursors(
    rows: list[Any], has_more: bool, has_cursor: bool, is_back: bool
) -> tuple[str | None, str | None]:
    if not rows:
        return None, None
    has_previous = has_more if is_back else has_cursor
    has_next = has_cursor if is_back else has_more
    first, last = rows[0], rows[-1]
    return (
        paging.encode(first.place, first.id) if has_previous else None,
        paging.encode(last.place, last.id) if has_next else None,
    )


@contextmanager
def _planned(session: Session) -> Iterator[None]:
    """Plan for these very values, and give up after a while. Compiling takes longer than running.

    A plan for any values reads a shop through where an index knows the few.
    """
    _set(session, statement_timeout=f"{TIMEOUT_MS}", plan_cache_mode="force_custom_plan", jit="off")
    try:
        yield
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) == CANCELLED:
            raise ListTooSlow from error
        raise
    _set(session, statement_timeout=None, plan_cache_mode=None, jit=None)


@contextmanager
def _as_written(session: Session) -> Iterator[None]:
    """Row by row in the order of the index, and never the whole table hashed for a page."""
    names = ("enable_hashjoin", "enable_mergejoin", "enable_sort", "enable_bitmapscan")
    _set(session, **dict.fromkeys(names, "off"))
    yield
    _set(session, **dict.fromkeys(names, None))


def _set(session: Session, **settings: str | None) -> None:
    """Until the end of the transaction, all in one round trip; None is the default."""
    session.execute(select(*(func.set_config(name, s, True) for name, s in settings.items())))
