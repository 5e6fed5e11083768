"""Tables of awards: what a rule gave for an order, fixed when first made, and what stands of it."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Numeric
from sqlalchemy.orm import Mapped, mapped_column

from loyalty.base.db import Base


class Award(Base):
    """Whole points of one rule for the lines an order had, or gained, at one time.

    `basis` is the weighted basis in minor units; `standing_points` what the ledger
    still holds of `points`; `forgiven_points`: reversed without being taken, because they
    were spent and the shop clamps at zero. `added_at`: when the lines, or pieces of them, were
    added to the order; None for what it was first looked at with.
    pk (shop_id, order_id, rule_id, number).
    """

    __tablename__ = "award"
    __table_args__ = (
        ForeignKeyConstraint(
            ["shop_id", "order_id"],
            ["shop_order.shop_id", "shop_order.order_id"],
            name="fk_award__shop_order",
        ),
        ForeignKeyConstraint(
            ["shop_id", "rule_id"],
            ["earning_rule.shop_id", "earning_rule.id"],
            name="fk_award__earning_rule",
        ),
        ForeignKeyConstraint(
            ["shop_id", "member_id"], ["member.shop_id", "member.id"], name="fk_award__member"
        ),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(primary_key=True)
    rule_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[UUID]
    rule_version: Mapped[int]
    basis: Mapped[Decimal] = mapped_column(Numeric)
    points: Mapped[int]
    standing_points: Mapped[int]
    awarded_at: Mapped[datetime]
    added_at: Mapped[datetime | None]
    tier_id: Mapped[UUID | None]
    tier_multiplier: Mapped[Decimal] = mapped_column(Numeric, default=1, server_default="1")
    forgiven_points: Mapped[int] = mapped_column(default=0, server_default="0")


class AwardLine(Base):
    """A line's share of an award: `quantity` pieces that count `basis_minor`, and weighted
    by tier and promotion `basis`, in minor units. Line 0 is the order's shipping.
    """

    __tablename__ = "award_line"
    __table_args__ = (
        ForeignKeyConstraint(
            ["shop_id", "order_id", "rule_id", "number"],
            ["award.shop_id", "award.order_id", "award.rule_id", "award.number"],
            name="fk_award_line__award",
        ),
        ForeignKeyConstraint(
            ["shop_id", "promotion_id"],
            ["promotion.shop_id", "promotion.id"],
            name="fk_award_line__promotion",
        ),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(primary_key=True)
    rule_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    line_id: Mapped[int] = mapped_column(primary_key=True)
    quantity: Mapped[int]
    basis: Mapped[Decimal] = mapped_column(Numeric)
    basis_minor: Mapped[int] = mapped_column(default=0, server_default="0")
    promotion_id: Mapped[UUID | None]
    promotion_multiplier: Mapped[Decimal] = mapped_column(Numeric, default=1, server_default="1")
