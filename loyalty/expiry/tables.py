"""Tables of expiry: changes of the rule, and how far the old lots have been brought along."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from loyalty.base.db import Base


class ExpiryChange(Base):
    """One change of the rule on the shop's day `since_on`; its job goes from member to member.

    Members up to `after_id` have been told and their lots dated.
    ix open (shop_id, id) where not done: the job's work.
    """

    __tablename__ = "expiry_change"
    __table_args__ = (
        ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_expiry_change__shop"),
        Index("ix_expiry_change__open", "shop_id", "id", postgresql_where="done_at is null"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    since_on: Mapped[date]
    made_at: Mapped[datetime]
    after_id: Mapped[UUID | None]
    members: Mapped[int] = mapped_column(default=0, server_default="0")
    done_at: Mapped[datetime | None]


class ExpiryWarning(Base):
    """A member was warned `days` before points expire on the night after `last_valid_on`.

    pk (shop_id, member_id, last_valid_on, days): each warning is given once.
    """

    __tablename__ = "expiry_warning"
    __table_args__ = (
        ForeignKeyConstraint(
            ["shop_id", "member_id"],
            ["member.shop_id", "member.id"],
            name="fk_expiry_warning__member",
        ),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[UUID] = mapped_column(primary_key=True)
    last_valid_on: Mapped[date] = mapped_column(primary_key=True)
    days: Mapped[int] = mapped_column(primary_key=True)
    points: Mapped[int]
    warned_at: Mapped[datetime]
