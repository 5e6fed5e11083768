"""Tables of campaigns: what is to be told to whom, and the fate of every recipient.

The invariant: a member is a campaign's recipient once, and the fate over both channels is made
of theirs by the database itself.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Computed, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from loyalty.base.db import Base

STATES = ("draft", "scheduled", "preparing", "sending", "paused", "stopped", "done")
FATES = ("waiting", "held_out", "skipped", "queued", "sent", "unknown", "failed")

_STATES = ", ".join(f"'{state}'" for state in STATES)
_CHANNEL_FATES = ", ".join(f"'{fate}'" for fate in FATES if fate != "held_out")
# What is still to be done says more than what is done, and what arrived more than what did not.
_STRONGEST_FIRST = ("waiting", "queued", "sent", "unknown", "failed")
FATE = (
    "case when is_held_out then 'held_out' "
    + " ".join(
        f"when '{fate}' in (email_fate, push_fate) then '{fate}'" for fate in _STRONGEST_FIRST
    )
    + " else 'skipped' end"
)
IS_NEXT = "turn_at is null and fate in ('waiting', 'held_out')"
IS_EMAIL_OPEN = "turn_at is not null and email_fate in ('waiting', 'queued', 'unknown')"
IS_PUSH_OPEN = "turn_at is not null and push_fate in ('waiting', 'queued')"
HAS_WORK = (
    "state in ('scheduled', 'preparing', 'sending') or (state = 'stopped' and done_at is null)"
)


class Campaign(Base):
    """A message to the members of `segment_ids`, over `channels` (email, push).

    `state`: draft → scheduled → preparing (its recipients are written down) → sending → done;
    paused from there and back; stopped for good. `topic`: what the member may have refused.
    `link_path`: where the button leads, on the shop's own site. `holdout_percent`: of those who
    could be told, so many are told nothing. `order_days`: how long orders count for it.
    `coupon_id`, `bonus_points`: what each recipient is given; `promotion_id`: what it announces.
    `prepared_after`: how far the audience was looked through, in the order of members' ids;
    `recipients`: the last number given. `error`: why it paused by itself or ended, in words.
    ix work: the few campaigns that a worker has something to do for.
    """

    __tablename__ = "campaign"
    __table_args__ = (
        CheckConstraint(f"state in ({_STATES})", name="state"),
        CheckConstraint("holdout_percent between 0 and 50", name="holdout_percent"),
        CheckConstraint("order_days between 1 and 90", name="order_days"),
        CheckConstraint("bonus_points > 0", name="bonus_points"),
        ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_campaign__shop"),
        ForeignKeyConstraint(
            ["shop_id", "coupon_id"], ["coupon.shop_id", "coupon.id"], name="fk_campaign__coupon"
        ),
        ForeignKeyConstraint(
            ["shop_id", "promotion_id"],
            ["promotion.shop_id", "promotion.id"],
            name="fk_campaign__promotion",
        ),
        Index("ix_campaign__work", "shop_id", "starts_at", postgresql_where=HAS_WORK),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    state: Mapped[str]
    channels: Mapped[list[str]]
    segment_ids: Mapped[list[str]]
    topic: Mapped[str]
    subject: Mapped[str]
    text: Mapped[str]
    button: Mapped[str]
    link_path: Mapped[str]
    push_text: Mapped[str]
    holdout_percent: Mapped[int]
    coupon_id: Mapped[UUID | None]
    bonus_points: Mapped[int | None]
    promotion_id: Mapped[UUID | None]
    order_days: Mapped[int]
    starts_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    started_by: Mapped[str | None]
    prepared_after: Mapped[UUID | None]
    prepared_at: Mapped[datetime | None]
    recipients: Mapped[int] = mapped_column(default=0, server_default="0")
    done_at: Mapped[datetime | None]
    error: Mapped[str | None]


class CampaignRecipient(Base):
    """A member of a campaign's audience, and what became of them; `number` from 1 on.

    A channel's fate: waiting, queued (handed to it), sent, unknown (its answer was lost), failed,
    or skipped for its `reason`; None where the campaign does not use it. Who is held out is told
    nothing. `turn_at`: when their turn came; for who is held out too, so that orders of both
    count from the same time on. `email_event_id`: the outbox event that makes the email.
    ix turn: whose turn is next. ix email, ix push: what is under way. uq email event: what an
    email's feedback is about. ix fate: counts, and the list of one fate. ix member: theirs.
    """

    __tablename__ = "campaign_recipient"
    __table_args__ = (
        CheckConstraint(f"email_fate in ({_CHANNEL_FATES})", name="email_fate"),
        CheckConstraint(f"push_fate in ({_CHANNEL_FATES})", name="push_fate"),
        ForeignKeyConstraint(
            ["shop_id", "campaign_id"],
            ["campaign.shop_id", "campaign.id"],
            name="fk_campaign_recipient__campaign",
        ),
        ForeignKeyConstraint(
            ["shop_id", "member_id"],
            ["member.shop_id", "member.id"],
            name="fk_campaign_recipient__member",
        ),
        Index(
            "ix_campaign_recipient__turn",
            "shop_id",
            "campaign_id",
            "number",
            postgresql_where=IS_NEXT,
        ),
        Index(
            "ix_campaign_recipient__email",
            "shop_id",
            "campaign_id",
            "number",
            postgresql_where=IS_EMAIL_OPEN,
        ),
        Index(
            "ix_campaign_recipient__push",
            "shop_id",
            "campaign_id",
            "number",
            postgresql_where=IS_PUSH_OPEN,
        ),
        Index(
            "uq_campaign_recipient__email_event",
            "shop_id",
            "email_event_id",
            unique=True,
            postgresql_where="email_event_id is not null",
        ),
        Index("ix_campaign_recipient__fate", "shop_id", "campaign_id", "fate", "number"),
        Index("ix_campaign_recipient__member", "shop_id", "member_id"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int]
    is_held_out: Mapped[bool]
    email_fate: Mapped[str | None]
    email_reason: Mapped[str | None]
    push_fate: Mapped[str | None]
    push_reason: Mapped[str | None]
    fate: Mapped[str] = mapped_column(Computed(FATE, persisted=True))
    turn_at: Mapped[datetime | None]
    email_event_id: Mapped[UUID | None]
    coupon_code_id: Mapped[UUID | None]
    opened_at: Mapped[datetime | None]
    clicked_at: Mapped[datetime | None]
