"""Tables of actions: what a member has done, where they tapped, and the readers that saw it."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from loyalty.base.db import Base

STATES = ("earned", "held", "unrewarded", "forgone")


class MemberAction(Base):
    """That a member did something, once for each `key`; what it earned, if a rule was in force.

    `key` is the period or place it counts for: `ever`, `2026`, `901:week:2026-11-16`, `instagram`.
    `state`: earned; held (done while the programme was paused); unrewarded (no rule was in force);
    forgone (held, and the merchant resumed without catching up). `done_on` is the shop's day.
    pk (shop_id, member_id, kind, key): whether it was done. ix held: catching up after a pause.
    """

    __tablename__ = "member_action"
    __table_args__ = (
        CheckConstraint(
            "state in ('earned', 'held', 'unrewarded', 'forgone')",
            name="state",
        ),
        ForeignKeyConstraint(
            ["shop_id", "member_id"],
            ["member.shop_id", "member.id"],
            name="fk_member_action__member",
        ),
        ForeignKeyConstraint(
            ["shop_id", "rule_id"],
            ["earning_rule.shop_id", "earning_rule.id"],
            name="fk_member_action__earning_rule",
        ),
        ForeignKeyConstraint(
            ["shop_id", "entry_id"],
            ["ledger_entry.shop_id", "ledger_entry.id"],
            name="fk_member_action__ledger_entry",
        ),
        Index(
            "ix_member_action__held",
            "shop_id",
            "occurred_at",
            "member_id",
            postgresql_where="state = 'held'",
        ),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    done_on: Mapped[date]
    occurred_at: Mapped[datetime]
    state: Mapped[str]
    rule_id: Mapped[UUID | None]
    rule_version: Mapped[int | None]
    points: Mapped[int]
    entry_id: Mapped[UUID | None]


class CheckIn(Base):
    """A member's tap at a place, at a reader or at the till; `points` is what it earned.

    `client_key` is the reader's own, `answer` what it was told: a resend gets the same.
    uq (shop_id, reader_id, client_key): the resend. ix (shop_id, member_id, location_id, day_on):
    whether the period's check-in was had.
    """

    __tablename__ = "check_in"
    __table_args__ = (
        ForeignKeyConstraint(
            ["shop_id", "member_id"], ["member.shop_id", "member.id"], name="fk_check_in__member"
        ),
        ForeignKeyConstraint(
            ["shop_id", "location_id"],
            ["location.shop_id", "location.location_id"],
            name="fk_check_in__location",
        ),
        ForeignKeyConstraint(
            ["shop_id", "reader_id"], ["reader.shop_id", "reader.id"], name="fk_check_in__reader"
        ),
        UniqueConstraint("shop_id", "reader_id", "client_key"),
        Index("ix_check_in__member", "shop_id", "member_id", "location_id", "day_on"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID]
    location_id: Mapped[int]
    reader_id: Mapped[UUID | None]
    client_key: Mapped[UUID]
    day_on: Mapped[date]
    occurred_at: Mapped[datetime]
    noted_at: Mapped[datetime]
    points: Mapped[int]
    answer: Mapped[dict[str, Any]]


class Reader(Base):
    """An NFC or code reader at one place. Of its key only a hash is kept; revoked ones stay.

    `asked_since` and `asked` count its requests of the present minute.
    pk (shop_id, id): a reader's key names both.
    """

    __tablename__ = "reader"
    __table_args__ = (
        ForeignKeyConstraint(
            ["shop_id", "location_id"],
            ["location.shop_id", "location.location_id"],
            name="fk_reader__location",
        ),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    location_id: Mapped[int]
    name: Mapped[str]
    key_hash: Mapped[bytes]
    made_at: Mapped[datetime]
    rotated_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    asked_since: Mapped[datetime | None]
    asked: Mapped[int] = mapped_column(default=0, server_default="0")


class FollowLink(Base):
    """Where the shop can be followed: one address for each network."""

    __tablename__ = "follow_link"
    __table_args__ = (
        ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_follow_link__shop"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    network: Mapped[str] = mapped_column(primary_key=True)
    url: Mapped[str]
    made_at: Mapped[datetime]
