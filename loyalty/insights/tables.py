"""Tables of insight: the runs of the job with the models they left, and members' newest scores.

The invariant: the scores of a shop are all of its last run that was done; a run that dies in the
middle leaves those of the run before it.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, SmallInteger
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from loyalty.base.db import Base

STATES = ("asked", "running", "done", "failed")
STAGES = ("reading", "fitting", "writing")
BANDS = ("not_yet", "new", "low", "medium", "high")
"""Churn risk in words, in the order of the numbers that loyalty.insights.model gives them."""


class InsightRun(Base):
    """One look at a whole shop as of the end of its day `as_of`.

    `model`: what loyalty.insights.model stores; None for a shop without members. `excluded`:
    orders, or amounts, left out of the whole shop, by reason. `members_done` of `members_total`
    in the present `stage`.
    uq open: a shop has one run at a time that is asked for or under way.
    pk (shop_id, id): ids grow with time, so the last one is the newest.
    """

    __tablename__ = "insight_run"
    __table_args__ = (
        CheckConstraint(f"state in {STATES}", name="state"),
        CheckConstraint(f"stage in {STAGES}", name="stage"),
        ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_insight_run__shop"),
        Index(
            "uq_insight_run__open",
            "shop_id",
            unique=True,
            postgresql_where="state in ('asked', 'running')",
        ),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    state: Mapped[str]
    asked_by: Mapped[str]
    asked_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    stage: Mapped[str | None]
    members_done: Mapped[int] = mapped_column(default=0, server_default="0")
    members_total: Mapped[int] = mapped_column(default=0, server_default="0")
    as_of: Mapped[date | None]
    model: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    excluded: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))


class MemberInsight(Base):
    """What the last run says of a member. Null: not known, and the run's model says why.

    `p_return_ppm`: the chance to order again within the model's horizon in millionths if
    `is_calibrated`, else a rule of thumb. `ltv_minor`: what the next 12 months bring, by
    `expected_orders_milli` thousandths of orders. `gap_days`: median days between orders.
    `health` is the sum of its three parts. `r`, `f`, `m`: fifths of the shop, 0 before an order.
    No foreign key: a run writes a row for each member, and none is deleted but with its shop.
    Half of each page is left free, so that a night's changes stay in it.
    pk (shop_id, member_id): a member's scores, and facts of segments.
    """

    __tablename__ = "member_insight"
    __table_args__ = (
        CheckConstraint(f"band in {BANDS}", name="band"),
        {"postgresql_with": {"fillfactor": 50}},
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    member_id: Mapped[UUID] = mapped_column(primary_key=True)
    band: Mapped[str]
    is_calibrated: Mapped[bool]
    p_return_ppm: Mapped[int | None]
    ltv_minor: Mapped[int | None]
    expected_orders_milli: Mapped[int | None]
    orders: Mapped[int]
    last_order_on: Mapped[date | None]
    gap_days: Mapped[int]
    r: Mapped[int] = mapped_column(SmallInteger)
    f: Mapped[int] = mapped_column(SmallInteger)
    m: Mapped[int] = mapped_column(SmallInteger)
    health: Mapped[int | None] = mapped_column(SmallInteger)
    health_rfm: Mapped[int | None] = mapped_column(SmallInteger)
    health_return: Mapped[int | None] = mapped_column(SmallInteger)
    health_engagement: Mapped[int | None] = mapped_column(SmallInteger)
