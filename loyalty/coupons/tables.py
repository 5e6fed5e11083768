"""Tables of coupons: a discount that is handed out, and the codes of it, one for each member."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Numeric, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from loyalty.base.db import Base

COUPON_KINDS = ("fixed_amount", "percentage", "free_shipping")
CODE_STATES = ("free", "making", "ready", "used", "gone")


class Coupon(Base):
    """A discount that a merchant hands out. Its terms never change: people hold its codes.

    `percentage` is of 100. `starts_on`, `ends_on`: the shop's days, both included.
    `per_member`: how many codes of it one member may be given. `code_source`: made (codes of one
    discount in Shopify, whose first is `anchor_code`, which nobody gets) or imported (codes that
    somebody else made). `discount_gid`: the discount.
    `error`: why Shopify has the discount not or no more, in words. `is_active`: whether it
    is still handed out. pk (shop_id, id): the few coupons of a shop are read together.
    """

    __tablename__ = "coupon"
    __table_args__ = (
        CheckConstraint(f"kind in {COUPON_KINDS}", name="kind"),
        CheckConstraint("amount_minor > 0", name="amount_minor"),
        CheckConstraint("percentage > 0 and percentage <= 100", name="percentage"),
        CheckConstraint("minimum_cart_minor >= 0", name="minimum_cart_minor"),
        CheckConstraint("per_member > 0", name="per_member"),
        CheckConstraint("code_source in ('made', 'imported')", name="code_source"),
        ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_coupon__shop"),
        UniqueConstraint("shop_id", "anchor_code"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    kind: Mapped[str]
    amount_minor: Mapped[int | None]
    percentage: Mapped[Decimal | None] = mapped_column(Numeric)
    minimum_cart_minor: Mapped[int] = mapped_column(default=0, server_default="0")
    combines_with: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    per_member: Mapped[int] = mapped_column(default=1, server_default="1")
    starts_on: Mapped[date | None]
    ends_on: Mapped[date | None]
    code_source: Mapped[str] = mapped_column(default="made", server_default="made")
    prefix: Mapped[str]
    anchor_code: Mapped[str | None]
    discount_gid: Mapped[str | None]
    error: Mapped[str | None]
    is_active: Mapped[bool] = mapped_column(default=True, server_default="true")
    created_at: Mapped[datetime]


class CouponCode(Base):
    """One code of a coupon. `code`: upper case, as people type it.

    `state`: free (imported, nobody's yet), making (somebody's, but Shopify does not know it yet),
    ready (theirs to use), used (a paid order carries it), gone (deleted in Shopify; or, without a
    `ready_at`, refused there).
    `recipient_id`: whom the batch gave it to, who may have been merged into `member_id` since.
    `sends_email`: once it is ready. `adding_gid`: the addition to the discount in Shopify that it
    is part of. `used_at`: when the first order that carries it was placed.
    uq (shop_id, code): a code is given once. uq (shop_id, batch_id, recipient_id): a batch that is
    sent again gives nothing again. ix member: theirs. ix coupon: how many of
    it a member has. ix free: the next ones. ix making: what Shopify is to be told of. ix order:
    what an order used.
    """

    __tablename__ = "coupon_code"
    __table_args__ = (
        CheckConstraint(f"state in {CODE_STATES}", name="state"),
        ForeignKeyConstraint(
            ["shop_id", "coupon_id"], ["coupon.shop_id", "coupon.id"], name="fk_coupon_code__coupon"
        ),
        ForeignKeyConstraint(
            ["shop_id", "member_id"], ["member.shop_id", "member.id"], name="fk_coupon_code__member"
        ),
        UniqueConstraint("shop_id", "code"),
        UniqueConstraint("shop_id", "batch_id", "recipient_id"),
        Index("ix_coupon_code__member", "shop_id", "member_id", "assigned_at"),
        Index(
            "ix_coupon_code__free",
            "shop_id",
            "coupon_id",
            "code",
            postgresql_where="state = 'free'",
        ),
        Index(
            "ix_coupon_code__making",
            "shop_id",
            "coupon_id",
            "id",
            postgresql_where="state = 'making'",
        ),
        Index("ix_coupon_code__coupon", "shop_id", "coupon_id", "member_id"),
        Index("ix_coupon_code__order", "shop_id", "order_id"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    coupon_id: Mapped[UUID]
    code: Mapped[str]
    state: Mapped[str]
    member_id: Mapped[UUID | None]
    recipient_id: Mapped[UUID | None]
    batch_id: Mapped[UUID | None]
    sends_email: Mapped[bool] = mapped_column(default=False, server_default="false")
    created_at: Mapped[datetime]
    assigned_at: Mapped[datetime | None]
    ready_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
    order_id: Mapped[int | None]
    adding_gid: Mapped[str | None]
