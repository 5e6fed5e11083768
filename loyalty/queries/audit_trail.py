"""Who did what in a shop, newest first: by kind of person, words, and days. Reads only.

The invariant: a search turns into ids before the trail is read, so that a row costs one look.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, func, or_, select, tuple_
from sqlalchemy.orm import Session

from loyalty.audit import AuditRow
from loyalty.base.bulk import among
from loyalty.base.said import said
from loyalty.listing.filters import search_patterns
from loyalty.members.tables import Member
from loyalty.queries import paging
from loyalty.shops.tables import StaffMember

PEOPLE = ("staff", "till_user", "member", "operator", "system")
_FOUND_MAX = 200
"""Members or staff whose name fits a search: more than these are not one person's trail."""


@dataclass(frozen=True, slots=True)
class Asked:
    """`people`: one of PEOPLE, or empty for all; the days are the shop's, both inclusive.

    `actions`: those that a page calls by the words of `search`, in whatever language it speaks.
    """

    people: str = ""
    search: str = ""
    first: date | None = None
    last: date | None = None
    actions: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Newest first; `members` has the name of each member whom a row is about.

    `next` is None at the end.
    """

    rows: Sequence[AuditRow]
    members: dict[UUID, str]
    next: str | None


def list_audit(
    session: Session,
    shop_id: int,
    timezone: str,
    asked: Asked,
    *,
    after: str | None = None,
    limit: int = 50,
) -> AuditPage:
    """A batch of the shop's trail; a foreign cursor begins at the newest."""
    statement = (
        select(AuditRow)
        .where(AuditRow.shop_id == shop_id, *_conditions(session, shop_id, timezone, asked))
        .order_by(AuditRow.at.desc(), AuditRow.id.desc())
    )
    if cursor := paging.decode(after, datetime, UUID):
        statement = statement.where(tuple_(AuditRow.at, AuditRow.id) < tuple_(*cursor))
    found = session.scalars(statement.limit(limit + 1)).all()
    rows = found[:limit]
    more = paging.encode(rows[-1].at, rows[-1].id) if len(found) > limit else None
    return AuditPage(rows, _names(session, shop_id, rows), more)


def list_deeds(
    session: Session, shop_id: int, kind: str, ids: Collection[UUID], *, since: datetime
) -> Sequence[AuditRow]:
    """What was done since then to these things of one kind, the oldest first."""
    return session.scalars(
        select(AuditRow)
        .where(
            AuditRow.shop_id == shop_id,
            AuditRow.at >= since,
            AuditRow.subject_kind == kind,
            among(AuditRow.subject_id, [str(each) for each in ids]),
        )
        .order_by(AuditRow.at, AuditRow.id)
    ).all()


def names_of(session: Session, shop_id: int, members: Collection[UUID]) -> dict[UUID, str]:
    """What these members of the shop are called; who is gone is left out."""
    if not members:
        return {}
    found = session.execute(
        select(Member.id, Member.first_name, Member.last_name, Member.email).where(
            Member.shop_id == shop_id, among(Member.id, members)
        )
    )
    return {
        row.id: " ".join(part for part in (row.first_name, row.last_name) if part)
        or row.email
        or said("No name")
        for row in found
    }


def _conditions(
    session: Session, shop_id: int, timezone: str, asked: Asked
) -> list[ColumnElement[bool]]:
    zone, found = ZoneInfo(timezone), []
    if asked.people:
        found.append(AuditRow.actor_kind == asked.people)
    if asked.first is not None:
        found.append(AuditRow.at >= datetime.combine(asked.first, time(), zone))
    if asked.last is not None and asked.last < date.max:
        ends = datetime.combine(asked.last + timedelta(days=1), time(), zone)
        found.append(AuditRow.at < ends)
    if needle := asked.search.strip():
        found.append(_likeness(session, shop_id, needle, asked.actions))
    return found


def _likeness(
    session: Session, shop_id: int, needle: str, actions: Collection[str]
) -> ColumnElement[bool]:
    """An action by its words, a member or a person by name, or anything by its exact id."""
    action = needle.lower().replace(" ", "_")
    return or_(
        func.strpos(AuditRow.action, action) > 0,
        among(AuditRow.action, actions),
        AuditRow.subject_id == needle,
        AuditRow.actor_id == needle,
        and_(
            AuditRow.subject_kind == "member",
            among(AuditRow.subject_id, [str(each) for each in _members_like(session, needle)]),
        ),
        and_(
            AuditRow.actor_kind.in_(("staff", "till_user")),
            among(AuditRow.actor_id, [str(each) for each in _staff_like(session, shop_id, needle)]),
        ),
    )


def _members_like(session: Session, needle: str) -> set[UUID]:
    """Members of the shop of this transaction: `find_members` sees no other."""
    return {
        each
        for pattern in search_patterns(needle)
        for each in session.scalars(select(func.find_members(pattern, _FOUND_MAX)))
    }


def _staff_like(session: Session, shop_id: int, needle: str) -> Sequence[int]:
    return session.scalars(
        select(StaffMember.user_id)
        .where(
            StaffMember.shop_id == shop_id,
            func.strpos(func.lower(StaffMember.name), needle.lower()) > 0,
        )
        .limit(_FOUND_MAX)
    ).all()


def _names(session: Session, shop_id: int, rows: Collection[AuditRow]) -> dict[UUID, str]:
    ids = {UUID(row.subject_id) for row in rows if row.subject_kind == "member"}
    return names_of(session, shop_id, ids)
