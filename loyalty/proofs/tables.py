"""The table of codes sent by email. No code stands in it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from loyalty.base.db import Base

PURPOSES = ("data", "erase", "redeem")


class EmailChallenge(Base):
    """Something that a member wants to do, and that needs the code which was sent to them.

    `purpose`: data (see and take away what is held), erase, or redeem. `body`: what exactly,
    such as the reward; it is what the right code lets happen, and nothing else. The code itself
    is computed from the id. `proved_at`: when the right one was first typed.
    ix member: how often one has asked lately. ix asked: the purge.
    """

    __tablename__ = "email_challenge"
    __table_args__ = (
        CheckConstraint(f"purpose in {PURPOSES}", name="purpose"),
        CheckConstraint("wrong_tries >= 0", name="wrong_tries"),
        ForeignKeyConstraint(
            ["shop_id", "member_id"],
            ["member.shop_id", "member.id"],
            name="fk_email_challenge__member",
        ),
        Index("ix_email_challenge__member", "shop_id", "member_id", "asked_at"),
        Index("ix_email_challenge__asked", "shop_id", "asked_at"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID]
    purpose: Mapped[str]
    body: Mapped[dict[str, Any]]
    wrong_tries: Mapped[int] = mapped_column(default=0, server_default="0")
    asked_at: Mapped[datetime]
    proved_at: Mapped[datetime | None]
