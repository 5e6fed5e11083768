"""The table of the till's own books: how much each user has granted on a day."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from loyalty.base.db import Base


class TillAllowance(Base):
    """Points that the till's user granted on one of the shop's days; the row is the cap's lock.

    It only rises: points that are taken back later do not let the user grant them again.
    """

    __tablename__ = "till_allowance"
    __table_args__ = (
        CheckConstraint("granted > 0", name="granted"),
        ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_till_allowance__shop"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(primary_key=True)
    day_on: Mapped[date] = mapped_column(primary_key=True)
    granted: Mapped[int]
