"""Tables of the programme: one row of settings per shop, and its earning rules."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Numeric
from sqlalchemy.orm import Mapped, mapped_column

from loyalty.base.db import Base


class Programme(Base):
    """A shop's settings. `enrolment`: everyone (account or paid order) or joiners.

    `money_refunds`: prorate (money-only refunds take points back) or ignore.
    `till_grant_cap_per_day`: points that one user of the till may grant in a day.
    `sends_card_email`: whoever joins by themselves is sent their card.
    """

    __tablename__ = "programme"
    __table_args__ = (
        CheckConstraint("hold_days >= 0", name="hold_days"),
        CheckConstraint("enrolment in ('everyone', 'joiners')", name="enrolment"),
        CheckConstraint("money_refunds in ('prorate', 'ignore')", name="money_refunds"),
        CheckConstraint("till_grant_cap_per_day >= 0", name="till_grant_cap_per_day"),
        ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_programme__shop"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str]
    points_name: Mapped[str]
    enrolment: Mapped[str]
    hold_days: Mapped[int]
    money_refunds: Mapped[str]
    till_grant_cap_per_day: Mapped[int] = mapped_column(server_default="500")
    sends_card_email: Mapped[bool] = mapped_column(default=True, server_default="true")


class EarningRule(Base):
    """Points per major unit of money spent. `version` rises with each change.

    pk (shop_id, id): awards name the rule that made them.
    """

    __tablename__ = "earning_rule"
    __table_args__ = (
        CheckConstraint("points_per_unit > 0", name="points_per_unit"),
        CheckConstraint("rounding in ('floor', 'half_up', 'ceil')", name="rounding"),
        ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_earning_rule__shop"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    points_per_unit: Mapped[Decimal] = mapped_column(Numeric)
    rounding: Mapped[str]
    version: Mapped[int]
    is_active: Mapped[bool]
    created_at: Mapped[datetime]
