"""Tables of tiers: a shop's ladder, and who stands where. No row = the rung at 0, or no tier."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Numeric
from sqlalchemy.orm import Mapped, mapped_column

from loyalty.base.db import Base


class Tier(Base):
    """A rung of the shop's ladder: whoever's metric is `threshold` or more stands on it.

    `threshold`: minor units of shop money, or tier points, as the programme says.
    `multiplier`: of points per amount, for orders placed while the tier is held.
    `retired_at`: it is no rung any more, and kept for the names of what was.
    """

    __tablename__ = "tier"
    __table_args__ = (
        CheckConstraint("threshold >= 0", name="threshold"),
        CheckConstraint("multiplier > 0", name="multiplier"),
        ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_tier__shop"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    threshold: Mapped[int]
    multiplier: Mapped[Decimal] = mapped_column(Numeric)
    created_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]


class MemberTier(Base):
    """The tier that a member holds, and what was set by hand.

    `hand_mode`: floor (not below `hand_tier_id`) or lock (exactly that, or no tier).
    `hand_until_on`: the last day of it in the shop's zone; None has no end.
    ix (shop_id, tier_id, member_id): who is in a tier. ix hand: what ends by itself.
    """

    __tablename__ = "member_tier"
    __table_args__ = (
        CheckConstraint("hand_mode in ('floor', 'lock')", name="hand_mode"),
        CheckConstraint(
            "hand_mode = 'lock' or hand_mode is null or hand_tier_id is not null",
            name="floor_has_tier",
        ),
        ForeignKeyConstraint(
            ["shop_id", "member_id"], ["member.shop_id", "member.id"], name="fk_member_tier__member"
        ),
        ForeignKeyConstraint(
            ["shop_id", "tier_id"], ["tier.shop_id", "tier.id"], name="fk_member_tier__tier"
        ),
        ForeignKeyConstraint(
            ["shop_id", "hand_tier_id"], ["tier.shop_id", "tier.id"], name="fk_member_tier__hand"
        ),
        Index("ix_member_tier__tier", "shop_id", "tier_id", "member_id"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[UUID] = mapped_column(primary_key=True)
    tier_id: Mapped[UUID | None]
    since_at: Mapped[datetime]
    hand_mode: Mapped[str | None]
    hand_tier_id: Mapped[UUID | None]
    hand_reason: Mapped[str | None]
    hand_until_on: Mapped[date | None]
    hand_by: Mapped[str | None]
