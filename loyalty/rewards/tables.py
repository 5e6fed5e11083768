"""Tables of rewards: what points buy in a shop, and the imported codes that some are made of."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Numeric
from sqlalchemy.orm import Mapped, mapped_column

from loyalty.base.db import Base

REWARD_KINDS = ("fixed_amount", "percentage", "free_shipping", "free_product", "store_credit")


class Reward(Base):
    """What points buy. `version` rises with each change; a redemption keeps its own terms.

    `pricing` fixed: `cost_points` buy it once; per_point: each `cost_points` buy `amount_minor`,
    from `points_min` to `points_max`. `percentage` is of 100. `limit_per_member` redemptions in a
    `limit_period`. `visibility`: everywhere, till, online, or hidden (staff alone redeem it).
    `tier_ids`: empty for everyone. `code_source`: made (a discount for each redemption) or
    stock (imported codes). `combines_with`: order, product, shipping → bool.
    pk (shop_id, id): the few rewards of a shop are read together.
    """

    __tablename__ = "reward"
    __table_args__ = (
        CheckConstraint(f"kind in {REWARD_KINDS}", name="kind"),
        CheckConstraint("pricing in ('fixed', 'per_point')", name="pricing"),
        CheckConstraint("cost_points > 0", name="cost_points"),
        CheckConstraint("amount_minor > 0", name="amount_minor"),
        CheckConstraint("percentage > 0 and percentage <= 100", name="percentage"),
        CheckConstraint("minimum_cart_minor >= 0", name="minimum_cart_minor"),
        CheckConstraint("limit_per_member > 0", name="limit_per_member"),
        CheckConstraint(
            "limit_period in ('ever', 'day', 'week', 'month', 'year')", name="limit_period"
        ),
        CheckConstraint(
            "visibility in ('everywhere', 'till', 'online', 'hidden')", name="visibility"
        ),
        CheckConstraint("validity_days > 0", name="validity_days"),
        CheckConstraint("code_source in ('made', 'stock')", name="code_source"),
        ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_reward__shop"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    kind: Mapped[str]
    pricing: Mapped[str] = mapped_column(default="fixed", server_default="fixed")
    cost_points: Mapped[int]
    points_min: Mapped[int | None]
    points_max: Mapped[int | None]
    amount_minor: Mapped[int | None]
    percentage: Mapped[Decimal | None] = mapped_column(Numeric)
    product_id: Mapped[int | None]
    variant_id: Mapped[int | None]
    minimum_cart_minor: Mapped[int] = mapped_column(default=0, server_default="0")
    limit_per_member: Mapped[int | None]
    limit_period: Mapped[str] = mapped_column(default="ever", server_default="ever")
    visibility: Mapped[str] = mapped_column(default="everywhere", server_default="everywhere")
    tier_ids: Mapped[list[str]] = mapped_column(default=list, server_default="[]")
    starts_on: Mapped[date | None]
    ends_on: Mapped[date | None]
    validity_days: Mapped[int] = mapped_column(default=30, server_default="30")
    code_source: Mapped[str] = mapped_column(default="made", server_default="made")
    combines_with: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    is_active: Mapped[bool] = mapped_column(default=True, server_default="true")
    created_at: Mapped[datetime]


class RewardCode(Base):
    """An imported code of a reward, and the redemption that took it. pk: a code is given once.

    ix (shop_id, reward_id, code) where free: the next code.
    """

    __tablename__ = "reward_code"
    __table_args__ = (
        ForeignKeyConstraint(
            ["shop_id", "reward_id"], ["reward.shop_id", "reward.id"], name="fk_reward_code__reward"
        ),
        Index(
            "ix_reward_code__free",
            "shop_id",
            "reward_id",
            "code",
            postgresql_where="redemption_id is null",
        ),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    reward_id: Mapped[UUID]
    redemption_id: Mapped[UUID | None]
    imported_at: Mapped[datetime]
