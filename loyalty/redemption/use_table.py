"""The table of uses: which order carried a redemption's code. An order uses a redemption once."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from loyalty.base.db import Base


class RedemptionUse(Base):
    """A paid order that carries a redemption's code, and the debit that it stands for.

    `entry_id`: the redemption's own debit; for one that came late, after the points were back or
    beside another order, the debit made for it; for an order that was cancelled and opened again,
    the debit of what had come back. `points_returned`: what refunds gave back of `points`.
    `used_at`: when the order was placed; `recorded_at`: when we learnt of it.
    `amount_minor`: what the code took off the order when we learnt of it, kept for reports of that
    day; `edits`: what it takes off more or less since then, each with its own recorded_at.
    ix (shop_id, order_id): what an order used.
    """

    __tablename__ = "redemption_use"
    __table_args__ = (
        CheckConstraint("points > 0", name="points"),
        CheckConstraint("points_returned between 0 and points", name="points_returned"),
        ForeignKeyConstraint(
            ["shop_id", "redemption_id"],
            ["redemption.shop_id", "redemption.id"],
            name="fk_redemption_use__redemption",
        ),
        ForeignKeyConstraint(
            ["shop_id", "order_id"],
            ["shop_order.shop_id", "shop_order.order_id"],
            name="fk_redemption_use__shop_order",
        ),
        Index("ix_redemption_use__order", "shop_id", "order_id"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    redemption_id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(primary_key=True)
    entry_id: Mapped[UUID]
    points: Mapped[int]
    points_returned: Mapped[int] = mapped_column(default=0, server_default="0")
    amount_minor: Mapped[int]
    edits: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list, server_default="[]")
    is_late: Mapped[bool]
    used_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
