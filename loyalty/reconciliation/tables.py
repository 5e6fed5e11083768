"""Tables of reconciliation: how far each sweep has come, what it reported and what it found."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from loyalty.base.db import Base

SUBJECTS = ("orders", "customers", "codes", "shown", "balances")


class ReconciliationMark(Base):
    """Until when a shop's `subject` was looked through, on Shopify's clock."""

    __tablename__ = "reconciliation_mark"
    __table_args__ = (
        ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_reconciliation_mark__shop"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    seen_until: Mapped[datetime]


class ReconciliationReport(Base):
    """One look through a shop's `subject`: how much was looked at, and how much was found.

    ix (shop_id, finished_at, id): the newest reports, and the purge of old ones.
    """

    __tablename__ = "reconciliation_report"
    __table_args__ = (
        CheckConstraint(f"subject in {SUBJECTS}", name="subject"),
        ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_reconciliation_report__shop"),
        Index("ix_reconciliation_report__finished", "shop_id", "finished_at", "id"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    subject: Mapped[str]
    looked_at: Mapped[int]
    found: Mapped[int]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime]


class Finding(Base):
    """Something that was not as it should be. `thing`: the number or id of what it is about.

    `kind`: one of loyalty.reconciliation.recording. `details` hold numbers and codes, no words of
    anybody's. `mended_at`: when it was put right; None while it is not.
    uq open (shop_id, kind, thing) where not mended: found again is found once.
    ix (shop_id, found_at, id): the newest, and the purge of old ones.
    """

    __tablename__ = "reconciliation_finding"
    __table_args__ = (
        ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_reconciliation_finding__shop"),
        Index(
            "uq_reconciliation_finding__open",
            "shop_id",
            "kind",
            "thing",
            unique=True,
            postgresql_where="mended_at is null",
        ),
        Index("ix_reconciliation_finding__found", "shop_id", "found_at", "id"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    thing: Mapped[str]
    details: Mapped[dict[str, Any]]
    found_at: Mapped[datetime]
    mended_at: Mapped[datetime | None]
