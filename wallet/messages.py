"""What a member is told by push, once each, over all platforms: Push Created, Sent or Failed.

A message has one Push Created, and one Push Sent as soon as one platform accepted it.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from loyalty import timeline
from loyalty.base.db import Base
from loyalty.ledger.tables import LedgerEntry
from loyalty.members.tables import MemberBalance
from wallet.hops import Platform

MessageKey = tuple[UUID, str]
"""(member, message): the two together name a message."""


class PushMessage(Base):
    """One message to one member, and when its events were written on the timeline.

    pk (shop_id, member_id, message): each event is written once. ix created: the purge.
    """

    __tablename__ = "push_message"
    __table_args__ = (
        ForeignKeyConstraint(
            ["shop_id", "member_id"],
            ["member.shop_id", "member.id"],
            name="fk_push_message__member",
        ),
        Index("ix_push_message__created", "shop_id", "created_at"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[UUID] = mapped_column(primary_key=True)
    message: Mapped[str] = mapped_column(primary_key=True)
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]


def balance_messages(session: Session, shop_id: int, balances: dict[UUID, str]) -> dict[UUID, str]:
    """Which message it is to tell each member this balance: the same one on every platform.

    Named after the newest entry of the ledger, for a balance may come back to where it was.
    """
    newest = (
        select(LedgerEntry.id)
        .where(
            LedgerEntry.shop_id == MemberBalance.shop_id,
            LedgerEntry.member_id == MemberBalance.member_id,
        )
        .order_by(LedgerEntry.id.desc())
        .limit(1)
        .scalar_subquery()
        .label("entry_id")
    )
    rows = session.execute(
        select(MemberBalance.member_id, newest).where(
            MemberBalance.shop_id == shop_id, MemberBalance.member_id.in_(balances)
        )
    )
    entries = {row.member_id: row.entry_id for row in rows}
    return {one: f"balance:{entries.get(one)}:{said}" for one, said in balances.items()}


def note_created(
    session: Session, shop_id: int, keys: Iterable[MessageKey], platform: Platform, now: datetime
) -> None:
    """Push Created, for each message that no platform has created yet."""
    rows = [
        {"shop_id": shop_id, "member_id": member, "message": message, "created_at": now}
        for member, message in sorted(set(keys))
    ]
    if not rows:
        return
    fresh = session.execute(
        insert(PushMessage)
        .values(rows)
        .on_conflict_do_nothing()
        .returning(PushMessage.member_id, PushMessage.message)
    ).all()
    for member, _ in fresh:
        _note(session, shop_id, member, timeline.PUSH_CREATED, platform, now)


def note_sent(
    session: Session, shop_id: int, keys: Iterable[MessageKey], platform: Platform, now: datetime
) -> None:
    """Push Sent, for each message that no platform had accepted so far."""
    for member in _first(session, shop_id, keys, {"sent_at": now}):
        _note(session, shop_id, member, timeline.PUSH_SENT, platform, now)


def note_failed(
    session: Session,
    shop_id: int,
    key: MessageKey,
    platform: Platform,
    reason: str,
    now: datetime,
) -> None:
    """Push Failed with the provider's reason, unless a platform accepted the message."""
    for member in _first(session, shop_id, [key], {"failed_at": now}):
        _note(session, shop_id, member, timeline.PUSH_FAILED, platform, now, reason=reason)


def _first(
    session: Session, shop_id: int, keys: Iterable[MessageKey], values: dict[str, datetime]
) -> list[UUID]:
    """The members of those messages for which this is the first time."""
    rows = session.execute(
        update(PushMessage)
        .where(
            PushMessage.shop_id == shop_id,
            tuple_(PushMessage.member_id, PushMessage.message).in_(sorted(set(keys))),
            PushMessage.sent_at.is_(None),
            *(getattr(PushMessage, name).is_(None) for name in values),
        )
        .values(values)
        .returning(PushMessage.member_id)
        .execution_options(synchronize_session=False)
    )
    return list(rows.scalars())


def _note(
    session: Session,
    shop_id: int,
    member_id: UUID,
    kind: str,
    platform: Platform,
    now: datetime,
    **details: Any,
) -> None:
    timeline.note_event(session, shop_id, member_id, kind, now, platform=platform, **details)
