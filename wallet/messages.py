"""What a member is told by push, once each, over all platforms: Push Created, Sent or Failed.

A message has one Push Created, and one Push Sent as soon as one platform accepted it. A newer
message takes the place of an older one that is still open, so that each Created has its end.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    ForeignKeyConstraint,
    Index,
    exists,
    literal_column,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from loyalty import timeline
from loyalty.base.db import Base
from loyalty.campaigns.responses import note_push_sent
from loyalty.ledger.tables import LedgerEntry
from loyalty.members.tables import MemberBalance, TimelineEvent
from wallet.hops import Platform
from wallet.notices import Kind

MessageKey = tuple[UUID, str]
"""(member, message): the two together name a message."""

_NO_ENTRY = "-"  # sorts before every entry's id


class PushMessage(Base):
    """One message to one member, and when its events were written on the timeline.

    `reason`: why it failed, until a platform accepted it after all.
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
    reason: Mapped[str | None]

    @property
    def is_open(self) -> bool:
        """Whether it was created and has not ended."""
        return self.sent_at is None and self.failed_at is None


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
    return {
        one: f"balance:{entries.get(one) or _NO_ENTRY}:{said}" for one, said in balances.items()
    }


def tier_messages(session: Session, shop_id: int, tiers: dict[UUID, str]) -> dict[UUID, str]:
    """Which message it is to tell each member this tier, by its id.

    Named after the newest change of their tier, for they may come back to where they were.
    """
    if not tiers:
        return {}
    rows = session.execute(
        select(TimelineEvent.member_id, TimelineEvent.id)
        .where(
            TimelineEvent.shop_id == shop_id,
            TimelineEvent.member_id.in_(tiers),
            TimelineEvent.kind == timeline.TIER_CHANGED,
        )
        .ext(distinct_on(TimelineEvent.member_id))
        .order_by(TimelineEvent.member_id, TimelineEvent.id.desc())
    )
    changes: dict[UUID, UUID] = {row.member_id: row.id for row in rows}
    return {one: f"tier:{changes.get(one) or _NO_ENTRY}:{said}" for one, said in tiers.items()}


def name_messages(
    session: Session, shop_id: int, contents: Mapping[UUID, Mapping[str, Any]]
) -> dict[Kind, dict[UUID, str]]:
    """By what it tells: which message it is to tell each of these members what their card says."""
    balances = {member_id: content["balance"] for member_id, content in contents.items()}
    tiers = {m: content["tier_id"] for m, content in contents.items() if content.get("tier_id")}
    return {
        "balance": balance_messages(session, shop_id, balances),
        "tier": tier_messages(session, shop_id, tiers),
        # Named after the event that told of it, which is told once.
        "reward": {
            m: f"reward:{content['reward_news']}"
            for m, content in contents.items()
            if content.get("reward_news")
        },
        "marketing": {
            m: f"marketing:{content['message_id']}"
            for m, content in contents.items()
            if content.get("message_id")
        },
    }


def note_created(
    session: Session, shop_id: int, keys: Iterable[MessageKey], platform: Platform, now: datetime
) -> None:
    """Push Created, for each message that no platform has created yet.

    It is not written for one that takes the place of an open one, nor for one that comes too late.
    """
    asked = sorted(set(keys))
    if not asked:
        return
    latest = _lock_latest(session, shop_id, sorted({member for member, _ in asked}))
    rows = [
        {"shop_id": shop_id, "member_id": member, "message": message, "created_at": now}
        for member, message in asked
        if not _is_covered(session, latest.get((member, _kind(message))), message, now)
    ]
    if not rows:
        return
    fresh = session.execute(
        insert(PushMessage)
        .values(rows)
        .on_conflict_do_nothing()
        .returning(PushMessage.member_id, PushMessage.message)
    ).all()
    for key in fresh:
        _note(session, shop_id, (key.member_id, key.message), timeline.PUSH_CREATED, platform, now)


def note_sent(
    session: Session, shop_id: int, keys: Iterable[MessageKey], platform: Platform, now: datetime
) -> None:
    """Push Sent, for each message that no platform had accepted so far."""
    first = _first(session, shop_id, keys, {"sent_at": now})
    for key in first:
        _note(session, shop_id, key, timeline.PUSH_SENT, platform, now)
    texts = [UUID(_entry(message)) for _, message in first if _kind(message) == "marketing"]
    if texts:
        # A campaign that gave the answer up an hour later follows its pushes no more by itself.
        note_push_sent(session, shop_id, texts)


def note_failed(
    session: Session,
    shop_id: int,
    key: MessageKey,
    platform: Platform,
    reason: str,
    now: datetime,
) -> None:
    """Push Failed with the provider's reason, unless a platform accepted the message."""
    for one in _first(session, shop_id, [key], {"failed_at": now}, reason):
        _note(session, shop_id, one, timeline.PUSH_FAILED, platform, now, reason=reason)


def note_unheard(
    session: Session,
    shop_id: int,
    key: MessageKey,
    platform: Platform,
    reason: str,
    now: datetime,
) -> None:
    """Push Created and Failed for a text that stands on the card without having been heard."""
    note_created(session, shop_id, [key], platform, now)
    note_failed(session, shop_id, key, platform, reason, now)


def _lock_latest(
    session: Session, shop_id: int, members: list[UUID]
) -> dict[tuple[UUID, str], PushMessage]:
    """(member, kind) → the open message, else the newest; who else creates one waits for us."""
    # Two platforms at once would each find nothing. All take the locks in one order.
    locks = text(
        "select pg_advisory_xact_lock(hashtextextended(name, 0))"
        " from unnest(cast(:names as text[])) as name"
    )
    session.execute(locks, {"names": [f"push_message:{shop_id}:{member}" for member in members]})
    kind: ColumnElement[str] = literal_column("split_part(push_message.message, ':', 1)")
    is_open = PushMessage.sent_at.is_(None) & PushMessage.failed_at.is_(None)
    rows = session.scalars(
        select(PushMessage)
        .where(PushMessage.shop_id == shop_id, PushMessage.member_id.in_(members))
        .ext(distinct_on(PushMessage.member_id, kind))
        .order_by(
            PushMessage.member_id, kind, is_open.desc(), PushMessage.message.collate("C").desc()
        )
        .execution_options(populate_existing=True)
    )
    return {(row.member_id, _kind(row.message)): row for row in rows}


def _is_covered(session: Session, latest: PushMessage | None, message: str, now: datetime) -> bool:
    """Whether the latest of its kind stands for this one: it is newer, or becomes this one."""
    if latest is None or latest.message == message:
        return latest is not None
    if _entry(latest.message) > _entry(message):
        return True
    return latest.is_open and _rename(session, latest, message, now)


def _rename(session: Session, older: PushMessage, message: str, now: datetime) -> bool:
    """False if the older one has ended meanwhile, or the message is there already."""
    other = aliased(PushMessage)
    same = (other.shop_id == older.shop_id) & (other.member_id == older.member_id)
    renamed = session.scalar(
        update(PushMessage)
        .where(
            PushMessage.shop_id == older.shop_id,
            PushMessage.member_id == older.member_id,
            PushMessage.message == older.message,
            PushMessage.sent_at.is_(None),
            PushMessage.failed_at.is_(None),
            ~exists().where(same, other.message == message),
        )
        .values(message=message, created_at=now)
        .returning(PushMessage.message)
        .execution_options(synchronize_session=False)
    )
    return renamed is not None


def _kind(message: str) -> str:
    return message.split(":")[0]


def _entry(message: str) -> str:
    return message.split(":")[1]


def _first(
    session: Session,
    shop_id: int,
    keys: Iterable[MessageKey],
    values: dict[str, datetime],
    reason: str | None = None,
) -> list[MessageKey]:
    """Those of the messages for which this is the first time."""
    rows = session.execute(
        update(PushMessage)
        .where(
            PushMessage.shop_id == shop_id,
            tuple_(PushMessage.member_id, PushMessage.message).in_(sorted(set(keys))),
            PushMessage.sent_at.is_(None),
            *(getattr(PushMessage, name).is_(None) for name in values),
        )
        .values(**values, reason=reason)
        .returning(PushMessage.member_id, PushMessage.message)
        .execution_options(synchronize_session=False)
    )
    return [(row.member_id, row.message) for row in rows]


def _note(
    session: Session,
    shop_id: int,
    key: MessageKey,
    kind: str,
    platform: Platform,
    now: datetime,
    **details: Any,
) -> None:
    member_id, message = key
    if _kind(message) == "marketing":
        details |= {"about": "marketing", "message_id": _entry(message)}
    timeline.note_event(session, shop_id, member_id, kind, now, platform=platform, **details)
