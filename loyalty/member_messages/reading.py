"""The newest text of each member. A newer one that is over lets no older one come back."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from loyalty.base.bulk import among_many
from loyalty.member_messages.tables import MemberMessage


def list_newest(
    session: Session, shop_id: int, member_ids: Collection[UUID]
) -> dict[UUID, MemberMessage]:
    """Each of these members' newest text; who never had one is left out."""
    if not member_ids:
        return {}
    rows = session.scalars(
        select(MemberMessage)
        .where(
            MemberMessage.shop_id == shop_id,
            among_many(MemberMessage.member_id, member_ids),
        )
        .ext(distinct_on(MemberMessage.member_id))
        .order_by(MemberMessage.member_id, MemberMessage.id.desc())
        .execution_options(populate_existing=True)
    )
    return {row.member_id: row for row in rows}


def list_shown(
    session: Session, shop_id: int, member_ids: Collection[UUID], *, now: datetime
) -> dict[UUID, MemberMessage]:
    """Those of the newest texts that their cards show now."""
    newest = list_newest(session, shop_id, member_ids)
    return {one: message for one, message in newest.items() if message.expires_at > now}
