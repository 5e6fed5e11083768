"""Whom a list means: members by their id or by their email, line by line. Reads only.

The invariant: an address that more than one member has means nobody.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.base.bulk import among
from loyalty.base.said import said
from loyalty.coupons.files import BadLine, read_lines
from loyalty.members.facts import normalise_email
from loyalty.members.tables import Member

COLUMNS = ("member", "email")


@dataclass(frozen=True, slots=True)
class Recipients:
    """The members that a list means, with the line of each, and the lines that mean nobody."""

    lines: dict[UUID, int]
    bad: list[BadLine]


def read_recipients(session: Session, shop_id: int, content: bytes) -> Recipients:
    """The members of a CSV file with a column `member` (id) or `email`; raises BadCoupon."""
    lines = read_lines(content, COLUMNS)
    emails = {normalise_email(line["email"]) for _, line in lines if line.get("email")}
    found = _find(session, shop_id, emails)
    meant: dict[UUID, int] = {}
    bad = []
    for number, line in lines:
        member_id, reason = _meaning(line.get("member", ""), line.get("email", ""), found)
        if member_id is None:
            bad.append(_bad(number, line, reason))
        elif member_id in meant:
            bad.append(
                _bad(number, line, said("is the member of line %(line)s", line=meant[member_id]))
            )
        else:
            meant[member_id] = number
    return Recipients(meant, bad)


def _bad(number: int, line: dict[str, str], reason: str) -> BadLine:
    return BadLine(number, line.get("member") or line.get("email", ""), reason)


def _find(session: Session, shop_id: int, emails: Collection[str]) -> dict[str, list[UUID]]:
    """The active members of each address."""
    rows = session.execute(
        select(Member.email_norm, Member.id).where(
            Member.shop_id == shop_id,
            Member.state == "active",
            among(Member.email_norm, emails),
        )
    )
    found = defaultdict(list)
    for email, member_id in rows:
        found[email].append(member_id)
    return found


def _meaning(member: str, email: str, found: dict[str, list[UUID]]) -> tuple[UUID | None, str]:
    if member:
        try:
            return UUID(member), ""
        except ValueError:
            return None, said("is no member's id")
    if not email:
        return None, said("names nobody")
    ids = found.get(normalise_email(email), [])
    if len(ids) == 1:
        return ids[0], ""
    if ids:
        return None, said("is the address of several members")
    return None, said("is no member's address")
