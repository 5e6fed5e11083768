"""The members list as a page shows it: the rows that loyalty.listing finds, and what they say.

The invariant: names, points and days are read where they are kept, the rest from the list's row.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from loyalty.base.bulk import among
from loyalty.base.said import said
from loyalty.listing.filters import SEARCH_MIN, Filters
from loyalty.listing.finding import DEFAULT_SORT, ORDERS, count_matching, find_page
from loyalty.listing.tables import BOUNCES, CARDS, CHURNS, CONSENTS, NEVER, MemberListing
from loyalty.members.tables import Member, MemberBalance
from loyalty.shops.tables import Shop

__all__ = ["ORDERS", "SEARCH_MIN", "TOTAL_CAP", "MemberPage", "MemberRow", "list_members"]

TOTAL_CAP = 10_001


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A line of the list; the words are those of loyalty.listing.tables."""

    id: UUID
    name: str
    email: str | None
    points: int
    joined_at: datetime
    last_order_on: date | None
    churn: str
    consent: str
    bounce: str
    card: str


@dataclass(frozen=True, slots=True)
class MemberPage:
    """`total` stops counting at TOTAL_CAP, and is None when that takes a count of its own.

    The cursors are None at the ends.
    """

    rows: list[MemberRow]
    next: str | None
    previous: str | None
    total: int | None


def list_members(
    session: Session,
    shop_id: int,
    *,
    search: str = "",
    asked: Filters | None = None,
    sort: str = DEFAULT_SORT,
    after: str | None = None,
    before: str | None = None,
    limit: int = 50,
) -> MemberPage:
    """A page of active members, found as `find_page` says; `search` is laid over `asked`."""
    wanted = asked or Filters()
    if search:
        wanted = replace(wanted, search=search.strip())
    zone = zone_of(session, shop_id)
    found = find_page(
        session, shop_id, zone, wanted, sort=sort, after=after, before=before, limit=limit
    )
    total = found.total
    if total is None and wanted.is_empty:
        total = count_matching(session, shop_id, zone, wanted, most=TOTAL_CAP)
    return MemberPage(_read(session, shop_id, found.ids), found.next, found.previous, total)


def zone_of(session: Session, shop_id: int) -> str:
    """The shop's time zone; UTC of a shop that this transaction does not see."""
    return session.scalar(select(Shop.timezone).where(Shop.shop_id == shop_id)) or "UTC"


def _read(session: Session, shop_id: int, ids: Collection[UUID]) -> list[MemberRow]:
    """The rows in the order of `ids`; who has left in this very moment is left out."""
    if not ids:
        return []
    rows = session.execute(
        select(
            Member.id,
            Member.first_name,
            Member.last_name,
            Member.email,
            Member.joined_at,
            MemberBalance.available,
            MemberListing.last_order_on,
            MemberListing.churn,
            MemberListing.consent,
            MemberListing.bounce,
            MemberListing.card,
        )
        .join(MemberBalance, _of_member(MemberBalance))
        .join(MemberListing, _of_member(MemberListing))
        .where(Member.shop_id == shop_id, Member.state == "active", among(Member.id, ids))
    )
    known = {row.id: _row(row) for row in rows}
    return [known[each] for each in ids if each in known]


def _of_member(table: type[MemberBalance] | type[MemberListing]) -> Any:
    return and_(table.shop_id == Member.shop_id, table.member_id == Member.id)


def _row(row: Any) -> MemberRow:
    name = " ".join(part for part in (row.first_name, row.last_name) if part)
    return MemberRow(
        id=row.id,
        name=name or row.email or said("No name"),
        email=row.email,
        points=row.available,
        joined_at=row.joined_at,
        last_order_on=None if row.last_order_on == NEVER else row.last_order_on,
        churn=CHURNS[row.churn],
        consent=CONSENTS[row.consent],
        bounce=BOUNCES[row.bounce],
        card=CARDS[row.card],
    )
