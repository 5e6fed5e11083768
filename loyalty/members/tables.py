"""Tables of people: Shopify's customers, the members they are, and what happened to a member."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Computed, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from loyalty.base.db import Base

_HERE = "state in ('active', 'archived')"


class Member(Base):
    """An enrolled customer. `state`: active, archived, merged (into another member) or erased.

    `sources` says per field whether it is shopify's or local, `details_customer_id` which of the
    member's customers Shopify's are taken from. A birthday is a month and a day:
    `birthday_on` lies in 2000, which has a 29 February; `birthday_changed_on` is the shop's day.
    ix (shop_id, joined_at, id), (shop_id, sort_name, id), (shop_id, email_norm, id): the list's
    sort orders and look-up by email. gin (shop_id, search_text): the search box.
    ix (shop_id, birthday_on, id) where active: whose birthday it is. ix (shop_id, phone) where
    there is one: whose number it may be. ix (shop_id, id) where archived: their own list. ix
    (shop_id, email_norm) and (shop_id, phone, email_norm) where active or archived: who shares
    an address with whom.
    """

    __tablename__ = "member"
    __table_args__ = (
        ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_member__shop"),
        CheckConstraint("state in ('active', 'archived', 'merged', 'erased')", name="state"),
        CheckConstraint("extract(year from birthday_on) = 2000", name="birthday_on"),
        Index("ix_member__joined", "shop_id", "joined_at", "id"),
        Index("ix_member__name", "shop_id", "sort_name", "id"),
        Index("ix_member__email", "shop_id", "email_norm", "id"),
        Index("ix_member__archived", "shop_id", "id", postgresql_where="state = 'archived'"),
        Index("ix_member__phone", "shop_id", "phone", postgresql_where="phone is not null"),
        Index(
            "ix_member__shared_email",
            *("shop_id", "email_norm"),
            postgresql_where=f"email_norm <> '' and {_HERE}",
        ),
        Index(
            "ix_member__shared_phone",
            *("shop_id", "phone", "email_norm"),
            postgresql_where=f"phone is not null and {_HERE}",
        ),
        Index(
            "ix_member__birthday",
            "shop_id",
            "birthday_on",
            "id",
            postgresql_where="birthday_on is not null and state = 'active'",
        ),
        Index(
            "ix_member__search",
            "shop_id",
            "search_text",
            postgresql_using="gin",
            postgresql_ops={"search_text": "gin_trgm_ops"},
        ),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    state: Mapped[str]
    first_name: Mapped[str | None]
    last_name: Mapped[str | None]
    sort_name: Mapped[str] = mapped_column(
        Computed(
            "lower(trim(coalesce(first_name, '') || ' ' || coalesce(last_name, '')))",
            persisted=True,
        )
    )
    email: Mapped[str | None]
    email_norm: Mapped[str] = mapped_column(server_default="")
    email_verified_at: Mapped[datetime | None]
    phone: Mapped[str | None]
    phone_verified_at: Mapped[datetime | None]
    address: Mapped[dict[str, Any] | None]
    birthday_on: Mapped[date | None]
    birthday_changed_on: Mapped[date | None]
    sources: Mapped[dict[str, Any]]
    details_customer_id: Mapped[int | None]
    enrolled_by: Mapped[str]
    joined_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]
    customer_since: Mapped[datetime | None]
    search_text: Mapped[str] = mapped_column(
        Computed(
            "lower(trim(coalesce(first_name, '') || ' ' || coalesce(last_name, '')))"
            " || ' ' || email_norm",
            persisted=True,
        )
    )


class Customer(Base):
    """Shopify's record, and the member it belongs to: a member has 0..n customers.

    `redacted_at`: the person had their data erased; only the id is kept, so that nothing late
    brings them back. `locale`: the language they shop in, as Shopify writes it (`pt-BR`).

    pk (shop_id, customer_id): who an order is for. ix member: a member's identities. ix email
    where there is one: who else has an address.
    """

    __tablename__ = "customer"
    __table_args__ = (
        ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_customer__shop"),
        ForeignKeyConstraint(
            ["shop_id", "member_id"], ["member.shop_id", "member.id"], name="fk_customer__member"
        ),
        Index("ix_customer__member", "shop_id", "member_id"),
        Index("ix_customer__email", "shop_id", "email_norm", postgresql_where="email_norm <> ''"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[UUID | None]
    first_name: Mapped[str | None]
    last_name: Mapped[str | None]
    email: Mapped[str | None]
    email_norm: Mapped[str]
    has_verified_email: Mapped[bool]
    phone: Mapped[str | None]
    address: Mapped[dict[str, Any] | None]
    has_account: Mapped[bool]
    locale: Mapped[str | None]
    customer_since: Mapped[datetime | None]
    shopify_updated_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    redacted_at: Mapped[datetime | None]


class MemberBalance(Base):
    """The four figures of a member, apart from the wide row so that updates stay cheap.

    Its row is the member's lock. `active_on`: the shop's day of the last earning, redeeming or
    manual grant. `merged_into`: who has taken the member in; nothing is posted here meanwhile.
    ix (shop_id, available, member_id): sort by points. ix merged: whom a member has taken in.
    """

    __tablename__ = "member_balance"
    __table_args__ = (
        ForeignKeyConstraint(
            ["shop_id", "member_id"],
            ["member.shop_id", "member.id"],
            name="fk_member_balance__member",
        ),
        ForeignKeyConstraint(
            ["shop_id", "merged_into"],
            ["member.shop_id", "member.id"],
            name="fk_member_balance__merged_into",
        ),
        Index("ix_member_balance__available", "shop_id", "available", "member_id"),
        Index(
            "ix_member_balance__merged_into",
            "shop_id",
            "merged_into",
            postgresql_where="merged_into is not null",
        ),
        {"postgresql_with": {"fillfactor": 80}},
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[UUID] = mapped_column(primary_key=True)
    available: Mapped[int] = mapped_column(default=0)
    pending: Mapped[int] = mapped_column(default=0)
    lifetime_earned: Mapped[int] = mapped_column(default=0)
    lifetime_burned: Mapped[int] = mapped_column(default=0)
    active_on: Mapped[date | None]
    merged_into: Mapped[UUID | None]


class TimelineEvent(Base):
    """What happened to a member, for the timeline. `kind` is one of loyalty.timeline's.

    ix (shop_id, member_id, occurred_at, id): the timeline, newest first.
    """

    __tablename__ = "timeline_event"
    __table_args__ = (
        ForeignKeyConstraint(
            ["shop_id", "member_id"],
            ["member.shop_id", "member.id"],
            name="fk_timeline_event__member",
        ),
        Index("ix_timeline_event__member", "shop_id", "member_id", "occurred_at", "id"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID]
    kind: Mapped[str]
    occurred_at: Mapped[datetime]
    details: Mapped[dict[str, Any]]
