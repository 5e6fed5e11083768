"""The outbox: what happened, told to subscribers after the commit, never lost and never before."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint, false
from sqlalchemy.orm import Mapped, Session, mapped_column

from loyalty.base.db import Base, ring_after_commit
from loyalty.base.ids import new_id

MEMBER_CHANGED = "member_changed"
"""A balance or a detail that stands on the member's card has changed."""
CARD_EMAIL_ASKED = "card_email_asked"
"""The member is to be sent their card. Body: {"is_asked_for": whether a person asked for it}."""

VERIFICATION_EMAIL_ASKED = "verification_email_asked"
"""The member wants to prove that the email address is theirs. Body: {"is_asked_for": true}."""
BIRTHDAY_EMAIL_ASKED = "birthday_email_asked"
"""The member has a birthday and was given points for it. Body: {"points": how many}."""
ADJUSTMENT_EMAIL_ASKED = "adjustment_email_asked"
"""Staff gave or took points and want the member told. Body: {"points": how many, signed}."""
EXPIRY_EMAIL_ASKED = "expiry_email_asked"
"""Points will expire. Body: {"points": how many, "last_valid_on": the first day's ISO date,
"days": how many days before, or null for a rule that has just begun}."""

REWARD_EMAIL_ASKED = "reward_email_asked"
"""The member is to be sent a reward's code. Body: {"redemption_id": its id, "is_asked_for":
whether points were paid for it}."""
COUPON_EMAIL_ASKED = "coupon_email_asked"
"""The member is to be sent a coupon. Body: {"coupon_code_id": its id}."""
PROOF_EMAIL_ASKED = "proof_email_asked"
"""The member wants to do what needs a code sent by email. Body: {"challenge_id": its id}."""
ERASURE_EMAIL_ASKED = "erasure_email_asked"
"""The member asked to be forgotten. Body: {"request_id": its id}."""

TIER_EMAIL_ASKED = "tier_email_asked"
"""The member stands in another tier. Body: {"tier_id": which, "is_up": whether it is above}."""
REACH_EMAIL_ASKED = "reach_email_asked"
"""A reward came within the member's reach. Body: {"reward_id": its id}."""
REFERRAL_EMAIL_ASKED = "referral_email_asked"
"""A friend has bought. Body: {"referral_id": its id, "points": what the member got for it}."""
GRANT_EMAIL_ASKED = "grant_email_asked"
"""Points were given to many at once, who are to be told. Body: {"points": how many, "grant_id":
by which decision}."""
DATA_EMAIL_ASKED = "data_email_asked"
"""What is held of the member was gathered, as they asked. Body: {"request_id": its id}."""
CAMPAIGN_EMAIL_ASKED = "campaign_email_asked"
"""The member is to be sent a campaign. Body: {"campaign_id": its id}."""
ONE_OFF_EMAIL_ASKED = "one_off_email_asked"
"""Staff write to one member. Body: {"subject": and "text": their words with merge fields,
"is_asked_for": whether it answers the member}."""

FRIEND_ORDER_CHANGED = "friend_order_changed"
"""An order has changed of a member whom another one brought, who may be paid for it by now."""

CONSENT_CHANGED = "consent_changed"
"""What the member said to marketing may not be the same here and in Shopify, and one of the two
is to learn of it."""

ADDRESS_CHANGED = "address_changed"
"""What is known of the member's email address is another: it bounces, or no
longer. No card changes by it."""

SHOWN_ASKED = "shown_asked"
"""What Shopify shows of the member may not be what it should: their card was put on a phone or
taken off, or somebody else changed it. No card changes by it."""

CARDS_CHANGED = "cards_changed"
"""Something that stands on every card of the shop has changed; it names no member."""


class OutboxEvent(Base):
    """Something that happened, for subscribers after the commit. `state`: new or relayed.

    ix (shop_id, created_at, id) where new: the relay's batch.
    """

    __tablename__ = "outbox_event"
    __table_args__ = (
        ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_outbox_event__shop"),
        Index(
            "ix_outbox_event__new",
            "shop_id",
            "created_at",
            "id",
            postgresql_where="state = 'new'",
        ),
        Index("ix_outbox_event__member", "shop_id", "member_id"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    member_id: Mapped[UUID | None]
    body: Mapped[dict[str, Any]]
    state: Mapped[str]
    created_at: Mapped[datetime]


class Delivery(Base):
    """One outbox event for one subscriber, with a state of its own.

    `state`: pending, done or dead. `next_at` doubles as the claim's lease.
    `is_urgent`: somebody waits for it. ix (shop_id, subscriber, next_at, id) where pending: the
    subscriber's batch; another of the urgent ones alone, which are few.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        ForeignKeyConstraint(
            ["shop_id", "event_id"],
            ["outbox_event.shop_id", "outbox_event.id"],
            name="fk_delivery__outbox_event",
            ondelete="CASCADE",
        ),
        UniqueConstraint("shop_id", "event_id", "subscriber"),
        Index(
            "ix_delivery__pending",
            "shop_id",
            "subscriber",
            "next_at",
            "id",
            postgresql_where="state = 'pending'",
        ),
        Index(
            "ix_delivery__urgent",
            "shop_id",
            "subscriber",
            "next_at",
            "id",
            postgresql_where="state = 'pending' AND is_urgent",
        ),
        Index("ix_delivery__member", "shop_id", "member_id"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    event_id: Mapped[UUID]
    subscriber: Mapped[str]
    member_id: Mapped[UUID | None]
    state: Mapped[str]
    attempts: Mapped[int]
    next_at: Mapped[datetime]
    is_urgent: Mapped[bool] = mapped_column(default=False, server_default=false())
    claimed_by: Mapped[UUID | None]
    error: Mapped[str | None]
    done_at: Mapped[datetime | None]


def stage(
    session: Session,
    shop_id: int,
    kind: str,
    *,
    now: datetime,
    member_id: UUID | None = None,
    body: dict[str, Any] | None = None,
) -> OutboxEvent:
    """Add an event to this transaction and ring the relay after its commit."""
    event = OutboxEvent(
        shop_id=shop_id,
        id=new_id(),
        kind=kind,
        member_id=member_id,
        body=body or {},
        state="new",
        created_at=now,
    )
    session.add(event)
    ring_after_commit(session, "relay", shop_id)
    return event
