"""Tables of referrals: what the shop offers, and who came by whose link."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from loyalty.base.db import Base

STATES = (
    "asked",
    "blocked",
    "flagged",
    "rejected",
    "waiting",
    "failed",
    "held",
    "paid",
    "reversed",
)
OPEN = ("waiting", "failed", "held", "paid")
"""What an order of the friend's may still change."""


class ReferralSettings(Base):
    """Whether the shop has referrals, and the coupon that a friend is given, if any."""

    __tablename__ = "referral_settings"
    __table_args__ = (
        ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_referral_settings__shop"),
        ForeignKeyConstraint(
            ["shop_id", "coupon_id"],
            ["coupon.shop_id", "coupon.id"],
            name="fk_referral_settings__coupon",
        ),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    is_on: Mapped[bool] = mapped_column(default=False, server_default="false")
    coupon_id: Mapped[UUID | None]


class Referral(Base):
    """A friend who came by a member's link; their coupon's batch has the same id.

    `state`: asked (the form was sent; who it is is not known yet), blocked, flagged (a person must
    look at it), rejected (they did), waiting (for the first order), failed (that order does not
    count), held (it counts, and is paid at `due_at`), paid, reversed. `reason` says why.
    `due_at`: when to look at it again. `order_id`: the order that decided; with it the rule, its
    minimum, what either side gets and the hold are fixed. By the hashes claims from one place are
    counted, and one address under two spellings is known again; see also ReferralEmail.
    ix request: the form's. ix advocate: a member's friends, newest first. uq friend: nobody is
    brought twice. ix due: what the job looks at. ix client, ix address: claims from one place.
    """

    __tablename__ = "referral"
    __table_args__ = (
        CheckConstraint(f"state in {STATES}", name="state"),
        CheckConstraint("advocate_points >= 0", name="advocate_points"),
        CheckConstraint("friend_points >= 0", name="friend_points"),
        ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_referral__shop"),
        ForeignKeyConstraint(
            ["shop_id", "advocate_id"],
            ["member.shop_id", "member.id"],
            name="fk_referral__advocate",
        ),
        ForeignKeyConstraint(
            ["shop_id", "friend_id"], ["member.shop_id", "member.id"], name="fk_referral__friend"
        ),
        ForeignKeyConstraint(
            ["shop_id", "rule_id"],
            ["earning_rule.shop_id", "earning_rule.id"],
            name="fk_referral__earning_rule",
        ),
        Index("ix_referral__request", "shop_id", "request_id", postgresql_where="state = 'asked'"),
        Index("ix_referral__advocate", "shop_id", "advocate_id", "claimed_at", "id"),
        Index(
            "uq_referral__friend",
            "shop_id",
            "friend_id",
            unique=True,
            postgresql_where="state <> 'blocked'",
        ),
        Index("ix_referral__due", "shop_id", "due_at", postgresql_where="due_at is not null"),
        Index("ix_referral__client", "shop_id", "client_hash", "claimed_at"),
        Index("ix_referral__address", "shop_id", "address_hash", "claimed_at"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    advocate_id: Mapped[UUID]
    friend_id: Mapped[UUID | None]
    request_id: Mapped[UUID]
    state: Mapped[str]
    reason: Mapped[str | None]
    claimed_at: Mapped[datetime]
    client_hash: Mapped[bytes]
    address_hash: Mapped[bytes | None]
    due_at: Mapped[datetime | None]
    order_id: Mapped[int | None]
    rule_id: Mapped[UUID | None]
    rule_version: Mapped[int | None]
    minimum_minor: Mapped[int] = mapped_column(default=0, server_default="0")
    advocate_points: Mapped[int] = mapped_column(default=0, server_default="0")
    friend_points: Mapped[int] = mapped_column(default=0, server_default="0")
    hold_days: Mapped[int] = mapped_column(default=0, server_default="0")
    decided_at: Mapped[datetime | None]
    paid_at: Mapped[datetime | None]
    reversed_at: Mapped[datetime | None]


class ReferralEmail(Base):
    """An email address that a friend was known by when their claim was taken, as a hash.

    ix hash: whether an address was brought before.
    """

    __tablename__ = "referral_email"
    __table_args__ = (
        ForeignKeyConstraint(
            ["shop_id", "referral_id"],
            ["referral.shop_id", "referral.id"],
            name="fk_referral_email__referral",
        ),
        Index("ix_referral_email__hash", "shop_id", "email_hash"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    referral_id: Mapped[UUID] = mapped_column(primary_key=True)
    email_hash: Mapped[bytes] = mapped_column(primary_key=True)
