"""Tables of the members list: a narrow row for each active member, and views that were saved.

The invariant: a row says what is true of its member elsewhere; it can be thrown away and made anew.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from loyalty.base.db import Base

NEVER = date.min
"""The last order of whoever has none: it sorts before all days."""
CONSENTS = ("none", "unsubscribed", "asked", "subscribed")
BOUNCES = ("none", "soft", "hard")
CARDS = ("none", "apple", "google", "both")
CHURNS = ("not_yet", "new", "low", "medium", "high")
"""Words by the number that stands in the row: from the least to the most."""


class MemberListing(Base):
    """What the list knows of an active member, beside the name and the email.

    `tier_rank`: the tier's place on the ladder from 0, -1 for none. `last_order_on`: NEVER without
    an order. `consent`, `bounce`, `card` and `churn` count in CONSENTS, BOUNCES, CARDS and CHURNS.
    pk: the row of a member, and deeds by id. ix joined, points, ordered, tier, churn, consent,
    bounce, card: a walk in that order, or all of one value. ix tier_points: a tier by points.
    """

    __tablename__ = "member_listing"
    __table_args__ = (
        ForeignKeyConstraint(
            ["shop_id", "member_id"],
            ["member.shop_id", "member.id"],
            name="fk_member_listing__member",
        ),
        Index("ix_member_listing__joined", "shop_id", "joined_at", "member_id"),
        Index("ix_member_listing__points", "shop_id", "points", "member_id"),
        Index("ix_member_listing__ordered", "shop_id", "last_order_on", "member_id"),
        Index("ix_member_listing__tier", "shop_id", "tier_rank", "member_id"),
        Index("ix_member_listing__tier_points", "shop_id", "tier_id", "points", "member_id"),
        Index("ix_member_listing__churn", "shop_id", "churn", "member_id"),
        Index("ix_member_listing__consent", "shop_id", "consent", "member_id"),
        Index("ix_member_listing__bounce", "shop_id", "bounce", "member_id"),
        Index("ix_member_listing__card", "shop_id", "card", "member_id"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[UUID] = mapped_column(primary_key=True)
    joined_at: Mapped[datetime]
    points: Mapped[int] = mapped_column(default=0, server_default="0")
    tier_id: Mapped[UUID | None]
    last_order_on: Mapped[date] = mapped_column(default=NEVER, server_default="0001-01-01")
    tier_rank: Mapped[int] = mapped_column(SmallInteger, default=-1, server_default="-1")
    churn: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    consent: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    bounce: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    card: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")


class SavedView(Base):
    """Filters and an order that somebody gave a name, for all staff of the shop.

    `asked`: what the list's address says, but for the page. uq (shop_id, name_norm): a name once.
    """

    __tablename__ = "saved_view"
    __table_args__ = (
        CheckConstraint("name <> ''", name="name"),
        ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_saved_view__shop"),
        UniqueConstraint("shop_id", "name_norm"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    name_norm: Mapped[str]
    asked: Mapped[dict[str, Any]]
    created_by: Mapped[str]
    created_at: Mapped[datetime]


class MemberDeed(Base):
    """What staff decided for many members of the list; a job carries it out in batches.

    `kind`: card (each is sent the loyalty card) or segment (each is put into `segment_id` by
    hand). `selection`: as loyalty.listing.selection stores it, `words` say it to a person.
    `done_after`: the last member who had their turn. `skipped`: to whom it could not be done.
    uq (shop_id, client_key): a double click decides once. ix open: what a job works on.
    """

    __tablename__ = "member_deed"
    __table_args__ = (
        CheckConstraint("kind in ('card', 'segment')", name="kind"),
        CheckConstraint("state in ('running', 'done')", name="state"),
        CheckConstraint("(kind = 'segment') = (segment_id is not null)", name="segment"),
        ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_member_deed__shop"),
        ForeignKeyConstraint(
            ["shop_id", "segment_id"],
            ["segment.shop_id", "segment.id"],
            name="fk_member_deed__segment",
        ),
        UniqueConstraint("shop_id", "client_key"),
        Index("ix_member_deed__open", "shop_id", "id", postgresql_where="state = 'running'"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    client_key: Mapped[str]
    kind: Mapped[str]
    selection: Mapped[dict[str, Any]]
    words: Mapped[str]
    segment_id: Mapped[UUID | None]
    actor: Mapped[str]
    state: Mapped[str]
    members: Mapped[int]
    done_after: Mapped[UUID | None]
    done: Mapped[int] = mapped_column(default=0, server_default="0")
    skipped: Mapped[int] = mapped_column(default=0, server_default="0")
    created_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
