"""The till's own table: what was answered to each write, so that a resend gets the same."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from loyalty.base.db import Base


class TillWrite(Base):
    """A write of a till by its client key, committed together with its effect.

    `answer` names the member, so it goes when they are erased, and after 30 days anyway.
    pk (shop_id, client_key): the resend. ix member: erasing. ix created: the purge.
    """

    __tablename__ = "till_write"
    __table_args__ = (
        ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_till_write__shop"),
        ForeignKeyConstraint(
            ["shop_id", "member_id"], ["member.shop_id", "member.id"], name="fk_till_write__member"
        ),
        Index("ix_till_write__member", "shop_id", "member_id"),
        Index("ix_till_write__created", "shop_id", "created_at"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    client_key: Mapped[UUID] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]
    member_id: Mapped[UUID | None]
    status: Mapped[int]
    answer: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
