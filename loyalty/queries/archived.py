"""Members who are archived, whom no list or search of members finds. Reads only."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.members.tables import Member
from loyalty.queries import paging
from loyalty.queries.paging import Batch


def list_archived(
    session: Session, shop_id: int, *, after: str | None = None, limit: int = 50
) -> Batch[Member]:
    """Whom staff or Shopify put away, those who joined last first; a foreign cursor begins anew."""
    statement = select(Member).where(Member.shop_id == shop_id, Member.state == "archived")
    if (cursor := paging.decode(after, UUID)) is not None:
        statement = statement.where(Member.id < cursor[0])
    found = session.scalars(statement.order_by(Member.id.desc()).limit(limit + 1)).all()
    return paging.batch_of(found, limit, lambda member: (member.id,))
