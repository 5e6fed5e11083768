"""The tables of the till's own books: limits, managers, tries, and codes shown by a member's page.

No row holds a PIN or a code that can be read back: only keyed digests.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from loyalty.base.db import Base


class TillAllowance(Base):
    """Points that the till's user granted and redeemed for members on one of the shop's days.

    The row is the lock of both limits. It only rises: points that are taken back later do not let
    the user grant or redeem them again.
    """

    __tablename__ = "till_allowance"
    __table_args__ = (
        CheckConstraint("granted >= 0", name="granted"),
        CheckConstraint("redeemed >= 0", name="redeemed"),
        ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_till_allowance__shop"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(primary_key=True)
    day_on: Mapped[date] = mapped_column(primary_key=True)
    granted: Mapped[int] = mapped_column(default=0, server_default="0")
    redeemed: Mapped[int] = mapped_column(default=0, server_default="0")


class TillLimit(Base):
    """What a user may grant and redeem in a day; 0 as user or location means each of them.

    None says nothing: the next wider row counts, at last the programme's setting. pk: the few
    rows that may concern a user at a place are read together.
    """

    __tablename__ = "till_limit"
    __table_args__ = (
        CheckConstraint("user_id >= 0 and location_id >= 0", name="whose"),
        CheckConstraint("grant_per_day >= 0", name="grant_per_day"),
        CheckConstraint("redeem_per_day >= 0", name="redeem_per_day"),
        ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_till_limit__shop"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(primary_key=True)
    location_id: Mapped[int] = mapped_column(primary_key=True)
    grant_per_day: Mapped[int | None]
    redeem_per_day: Mapped[int | None]


class TillManager(Base):
    """Who may vouch for a redemption at the till, by a PIN. uq pin_digest: a PIN names one."""

    __tablename__ = "till_manager"
    __table_args__ = (
        ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_till_manager__shop"),
        UniqueConstraint("shop_id", "name"),
        UniqueConstraint("shop_id", "pin_digest"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    pin_digest: Mapped[bytes]
    set_at: Mapped[datetime]


class TillTry(Base):
    """How often a till's user gave a second proof since `since_at`, until one was right."""

    __tablename__ = "till_try"
    __table_args__ = (
        CheckConstraint("tries > 0", name="tries"),
        ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_till_try__shop"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(primary_key=True)
    tries: Mapped[int]
    since_at: Mapped[datetime]


class TillCode(Base):
    """The code that a member's page shows for a minute. pk: a member has one, the newest."""

    __tablename__ = "till_code"
    __table_args__ = (
        ForeignKeyConstraint(
            ["shop_id", "member_id"], ["member.shop_id", "member.id"], name="fk_till_code__member"
        ),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[UUID] = mapped_column(primary_key=True)
    digest: Mapped[bytes]
    expires_at: Mapped[datetime]
