"""What a member has said to marketing, per channel. The later word wins; silence is no yes.

A tick on a public page is only `asked`: anybody can type an address. It becomes `subscribed` when
the address is proved to be the member's.
"""

from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from loyalty.base.db import Base

Channel = Literal["email", "sms"]
State = Literal["subscribed", "asked", "unsubscribed"]

_STRICTEST_FIRST: tuple[str | None, ...] = ("unsubscribed", None, "asked", "subscribed")
"""None: never said anything."""


class MemberConsent(Base):
    """A member's last word on one channel, and where they said it.

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

    The member's row or balance is locked. Flushes; the caller commits.
    """
    key = (shop_id, member_id, channel)
    known = session.get(MemberConsent, key, with_for_update=True, populate_existing=True)
    if known is None:
        known = MemberConsent(shop_id=shop_id, member_id=member_id, channel=channel)
        session.add(known)
    elif known.changed_at >= said_at or (known.state, state) == ("subscribed", "asked"):
        return False
    known.state, known.source, known.changed_at = state, source, said_at
    session.flush()
    return True


def confirm_asked(session: Session, shop_id: int, member_id: UUID, *, now: datetime) -> bool:
    """The member's email address is proved: what was ticked for it counts from now on."""
    known = session.get(
        MemberConsent, (shop_id, member_id, "email"), with_for_update=True, populate_existing=True
    )
    if known is None or known.state != "asked":
        return False
    known.state, known.changed_at = "subscribed", now
    session.flush()
    return True


def read_consents(session: Session, shop_id: int, member_id: UUID) -> dict[str, str]:
    """channel → what the member said last; a channel without a word is left out."""
    rows = session.execute(
        select(MemberConsent.channel, MemberConsent.state).where(
            MemberConsent.shop_id == shop_id, MemberConsent.member_id == member_id
        )
    )
    return {row.channel: row.state for row in rows}


def stricter(one: str | None, other: str | None) -> str | None:
    """Which of two words allows less: a no, then silence, then a tick, then a yes."""
    return min(one, other, key=_STRICTEST_FIRST.index)
