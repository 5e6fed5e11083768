"""The table of what a shop says its points are worth. Rows are never changed: old reports stand."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Numeric
from sqlalchemy.orm import Mapped, mapped_column

from loyalty.base.db import Base


class LiabilitySetting(Base):
    """In force from `saved_at` until the next. None: worked out from the shop's own past.

    `point_value_minor`: minor units that one point is worth. `breakage`: the share of outstanding
    points, 0 to below 1, that will never be redeemed.
    pk (shop_id, id): the few settings a shop ever had are read together.
    """

    __tablename__ = "liability_setting"
    __table_args__ = (
        CheckConstraint("point_value_minor > 0", name="point_value_minor"),
        CheckConstraint("breakage >= 0 and breakage < 1", name="breakage"),
        ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_liability_setting__shop"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    point_value_minor: Mapped[Decimal | None] = mapped_column(Numeric)
    breakage: Mapped[Decimal | None] = mapped_column(Numeric)
    saved_at: Mapped[datetime]
