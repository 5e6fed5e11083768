"""What a member has said to marketing, per channel. The later word wins; silence is no yes.

A tick on a public page is only `asked`: anybody can type an address. It becomes `subscribed` when
the address is proved to be the member's. Shopify tells whole seconds: of two words in one second
the stricter stands.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
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
WITHDRAWN = "withdrawn"
"""What Shopify tells where it shows a yes no more: a no to who said yes before, else nothing."""
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
        """Let this be the member's word from now on, whatever was said before."""
        refused_at = at if state == "unsubscribed" else self.refused_at
        self.stand(Standing(state, source, at, None if state == "subscribed" else refused_at))

    def stand(self, standing: "Standing") -> None:
        """Let it be as `standing` says."""
        for name in ("state", "source", "changed_at", "refused_at"):
            setattr(self, name, getattr(standing, name))


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stands with one channel of a member; the columns of MemberConsent."""

    state: str
    source: str
    changed_at: datetime
    refused_at: datetime | None


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
    standing = settle(known, state, source, said_at)
    if standing is None:
        return False
    if known is None:
        known = MemberConsent(shop_id=shop_id, member_id=member_id, channel=channel)
        session.add(known)
    known.stand(standing)
    session.flush()
    if source != SHOPIFY and state != "asked":
        ask_to_agree(session, shop_id, member_id, now=said_at)
    return True


def settle(known: Any, state: str, source: str, said_at: datetime) -> Standing | None:
    """How it stands once the word was heard, in whatever order words come; None: as before.

    `known` is a MemberConsent, a row of its columns, or None. A yes or no stands until a later
    one; a tick is remembered beside them, and neither lifts a no nor takes a yes back. `state`
    is a State or WITHDRAWN.
    """
    if state == WITHDRAWN:
        if known is None or known.state != "subscribed":
            return None
        state = "unsubscribed"
    if known is None:
        return Standing(state, source, said_at, said_at if state == "unsubscribed" else None)
    if known.state == "asked" and state != "asked":
        return _beside_tick(known, state, source, said_at)
    if (known.state, state) == ("subscribed", "asked"):
        return None
    if not _is_later(known, state, source, said_at):
        return None
    refused_at = {"unsubscribed": said_at, "subscribed": None}.get(state, known.refused_at)
    return Standing(state, source, said_at, refused_at)


def _is_later(known: Any, state: str, source: str, said_at: datetime) -> bool:
    if SHOPIFY in (known.source, source) and _second(said_at) == _second(known.changed_at):
        return state != known.state and stricter(state, known.state) == state
    return bool(said_at > known.changed_at)


def _beside_tick(known: Any, state: str, source: str, said_at: datetime) -> Standing | None:
    """A yes or no that comes after a tick, which may be the later of the two."""
    refused_at = known.refused_at
    if state == "subscribed":
        if refused_at is not None and _second(said_at) <= _second(refused_at):
            return None
        return Standing(state, source, said_at, None)
    if _second(said_at) >= _second(known.changed_at):
        return Standing(state, source, said_at, said_at)
    if refused_at is not None and refused_at >= said_at:
        return None
    return Standing(known.state, known.source, known.changed_at, said_at)


def _second(at: datetime) -> datetime:
    return at.replace(microsecond=0)


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
