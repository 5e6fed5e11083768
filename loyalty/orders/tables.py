"""Tables of orders: the newest state that Shopify told, its lines and its refunds."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from loyalty.base.db import Base

DELETED = datetime(9000, 1, 1, tzinfo=UTC)
"""When Shopify changed an order last that it has deleted since: all other news of it is older."""


class Order(Base):
    """An order in shop money. `is_history`: it was placed before the shop began to earn.

    `paid_at`: the first moment by which we know that it was paid, whatever became of it since.
    `assessed_at`: when earning first looked at it; `held_back`: why it waits to be looked at
    (paused, product). Shipping is less its discounts; `shipping_minor` less included tax.
    One that Shopify deleted is cancelled, with a `shopify_updated_at` that no news is later than:
    `is_there()` leaves it out of what is counted or shown.
    `ship_to`: by what an address is known again; see loyalty.members.addresses. `email_mark`: the
    same of the email of an order that no customer placed, for who proves that it is theirs.
    ix (shop_id, member_id, processed_at, order_id): a member's orders, newest first.
    ix held_back: what waits. ix claimable: orders without an owner, by time.
    """

    __tablename__ = "shop_order"
    __table_args__ = (
        ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_shop_order__shop"),
        ForeignKeyConstraint(
            ["shop_id", "member_id"], ["member.shop_id", "member.id"], name="fk_shop_order__member"
        ),
        Index("ix_shop_order__member", "shop_id", "member_id", "processed_at", "order_id"),
        Index("ix_shop_order__customer", "shop_id", "customer_id"),
        Index(
            "ix_shop_order__held_back",
            "shop_id",
            "member_id",
            "order_id",
            postgresql_where="held_back is not null",
        ),
        Index(
            "ix_shop_order__claimable",
            "shop_id",
            "processed_at",
            "order_id",
            postgresql_where="member_id is null and not is_history",
        ),
        Index(
            "ix_shop_order__email_mark",
            "shop_id",
            "email_mark",
            postgresql_where="member_id is null and email_mark is not null",
        ),
    )

    @classmethod
    def is_there(cls) -> ColumnElement[bool]:
        """Shopify has it still."""
        return cls.shopify_updated_at < DELETED

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    customer_id: Mapped[int | None]
    member_id: Mapped[UUID | None]
    currency: Mapped[str]
    taxes_included: Mapped[bool]
    is_test: Mapped[bool]
    is_paid: Mapped[bool]
    is_history: Mapped[bool]
    source_name: Mapped[str | None]
    location_id: Mapped[int | None]
    total_minor: Mapped[int]
    current_total_minor: Mapped[int]
    created_at: Mapped[datetime]
    processed_at: Mapped[datetime]
    paid_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    shopify_updated_at: Mapped[datetime]
    shipping_minor: Mapped[int] = mapped_column(default=0, server_default="0")
    shipping_tax_minor: Mapped[int] = mapped_column(default=0, server_default="0")
    ship_to: Mapped[str | None]
    email_mark: Mapped[str | None]
    assessed_at: Mapped[datetime | None]
    held_back: Mapped[str | None]


class OrderLine(Base):
    """A line of an order, in shop money.

    `basis_minor` is what the ordered `quantity` counts for: price × quantity less
    discounts and included tax; 0 for gift cards and tips. `tax_minor`: the tax on it, included
    or not. `assessed_quantity`: pieces that earning has looked at.
    """

    __tablename__ = "order_line"
    __table_args__ = (
        ForeignKeyConstraint(
            ["shop_id", "order_id"],
            ["shop_order.shop_id", "shop_order.order_id"],
            name="fk_order_line__shop_order",
        ),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(primary_key=True)
    line_id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    product_id: Mapped[int | None]
    quantity: Mapped[int]
    current_quantity: Mapped[int]
    basis_minor: Mapped[int]
    is_gift_card: Mapped[bool]
    gross_minor: Mapped[int]
    tax_minor: Mapped[int] = mapped_column(default=0, server_default="0")
    assessed_quantity: Mapped[int] = mapped_column(default=0, server_default="0")


class OrderCode(Base):
    """A discount code that an order carries, upper case; once seen it stays.

    `amount_minor`: what it takes off the order, shipping included, before any refund.
    ix (shop_id, code): whether any order has used a code.
    """

    __tablename__ = "order_code"
    __table_args__ = (
        ForeignKeyConstraint(
            ["shop_id", "order_id"],
            ["shop_order.shop_id", "shop_order.order_id"],
            name="fk_order_code__shop_order",
        ),
        Index("ix_order_code__code", "shop_id", "code"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    amount_minor: Mapped[int]


class OrderLineCode(Base):
    """What a code took off the ordered quantity of a line; 0 once an edit has taken it away."""

    __tablename__ = "order_line_code"
    __table_args__ = (
        ForeignKeyConstraint(
            ["shop_id", "order_id", "code"],
            ["order_code.shop_id", "order_code.order_id", "order_code.code"],
            name="fk_order_line_code__order_code",
        ),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    line_id: Mapped[int] = mapped_column(primary_key=True)
    amount_minor: Mapped[int]


class Refund(Base):
    """A refund. No foreign key to the order: either may arrive first.

    `in_order`: the order's own state already counts it. `money_minor`: what a refund
    without lines gave back, shipping apart; `shipping_minor`: shipping that came back, with tax.
    ix (shop_id, order_id): an order's refunds.
    """

    __tablename__ = "refund"
    __table_args__ = (
        ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_refund__shop"),
        Index("ix_refund__order", "shop_id", "order_id"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    refund_id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int]
    money_minor: Mapped[int]
    shipping_minor: Mapped[int] = mapped_column(default=0, server_default="0")
    in_order: Mapped[bool]
    created_at: Mapped[datetime]


class RefundLine(Base):
    """How many of an order's line a refund took back."""

    __tablename__ = "refund_line"
    __table_args__ = (
        ForeignKeyConstraint(
            ["shop_id", "refund_id"],
            ["refund.shop_id", "refund.refund_id"],
            name="fk_refund_line__refund",
        ),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    refund_id: Mapped[int] = mapped_column(primary_key=True)
    line_id: Mapped[int] = mapped_column(primary_key=True)
    quantity: Mapped[int]
