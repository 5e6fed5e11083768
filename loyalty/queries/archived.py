"""Members who are archived, whom no list or search of members finds. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.members.tables import Member
from loyalty.queries import paging


@dataclass(frozen=True, slots=True)
class ArchivedPage:
    """A batch of members, those who joined last first; `next` is None at the end."""

    rows: Sequence[Member]
    next: str | None


def list_archived(
    session: Session, shop_id: int, *, after: str | None = None, limit: int = 50
) -> ArchivedPage:
    """Whom staff or Shopify put away; a foreign cursor begins anew."""
    statement = select(Member).where(Member.shop_id == shop_id, Member.state == "archived")
    if (cursor := paging.decode(after, UUID)) is not None:
        statement = statement.where(Member.id < cursor[0])
    found = session.scalars(statement.order_by(Member.id.desc()).limit(limit + 1)).all()
    rows = found[:limit]
    return ArchivedPage(rows, paging.encode(rows[-1].id) if len(found) > limit else None)
