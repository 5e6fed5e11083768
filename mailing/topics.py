"""Which emails a member wants by topic: what they ticked on the unsubscribe page.

Offers stand for marketing as a whole and are the consent itself, which Shopify knows, too; the
others are ours alone. Without a row nothing was chosen.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Literal, get_args
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from loyalty.base.bulk import among, put_rows
from loyalty.base.db import Base

Topic = Literal["offers", "points", "birthday", "rewards"]
TOPICS: tuple[Topic, ...] = get_args(Topic)
OFFERS: Topic = "offers"
OWN = tuple(topic for topic in TOPICS if topic != OFFERS)
"""The topics that have rows."""
_OWN = ", ".join(f"'{topic}'" for topic in OWN)


class MemberTopic(Base):
    """Whether the member wants emails of a topic, from the first time that they chose.

    pk (shop_id, member_id, topic): each send asks.
    """

    __tablename__ = "member_topic"
    __table_args__ = (
        CheckConstraint(f"topic in ({_OWN})", name="topic"),
        ForeignKeyConstraint(
            ["shop_id", "member_id"],
            ["member.shop_id", "member.id"],
            name="fk_member_topic__member",
        ),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[UUID] = mapped_column(primary_key=True)
    topic: Mapped[str] = mapped_column(primary_key=True)
    is_wanted: Mapped[bool]
    changed_at: Mapped[datetime]


def choose(
    session: Session, shop_id: int, member_id: UUID, wanted: Collection[str], *, now: datetime
) -> None:
    """Remember which of OWN the member wants; the others they do not. The member is locked."""
    rows: list[dict[str, Any]] = [
        {
            "shop_id": shop_id,
            "member_id": member_id,
            "topic": topic,
            "is_wanted": topic in wanted,
            "changed_at": now,
        }
        for topic in OWN
    ]
    put_rows(session, MemberTopic, rows)


def list_choices(
    session: Session, shop_id: int, member_ids: Collection[UUID]
) -> Mapping[UUID, Mapping[str, MemberTopic]]:
    """member → topic → what they chose; who never chose is left out."""
    rows = session.scalars(
        select(MemberTopic)
        .where(MemberTopic.shop_id == shop_id, among(MemberTopic.member_id, member_ids))
        .execution_options(populate_existing=True)
    )
    found: dict[UUID, dict[str, MemberTopic]] = {}
    for row in rows:
        found.setdefault(row.member_id, {})[row.topic] = row
    return found
