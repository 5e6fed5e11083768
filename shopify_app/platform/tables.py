"""Tables of our dealings with Shopify: tokens, webhooks in, back-fill runs, privacy requests."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from loyalty.base.db import Base


class Installation(Base):
    """The shop's offline token, encrypted. Its row lock is what a refresh holds.

    On Shopify's clock: `granted_at`, when the merchant's visit last brought a token, and
    `scopes_updated_at`, the newest app/scopes_update taken over. On ours: `lost_at`, when the
    last token died, and `healed_at`, when a visit brought the next one.
    """

    __tablename__ = "installation"
    __table_args__ = (
        ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_installation__shop"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    access_token: Mapped[bytes | None]
    access_expires_at: Mapped[datetime | None]
    refresh_token: Mapped[bytes | None]
    refresh_expires_at: Mapped[datetime | None]
    scopes: Mapped[str]
    updated_at: Mapped[datetime]
    granted_at: Mapped[datetime | None]
    scopes_updated_at: Mapped[datetime | None]
    lost_at: Mapped[datetime | None]
    healed_at: Mapped[datetime | None]


class InboxRow(Base):
    """A webhook as it came. `state`: new, done, ignored (stale) or parked (a person must look).

    uq (shop_id, webhook_id): a delivery is stored once.
    ix (shop_id, next_at, id) where new: the drain's batch. ix parked: what must be looked at.
    """

    __tablename__ = "inbox_row"
    __table_args__ = (
        ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_inbox_row__shop"),
        UniqueConstraint("shop_id", "webhook_id"),
        Index("ix_inbox_row__new", "shop_id", "next_at", "id", postgresql_where="state = 'new'"),
        Index("ix_inbox_row__parked", "shop_id", "id", postgresql_where="state = 'parked'"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    webhook_id: Mapped[str]
    event_id: Mapped[str | None]
    topic: Mapped[str]
    api_version: Mapped[str | None]
    triggered_at: Mapped[datetime | None]
    received_at: Mapped[datetime]
    body: Mapped[bytes]
    state: Mapped[str]
    attempts: Mapped[int]
    next_at: Mapped[datetime]
    error: Mapped[str | None]
    done_at: Mapped[datetime | None]


class StrayWebhook(Base):
    """A genuine webhook of a shop that we do not know. Global: it has no shop of ours."""

    __tablename__ = "stray_webhook"

    webhook_id: Mapped[str] = mapped_column(primary_key=True)
    shop_domain: Mapped[str] = mapped_column(primary_key=True)
    topic: Mapped[str]
    received_at: Mapped[datetime]


class BackfillRun(Base):
    """One bulk read of the shop's history. `subject`: shop, locations, customers or orders.

    `state`: waiting, asked, reading, done or failed. `objects_read` is also where a killed
    run goes on: every line before it is committed. uq (shop_id, generation, subject).
    """

    __tablename__ = "backfill_run"
    __table_args__ = (
        ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_backfill_run__shop"),
        UniqueConstraint("shop_id", "generation", "subject"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    generation: Mapped[int]
    subject: Mapped[str]
    state: Mapped[str]
    bulk_operation_id: Mapped[str | None]
    objects_total: Mapped[int | None]
    objects_read: Mapped[int]
    attempts: Mapped[int]
    next_at: Mapped[datetime]
    error: Mapped[str | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class PrivacyRequest(Base):
    """A request of Shopify's compliance topics, or a member's own, with the day it must be met by.

    `subject`: customers/data_request, customers/redact, shop/redact or member/erase. `state`: open,
    checking (erased, to be looked at once more), done, refused, or withdrawn (a member's own, taken
    back during the notice). `next_at` doubles as the claim's lease, and is the notice's end.
    ix open (shop_id, next_at, id) where not done: what is to be carried out.
    """

    __tablename__ = "privacy_request"
    __table_args__ = (
        ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_privacy_request__shop"),
        Index("ix_privacy_request__member", "shop_id", "member_id"),
        Index(
            "ix_privacy_request__open",
            "shop_id",
            "next_at",
            "id",
            postgresql_where="done_at is null",
        ),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    subject: Mapped[str]
    customer_id: Mapped[int | None]
    member_id: Mapped[UUID | None]
    body: Mapped[dict[str, Any]]
    state: Mapped[str]
    received_at: Mapped[datetime]
    due_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    next_at: Mapped[datetime] = mapped_column(server_default=func.now())
    error: Mapped[str | None]


class PrivacyDocument(Base):
    """All that was held of a person when they asked, as JSON, for the merchant to hand on.

    ix (shop_id, customer_id): it goes with the person when they are erased.
    """

    __tablename__ = "privacy_document"
    __table_args__ = (
        ForeignKeyConstraint(
            ["shop_id", "request_id"],
            ["privacy_request.shop_id", "privacy_request.id"],
            name="fk_privacy_document__privacy_request",
        ),
        Index("ix_privacy_document__customer", "shop_id", "customer_id"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    request_id: Mapped[UUID] = mapped_column(primary_key=True)
    customer_id: Mapped[int]
    member_id: Mapped[UUID | None]
    made_at: Mapped[datetime]
    body: Mapped[str]


class CustomerMerge(Base):
    """Two customers that Shopify made one, or tried to.

    `state`: waiting until their members are merged too, then done; refused when they cannot be;
    failed when Shopify itself did not merge them. `reason` says why.
    No foreign keys: either customer may be news to us. ix (shop_id, kept_customer_id): who a
    customer has taken in. ix waiting: what is still to be carried out.
    """

    __tablename__ = "customer_merge"
    __table_args__ = (
        ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_customer_merge__shop"),
        CheckConstraint("state in ('waiting', 'done', 'failed', 'refused')", name="state"),
        Index("ix_customer_merge__kept", "shop_id", "kept_customer_id"),
        Index(
            "ix_customer_merge__waiting",
            "shop_id",
            "merged_at",
            postgresql_where="state = 'waiting'",
        ),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    deleted_customer_id: Mapped[int] = mapped_column(primary_key=True)
    kept_customer_id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str]
    merged_at: Mapped[datetime]
    received_at: Mapped[datetime]
    merge_id: Mapped[UUID | None]
    done_at: Mapped[datetime | None]
    reason: Mapped[str | None]


class RemovedShop(Base):
    """The proof that shop/redact was carried out. Global, and without personal data."""

    __tablename__ = "removed_shop"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    removed_shop_id: Mapped[int]
    domain_hash: Mapped[bytes]
    requested_at: Mapped[datetime]
    due_at: Mapped[datetime]
    removed_at: Mapped[datetime]


class UsedState(Base):
    """A state of the authorization-code grant that has come back. Global: no shop is known yet."""

    __tablename__ = "used_state"

    state_hash: Mapped[bytes] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime]
