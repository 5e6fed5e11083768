"""What Google holds of a shop and its members, as far as we know, and what Google told us.

A row whose `sent_revision` is behind `revision` is in doubt: Google may have either.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from loyalty.base.db import Base


class Leased:
    """A thing at Google: `content` is revision `revision` of it, `sent_revision` the last one that
    Google said it took. Who holds the lease may send; the others wait until `lease_ends_at`.
    """

    revision: Mapped[int] = mapped_column(default=0)
    content: Mapped[dict[str, Any]] = mapped_column(default=dict)
    sent_revision: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[datetime | None]
    claimed_by: Mapped[UUID | None]
    lease_ends_at: Mapped[datetime | None]


class GoogleClass(Leased, Base):
    """A shop's loyalty class, which all its objects share.

    pk (shop_id, class_id): a callback's check that a class is this shop's.
    """

    __tablename__ = "google_class"
    __table_args__ = (
        ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_google_class__shop"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    class_id: Mapped[str] = mapped_column(primary_key=True)


class GoogleObject(Leased, Base):
    """A member's card in Google Wallet.

    `notice_due` is the kind of a change that may be heard and that Google has yet to take,
    `message` which message of the member's it is for. `said`: what the payload says of each kind
    that can notify; None for one from before that was kept. `saved_at` and `removed_at` follow
    Google's callbacks, of which `heard_at` is the newest one's own time.
    uq live (shop_id, member_id) where not voided: one live card. uq (shop_id, object_id): a
    callback's look-up. ix member (shop_id, member_id, id): all that a change must reach.
    """

    __tablename__ = "google_object"
    __table_args__ = (
        ForeignKeyConstraint(
            ["shop_id", "member_id"],
            ["member.shop_id", "member.id"],
            name="fk_google_object__member",
        ),
        ForeignKeyConstraint(
            ["shop_id", "class_id"],
            ["google_class.shop_id", "google_class.class_id"],
            name="fk_google_object__google_class",
        ),
        ForeignKeyConstraint(
            ["shop_id", "home_member_id"],
            ["member.shop_id", "member.id"],
            name="fk_google_object__home_member",
        ),
        UniqueConstraint("shop_id", "object_id"),
        Index(
            "uq_google_object__live",
            "shop_id",
            "member_id",
            unique=True,
            postgresql_where="voided_at is null and home_member_id is null",
        ),
        Index("ix_google_object__member", "shop_id", "member_id", "id"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID]
    home_member_id: Mapped[UUID | None]
    class_id: Mapped[str]
    object_id: Mapped[str]
    notice_due: Mapped[str | None]
    message: Mapped[str | None]
    said: Mapped[dict[str, Any] | None]
    saved_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]
    heard_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    voided_at: Mapped[datetime | None]

    @property
    def is_saved(self) -> bool:
        """Whether somebody has the card in their wallet, as far as Google told us."""
        return self.saved_at is not None and self.removed_at is None


class GoogleNotice(Base):
    """A change that Google was asked to notify of: it counts against the object's day.

    pk (shop_id, google_object_id, revision): trying the same revision again spends nothing.
    """

    __tablename__ = "google_notice"
    __table_args__ = (
        ForeignKeyConstraint(
            ["shop_id", "google_object_id"],
            ["google_object.shop_id", "google_object.id"],
            name="fk_google_notice__google_object",
        ),
        CheckConstraint("kind in ('tier', 'reward', 'balance', 'marketing')", name="kind"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    google_object_id: Mapped[UUID] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    noticed_at: Mapped[datetime]


class GoogleCallback(Base):
    """A callback that was heard, by its nonce, so that its copy counts for nothing.

    ix expires (shop_id, expires_at): the purge of those that would be refused as too old anyway.
    """

    __tablename__ = "google_callback"
    __table_args__ = (
        ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_google_callback__shop"),
        Index("ix_google_callback__expires", "shop_id", "expires_at"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    nonce: Mapped[str] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime]
