"""The table of redemptions. Points are away from the moment the row is there, until they return."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from loyalty.base.db import Base

STATES = ("reserved", "issued", "used", "returning", "returned")


class Redemption(Base):
    """Points spent on a reward. `state`: reserved → issued → used, or → returning → returned.

    reserved: the points are away and the code is being made; issued: the code can be used; used: a
    paid order carries it (store credit: it was credited, which is never taken back); returning:
    the code is being disabled; returned: it is, and all points came back (`points_returned`).
    `terms`: what was promised, typed by loyalty/redemption/terms.py. `code`: upper case.
    `channel`: till, online, admin or operator. `client_key`: the same wish again is the same
    redemption. `entry_id`: the debit. `expires_at`: until when the code is good. `reason`: why it
    returned. `flags`: what somebody should look at (velocity, used_after_return).
    `next_at`: when the sweep looks again; `error`: why the last try failed.
    `returns`: how often points came back, for the keys of those entries. `sends_email`: the code
    goes to the member by email once it is there.
    uq (shop_id, code): a code names one redemption. ix member: theirs, newest first.
    ix due: what a sweep must bring on. ix expiring: codes whose time is over. ix order: its own.
    ix actor: how often somebody redeemed lately. ix flagged: what somebody should look at.
    """

    __tablename__ = "redemption"
    __table_args__ = (
        CheckConstraint(f"state in {STATES}", name="state"),
        CheckConstraint("points > 0", name="points"),
        CheckConstraint("points_returned between 0 and points", name="points_returned"),
        CheckConstraint("channel in ('till', 'online', 'admin', 'operator')", name="channel"),
        ForeignKeyConstraint(
            ["shop_id", "member_id"], ["member.shop_id", "member.id"], name="fk_redemption__member"
        ),
        ForeignKeyConstraint(
            ["shop_id", "reward_id"], ["reward.shop_id", "reward.id"], name="fk_redemption__reward"
        ),
        UniqueConstraint("shop_id", "client_key"),
        UniqueConstraint("shop_id", "code"),
        Index("ix_redemption__member", "shop_id", "member_id", "reserved_at"),
        Index(
            "ix_redemption__due",
            "shop_id",
            "next_at",
            postgresql_where="state in ('reserved', 'returning')",
        ),
        Index(
            "ix_redemption__expiring",
            "shop_id",
            "expires_at",
            postgresql_where="state = 'issued'",
        ),
        Index("ix_redemption__order", "shop_id", "order_id"),
        Index("ix_redemption__actor", "shop_id", "actor", "reserved_at"),
        Index(
            "ix_redemption__flagged",
            "shop_id",
            "reserved_at",
            postgresql_where="flags <> '[]'",
        ),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID]
    reward_id: Mapped[UUID]
    reward_version: Mapped[int]
    terms: Mapped[dict[str, Any]]
    points: Mapped[int]
    points_returned: Mapped[int] = mapped_column(default=0, server_default="0")
    returns: Mapped[int] = mapped_column(default=0, server_default="0")
    state: Mapped[str]
    code: Mapped[str | None]
    discount_gid: Mapped[str | None]
    channel: Mapped[str]
    actor: Mapped[str]
    client_key: Mapped[UUID]
    entry_id: Mapped[UUID]
    order_id: Mapped[int | None]
    reason: Mapped[str | None]
    sends_email: Mapped[bool] = mapped_column(default=False, server_default="false")
    flags: Mapped[list[str]] = mapped_column(default=list, server_default="[]")
    reserved_at: Mapped[datetime]
    issued_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
    returning_at: Mapped[datetime | None]
    returned_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    next_at: Mapped[datetime | None]
    error: Mapped[str | None]
