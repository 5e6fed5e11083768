"""What a member has said to marketing, per channel. The later word wins; silence is no yes.

A tick on a public page is only `asked`: anybody can type an address. It becomes `subscribed` when
the address is proved to be the member's. Shopify tells whole seconds: of two words in one second
the stricter stands.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Literal, Protocol
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from loyalty import outbox
from loyalty.base.bulk import among
from loyalty.base.db import Base

Channel = Literal["email", "sms"]
State = Literal["subscribed", "asked", "unsubscribed"]

SHOPIFY = "shopify"
"""The source of what Shopify told us; every other word is ours to tell."""
VERIFIED = "verified_email"
"""The source of a tick that counts since its address was proved."""
_STRICTEST_FIRST: tuple[str | None, ...] = ("unsubscribed", None, "asked", "subscribed")
"""None: never said anything."""


class MemberConsent(Base):
    """A member's last word on one channel, and where they said it.

    `refused_at`: when they last said no, until they say yes; a mere tick does not lift it.
    pk (shop_id, member_id, channel): each send asks.
    """

    __tablename__ = "member_consent"
    __table_args__ = (
        CheckConstraint("channel in ('email', 'sms')", name="channel"),
        CheckConstraint("state in ('subscribed', 'asked', 'unsubscribed')", name="state"),
        ForeignKeyConstraint(
            ["shop_id", "member_id"],
            ["member.shop_id", "member.id"],
            name="fk_member_consent__member",
        ),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[UUID] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str]
    source: Mapped[str]
    changed_at: Mapped[datetime]
    refused_at: Mapped[datetime | None]

    @property
    def strictest(self) -> str:
        """The word, but a no that a tick has not lifted yet."""
        return "unsubscribed" if self.refused_at is not None else self.state

    def take(self, state: str, source: str, at: datetime) -> None:
        """Let this be the member's word from now on."""
        self.refused_at = refused_at(self.refused_at, state, at)
        self.state, self.source, self.changed_at = state, source, at


class Word(Protocol):
    """A word that is known: a MemberConsent, or a row of its columns."""

    @property
    def state(self) -> Any: ...
    @property
    def source(self) -> Any: ...
    @property
    def changed_at(self) -> Any: ...


def say(
    session: Session,
    shop_id: int,
    member_id: UUID,
    channel: Channel,
    state: State,
    *,
    source: str,
    said_at: datetime,
) -> bool:
    """Remember what was said at `said_at`; False, and nothing written, if a later word is known.

    What is news to Shopify is told to it. The member's row or balance is locked. Flushes; the
    caller commits.
    """
    key = (shop_id, member_id, channel)
    known = session.get(MemberConsent, key, with_for_update=True, populate_existing=True)
    if known is None:
        known = MemberConsent(shop_id=shop_id, member_id=member_id, channel=channel)
        session.add(known)
    elif not is_later(known, state, source, said_at):
        return False
    known.take(state, source, said_at)
    session.flush()
    if source != SHOPIFY and state != "asked":
        ask_to_agree(session, shop_id, member_id, now=said_at)
    return True


def is_later(known: Word, state: str, source: str, said_at: datetime) -> bool:
    """Whether the word said at `said_at` stands instead of the known one."""
    if (known.state, state) == ("subscribed", "asked"):
        return False
    if SHOPIFY in (known.source, source):
        then, now = (at.replace(microsecond=0) for at in (known.changed_at, said_at))
        if then == now:
            return state != known.state and stricter(state, known.state) == state
    return bool(said_at > known.changed_at)


def refused_at(known: datetime | None, state: str, at: datetime) -> datetime | None:
    """When the member last said no, once `state` is their word; None from their yes on."""
    return at if state == "unsubscribed" else None if state == "subscribed" else known


def ask_to_agree(session: Session, shop_id: int, member_id: UUID, *, now: datetime) -> None:
    """Have our words and Shopify's held against each other after the commit."""
    outbox.stage(session, shop_id, outbox.CONSENT_CHANGED, member_id=member_id, now=now)


def confirm_asked(session: Session, shop_id: int, member_id: UUID, *, now: datetime) -> bool:
    """The member's email address is proved: what was ticked for it counts from now on."""
    known = session.get(
        MemberConsent, (shop_id, member_id, "email"), with_for_update=True, populate_existing=True
    )
    if known is None or known.state != "asked":
        return False
    known.take("subscribed", VERIFIED, now)
    session.flush()
    ask_to_agree(session, shop_id, member_id, now=now)
    return True


def read_consents(session: Session, shop_id: int, member_id: UUID) -> dict[str, str]:
    """channel → what the member said last; a channel without a word is left out."""
    rows = session.execute(
        select(MemberConsent.channel, MemberConsent.state).where(
            MemberConsent.shop_id == shop_id, MemberConsent.member_id == member_id
        )
    )
    return {row.channel: row.state for row in rows}


def list_unsubscribed(
    session: Session, shop_id: int, member_ids: Collection[UUID]
) -> frozenset[UUID]:
    """Who of these wants no marketing: neither emails nor pushes. Silence is no no."""
    if not member_ids:
        return frozenset()
    found = session.scalars(
        select(MemberConsent.member_id).where(
            MemberConsent.shop_id == shop_id,
            among(MemberConsent.member_id, member_ids),
            MemberConsent.channel == "email",
            MemberConsent.refused_at.is_not(None),
        )
    )
    return frozenset(found)


def stricter(one: str | None, other: str | None) -> str | None:
    """Which of two words allows less: a no, then silence, then a tick, then a yes."""
    return min(one, other, key=_STRICTEST_FIRST.index)
