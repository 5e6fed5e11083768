"""Tables of email: what was sent to a member, and what we know of an address.

No address stands in them: an address is known by its keyed hash, which outlives the member.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from loyalty.base.db import Base

STATES = ("queued", "sending", "sent", "unknown", "failed", "blocked")
_STATES = ", ".join(f"'{state}'" for state in STATES)
KINDS = (
    *("card", "campaign", "verification", "birthday", "expiry_warning", "adjustment"),
    *("reward", "coupon", "proof", "erasure"),
)
_KINDS = ", ".join(f"'{kind}'" for kind in KINDS)


class EmailMessage(Base):
    """One email to one member, for one outbox event.

    `state`: queued → sending → sent, or unknown (the answer was lost), failed (refused for
    good), blocked (we must not send it); `reason` says why. `doubts` counts lost answers.
    `kind`: one of KINDS; a campaign is marketing. `is_asked_for`: a person asked for this one.
    uq (shop_id, event_id): an event makes one email. uq (shop_id, client_key): a double click too.
    ix (shop_id, member_id, id): a member's emails, newest first.
    """

    __tablename__ = "email_message"
    __table_args__ = (
        CheckConstraint(f"kind in ({_KINDS})", name="kind"),
        CheckConstraint(f"state in ({_STATES})", name="state"),
        ForeignKeyConstraint(
            ["shop_id", "member_id"],
            ["member.shop_id", "member.id"],
            name="fk_email_message__member",
        ),
        UniqueConstraint("shop_id", "event_id"),
        UniqueConstraint("shop_id", "client_key"),
        Index("ix_email_message__member", "shop_id", "member_id", "id"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID]
    event_id: Mapped[UUID]
    client_key: Mapped[str | None]
    kind: Mapped[str]
    is_asked_for: Mapped[bool]
    state: Mapped[str]
    reason: Mapped[str | None]
    doubts: Mapped[int]
    address_hash: Mapped[str | None]
    ses_message_id: Mapped[str | None]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    bounced_at: Mapped[datetime | None]
    complained_at: Mapped[datetime | None]


class EmailAddress(Base):
    """What a shop must remember of an address. `cleared_at`: bounces until then count no more.

    pk (shop_id, address_hash): asked before each send.
    """

    __tablename__ = "email_address"
    __table_args__ = (
        ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_email_address__shop"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    address_hash: Mapped[str] = mapped_column(primary_key=True)
    hard_bounced_at: Mapped[datetime | None]
    hard_bounce_reason: Mapped[str | None]
    soft_bounces: Mapped[int] = mapped_column(default=0)
    soft_bounced_at: Mapped[datetime | None]
    cleared_at: Mapped[datetime | None]
    complained_at: Mapped[datetime | None]
    unsubscribed_at: Mapped[datetime | None]


class EmailFeedback(Base):
    """The SNS messages that were dealt with, so that one that comes twice counts once.

    ix (shop_id, received_at): forgetting the old ones.
    """

    __tablename__ = "email_feedback"
    __table_args__ = (
        ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_email_feedback__shop"),
        Index("ix_email_feedback__received", "shop_id", "received_at"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    sns_message_id: Mapped[str] = mapped_column(primary_key=True)
    received_at: Mapped[datetime]
