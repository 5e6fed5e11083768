"""Members of a shop who may be one person: they share an email address or a phone number. Reads.

Nothing is decided here: two people may share a number, and staff compare before they merge.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, and_, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from loyalty.base.bulk import among
from loyalty.members.tables import Member
from loyalty.queries import paging
from loyalty.queries.paging import Batch

SHOWN_MAX = 10
_BY: dict[str, InstrumentedAttribute[str] | InstrumentedAttribute[str | None]] = {
    "email": Member.email_norm,
    "phone": Member.phone,
}


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Members with the same `value`, an email or a phone number: at most `SHOWN_MAX` of them.

    `oldest` was here first, of those who can stay: an archived one only where nobody is active.
    The `others` may go into them.
    """

    by: str
    value: str
    oldest: Member
    others: Sequence[Member]


def list_duplicates(
    session: Session, shop_id: int, *, limit: int, after: str | None = None
) -> Batch[Duplicates]:
    """Those with one email first, then those with one phone number who do not share an email.

    Each by value; a foreign cursor begins at the first.
    """
    by, last = paging.decode(after, str, str) or ("email", "")
    if by not in _BY:
        by, last = "email", ""
    found: list[Duplicates] = []
    if by == "email":
        found = _shared(session, shop_id, "email", last, limit + 1)
    if len(found) <= limit:
        start = last if by == "phone" else ""
        found += _shared(session, shop_id, "phone", start, limit + 1 - len(found))
    return paging.batch_of(found, limit, lambda one: (one.by, one.value))


def _shared(session: Session, shop_id: int, by: str, last: str, limit: int) -> list[Duplicates]:
    column = _BY[by]
    values = session.scalars(_values(shop_id, by).having(column > last).limit(limit)).all()
    members: dict[str, list[Member]] = {str(value): [] for value in values}
    for member in session.scalars(_members(shop_id, by, list(members))):
        members[str(getattr(member, column.key))].append(member)
    return [Duplicates(by, value, people[0], people[1:]) for value, people in members.items()]


def _members(shop_id: int, by: str, values: list[str]) -> Select[Member]:
    """Those who can stay first, then by their age; one number may be that of thousands."""
    place = (Member.state != "active", Member.joined_at, Member.id)
    number = func.row_number().over(partition_by=_BY[by], order_by=place).label("number")
    ranked = select(Member.id, number).where(_here(shop_id), among(_BY[by], values)).subquery()
    return (
        select(Member)
        .join(ranked, (Member.id == ranked.c.id) & (ranked.c.number <= SHOWN_MAX))
        .where(Member.shop_id == shop_id)
        .order_by(*place)
    )


def _values(shop_id: int, by: str) -> Select[str | None]:
    column = _BY[by]
    statement = (
        select(column)
        .where(_here(shop_id), column != "")
        .group_by(column)
        .having(func.count() > 1)
        .order_by(column)
    )
    if by == "phone":
        # Who shares the email as well stands there already.
        email = func.min(Member.email_norm), func.max(Member.email_norm)
        statement = statement.having((email[0] != email[1]) | (email[1] == ""))
    return statement


def _here(shop_id: int) -> ColumnElement[bool]:
    return and_(Member.shop_id == shop_id, Member.state.in_(("active", "archived")))
