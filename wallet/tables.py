"""Tables of the wallet. `apple_device` alone has no shop: a phone holds passes of many."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from loyalty.base.db import Base


class PassType(Base):
    """A Pass Type ID in one shop. Its row lock hands out tags, so that none shows late."""

    __tablename__ = "pass_type"
    __table_args__ = (
        ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_pass_type__shop"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    pass_type_id: Mapped[str] = mapped_column(primary_key=True)
    last_tag: Mapped[int]


class WalletPass(Base):
    """A member's card on one platform. `content` is what revision `revision` shows.

    `downloaded_revision` is the last one handed out by our page, `fetched_revision` the last one
    that a device came for; `push_created_revision` and `push_told_revision` are the last ones
    whose push, and whose push's outcome, stand on the timeline. `home_member_id`: whose card it
    was before a merge; it is live beside the member's own, and shows the same.
    uq live (shop_id, member_id, platform) where not voided and at home: one live card of their
    own, and the look-up of it.
    ix member (shop_id, member_id, id): all cards of a member that a change must reach.
    """

    __tablename__ = "wallet_pass"
    __table_args__ = (
        ForeignKeyConstraint(
            ["shop_id", "member_id"], ["member.shop_id", "member.id"], name="fk_wallet_pass__member"
        ),
        ForeignKeyConstraint(
            ["shop_id", "pass_type_id"],
            ["pass_type.shop_id", "pass_type.pass_type_id"],
            name="fk_wallet_pass__pass_type",
        ),
        ForeignKeyConstraint(
            ["shop_id", "home_member_id"],
            ["member.shop_id", "member.id"],
            name="fk_wallet_pass__home_member",
        ),
        CheckConstraint("platform in ('apple')", name="platform"),
        CheckConstraint("length(authentication_token) >= 32", name="authentication_token"),
        Index(
            "uq_wallet_pass__live",
            "shop_id",
            "member_id",
            "platform",
            unique=True,
            postgresql_where="voided_at is null and home_member_id is null",
        ),
        Index("ix_wallet_pass__member", "shop_id", "member_id", "id"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID]
    home_member_id: Mapped[UUID | None]
    platform: Mapped[str]
    pass_type_id: Mapped[str]
    authentication_token: Mapped[str]
    revision: Mapped[int]
    tag: Mapped[int]
    content: Mapped[dict[str, Any]]
    last_modified_at: Mapped[datetime]
    downloaded_revision: Mapped[int] = mapped_column(default=0)
    fetched_revision: Mapped[int] = mapped_column(default=0)
    push_created_revision: Mapped[int] = mapped_column(default=0)
    push_told_revision: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    voided_at: Mapped[datetime | None]

    @property
    def serial(self) -> str:
        """The public id: it names the shop, so that a request can enter it before reading."""
        return f"{self.shop_id}-{self.id.hex}"


class PassRevision(Base):
    """What the fields that can notify said at each revision, to be compared with a device's copy.

    `notice` is the kind of push that the revision is for, `message` which push of the member's
    that is on all platforms; both None when it changes the card silently.
    pk (shop_id, pass_id, revision): a pass's revisions, by time through `last_modified_at` too.
    """

    __tablename__ = "pass_revision"
    __table_args__ = (
        ForeignKeyConstraint(
            ["shop_id", "pass_id"],
            ["wallet_pass.shop_id", "wallet_pass.id"],
            name="fk_pass_revision__wallet_pass",
        ),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    pass_id: Mapped[UUID] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True)
    last_modified_at: Mapped[datetime]
    said: Mapped[dict[str, Any]]
    notice: Mapped[str | None]
    message: Mapped[str | None]


class PassClick(Base):
    """A link on a pass, in an email or on the card page that a person opened.

    ix member (shop_id, member_id, clicked_at): a member's clicks.
    """

    __tablename__ = "pass_click"
    __table_args__ = (
        ForeignKeyConstraint(
            ["shop_id", "member_id"], ["member.shop_id", "member.id"], name="fk_pass_click__member"
        ),
        CheckConstraint("platform in ('apple', 'google', 'email', 'page')", name="platform"),
        CheckConstraint("target in ('card', 'shop')", name="target"),
        Index("ix_pass_click__member", "shop_id", "member_id", "clicked_at"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID]
    platform: Mapped[str]
    target: Mapped[str]
    clicked_at: Mapped[datetime]


class AppleRegistration(Base):
    """A pass on a device, from its registration to its removal.

    `pushed_revision` is the last one that APNs accepted a push for; `asked_at` when the device
    last came to ask what had changed.
    ix device (shop_id, device_id) where not removed: the device's list.
    """

    __tablename__ = "apple_registration"
    __table_args__ = (
        ForeignKeyConstraint(
            ["shop_id", "pass_id"],
            ["wallet_pass.shop_id", "wallet_pass.id"],
            name="fk_apple_registration__wallet_pass",
        ),
        Index(
            "ix_apple_registration__device",
            "shop_id",
            "device_id",
            postgresql_where="removed_at is null",
        ),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    pass_id: Mapped[UUID] = mapped_column(primary_key=True)
    device_id: Mapped[str] = mapped_column(primary_key=True)
    registered_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]
    pushed_revision: Mapped[int] = mapped_column(default=0)
    pushed_at: Mapped[datetime | None]
    asked_at: Mapped[datetime | None]


class AppleDevice(Base):
    """A device and the one push token that all its passes of a type share.

    pk (device_id, pass_type_id): the push token of a registration.
    """

    __tablename__ = "apple_device"

    device_id: Mapped[str] = mapped_column(primary_key=True)
    pass_type_id: Mapped[str] = mapped_column(primary_key=True)
    push_token: Mapped[str]
    registered_at: Mapped[datetime]


class AppleLog(Base):
    """A line that a device wrote about our web service: a sign that something of ours is wrong.

    ix (shop_id, logged_at, id): the newest lines, and the purge of old ones.
    """

    __tablename__ = "apple_log"
    __table_args__ = (
        ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_apple_log__shop"),
        Index("ix_apple_log__logged", "shop_id", "logged_at", "id"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    logged_at: Mapped[datetime]
    message: Mapped[str]


class MemberToken(Base):
    """What a till scans, one row per epoch: an old epoch still finds its member.

    uq (shop_id, token): the scan. uq (shop_id, short_code): the code typed by hand.
    """

    __tablename__ = "member_token"
    __table_args__ = (
        ForeignKeyConstraint(
            ["shop_id", "member_id"],
            ["member.shop_id", "member.id"],
            name="fk_member_token__member",
        ),
        UniqueConstraint("shop_id", "token"),
        UniqueConstraint("shop_id", "short_code"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[UUID] = mapped_column(primary_key=True)
    epoch: Mapped[int] = mapped_column(primary_key=True)
    token: Mapped[str]
    short_code: Mapped[str]
    created_at: Mapped[datetime]
