"""What Shopify's customers show of ours, as far as we know: written after each of its answers."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from loyalty.base.db import Base


class ShownCustomer(Base):
    """The metafields and the tag that a customer of Shopify's was last seen with.

    `held`: key → what stands there, the link as a fingerprint. `digests`: key → Shopify's digest
    of it, which the next write must name; None when Shopify must be asked for them first.
    `state`: kept; due, for the next bulk operation; sent, in the one that runs; leaving, to be
    cleared, for nobody of ours is behind it any more; gone, when Shopify has the customer no
    more. `tag`: the tag of ours on it. `written_at`: when it was written last; for who is leaving,
    when that was tried.
    ix at_work where due, sent or leaving: what waits to be written.
    """

    __tablename__ = "shown_customer"
    __table_args__ = (
        CheckConstraint("state in ('kept', 'due', 'sent', 'leaving', 'gone')", name="state"),
        ForeignKeyConstraint(
            ["shop_id", "customer_id"],
            ["customer.shop_id", "customer.customer_id"],
            name="fk_shown_customer__customer",
        ),
        Index(
            "ix_shown_customer__at_work",
            "shop_id",
            "state",
            "customer_id",
            postgresql_where="state in ('due', 'sent', 'leaving')",
        ),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(primary_key=True)
    held: Mapped[dict[str, Any]]
    digests: Mapped[dict[str, Any] | None]
    tag: Mapped[str | None]
    state: Mapped[str]
    written_at: Mapped[datetime | None]


class ShownDefinitions(Base):
    """That the shop's definitions of our metafields have been made, and when."""

    __tablename__ = "shown_definitions"
    __table_args__ = (
        ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_shown_definitions__shop"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    made_at: Mapped[datetime]
