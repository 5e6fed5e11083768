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
    *("reward", "coupon", "proof", "erasure", "tier", "granted", "reward_in_reach"),
    *("referral", "data_request", "one_off"),
)
_KINDS = ", ".join(f"'{kind}'" for kind in KINDS)


class EmailMessage(Base):
    """One email to one member, for one outbox event.

    `state`: queued → sending → sent, or unknown (the answer was lost), failed (refused for
    good), blocked (we must not send it); `reason` says why. `doubts` counts lost answers.
    `kind`: one of KINDS; a campaign is marketing, and so is what staff write to one member.
    `is_asked_for`: a person asked for this one.
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


class MailTemplate(Base):
    """The merchant's own words for one email in one language; without a row ours are sent.

    pk (shop_id, mail, language): each send asks.
    """

    __tablename__ = "mail_template"
    __table_args__ = (
        ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_mail_template__shop"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    mail: Mapped[str] = mapped_column(primary_key=True)
    language: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str]
    headline: Mapped[str]
    text: Mapped[str]
    button: Mapped[str]
    changed_by: Mapped[str]
    changed_at: Mapped[datetime]


class MailLook(Base):
    """The colours of all emails of a shop, as `#rrggbb`; without a row they are ours.

    pk (shop_id): each send asks.
    """

    __tablename__ = "mail_look"
    __table_args__ = (
        ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_mail_look__shop"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    brand: Mapped[str]
    button: Mapped[str]
    paper: Mapped[str]
    changed_by: Mapped[str]
    changed_at: Mapped[datetime]


class MailPace(Base):
    """How fast and how much the whole account may send: it has one sender for all shops.

    `region`: an account's limits are those of a region. None: Amazon has not told yet, or sets
    no limit. `sent_24h`: what Amazon counted at `read_at`, and what was sent since. `next_at`:
    when the next email may go. pk (region): each send takes its turn here.
    """

    __tablename__ = "mail_pace"

    region: Mapped[str] = mapped_column(primary_key=True)
    rate_per_s: Mapped[int | None]
    quota_24h: Mapped[int | None]
    sent_24h: Mapped[int]
    read_at: Mapped[datetime]
    next_at: Mapped[datetime]
