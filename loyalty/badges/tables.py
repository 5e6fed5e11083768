"""Tables of badges: what there is to win in a shop, and who won what. Nobody wins one twice."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from loyalty.base.db import Base


class Badge(Base):
    """A badge and its criteria in the language of loyalty.criteria.

    `code` names one of the ready-made ones; the merchant's own have none.
    uq (shop_id, code): a ready-made one is there once.
    """

    __tablename__ = "badge"
    __table_args__ = (
        UniqueConstraint("shop_id", "code"),
        ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_badge__shop"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str | None]
    name: Mapped[str]
    description: Mapped[str]
    criteria: Mapped[dict[str, Any]]
    is_active: Mapped[bool]
    created_at: Mapped[datetime]


class MemberBadge(Base):
    """A badge that a member has, for good, since the shop's day `earned_on`.

    pk: once. ix (shop_id, badge_id, member_id): who has a badge.
    """

    __tablename__ = "member_badge"
    __table_args__ = (
        ForeignKeyConstraint(
            ["shop_id", "member_id"],
            ["member.shop_id", "member.id"],
            name="fk_member_badge__member",
        ),
        ForeignKeyConstraint(
            ["shop_id", "badge_id"], ["badge.shop_id", "badge.id"], name="fk_member_badge__badge"
        ),
        Index("ix_member_badge__badge", "shop_id", "badge_id", "member_id"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[UUID] = mapped_column(primary_key=True)
    badge_id: Mapped[UUID] = mapped_column(primary_key=True)
    earned_on: Mapped[date]
    earned_at: Mapped[datetime]
