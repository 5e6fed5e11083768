"""The texts that shops put on members' cards. The newest one is a card's, until it is over."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from loyalty.base.db import Base

TEXT_MAX = 200
"""A lock screen shows about so much; the card shows it all."""


class MemberMessage(Base):
    """A text for one member's card, of a campaign or for them alone.

    `variant`: 0 or 1, another one than before where the text is the same as before, for a phone
    speaks only of what differs. `ended_at`: when the card was told that `expires_at` had come.
    uq (shop_id, key): who asks twice tells once. ix member (shop_id, member_id, id): their newest.
    ix ending (shop_id, expires_at, id) where not ended: what leaves the cards next.
    """

    __tablename__ = "member_message"
    __table_args__ = (
        CheckConstraint("variant in (0, 1)", name="variant"),
        CheckConstraint(f"length(text) between 1 and {TEXT_MAX}", name="text"),
        ForeignKeyConstraint(
            ["shop_id", "member_id"],
            ["member.shop_id", "member.id"],
            name="fk_member_message__member",
        ),
        UniqueConstraint("shop_id", "key"),
        Index("ix_member_message__member", "shop_id", "member_id", "id"),
        Index(
            "ix_member_message__ending",
            "shop_id",
            "expires_at",
            "id",
            postgresql_where="ended_at is null",
        ),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID]
    key: Mapped[str]
    campaign_id: Mapped[UUID | None]
    text: Mapped[str]
    variant: Mapped[int]
    actor: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
