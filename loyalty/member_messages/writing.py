"""Texts put on cards, each once for its key, and taken off when they are over.

The invariant: the members' balances are locked, so nobody who is being erased or merged is
written to. Set-based: as many statements for 5,000 members as for one.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from loyalty import outbox
from loyalty.audit import Actor
from loyalty.base.bulk import add_rows, among, insert_rows
from loyalty.base.db import ring_after_commit
from loyalty.base.errors import BadMessage
from loyalty.base.ids import new_id
from loyalty.base.said import N_, said
from loyalty.member_messages.reading import list_newest
from loyalty.member_messages.tables import TEXT_MAX, MemberMessage
from loyalty.members.tables import Member, MemberBalance
from loyalty.outbox import OutboxEvent

AT_ONCE_MAX = 5_000
_TOO_LONG = N_("Use at most %(most)s characters: this has %(count)s")
LASTS = timedelta(days=14)
"""How long a text stays on a card unless somebody says otherwise."""


def read_text(text: str) -> str:
    """`text` in one line; raises BadMessage for one that no card can show."""
    if "\0" in text:
        raise BadMessage("text", said("Use letters, numbers and signs only"))
    line = " ".join(text.split())
    if not line:
        raise BadMessage("text", said("Write what the card is to say"))
    if len(line) > TEXT_MAX:
        raise BadMessage("text", said(_TOO_LONG, most=TEXT_MAX, count=len(line)))
    return line


def put_on_cards(
    session: Session,
    shop_id: int,
    texts: Mapping[UUID, str],
    *,
    key: str,
    actor: Actor,
    now: datetime,
    campaign_id: UUID | None = None,
    expires_at: datetime | None = None,
) -> dict[UUID, UUID]:
    """Give each active member of `texts` their text; member → message, of those written just now.

    `key` names the asking: the same again writes nothing again. Locks the members' balances.
    Stages what tells the cards. At most AT_ONCE_MAX; flushes; the caller commits.
    """
    assert len(texts) <= AT_ONCE_MAX
    active = _lock_active(session, shop_id, texts)
    before = list_newest(session, shop_id, active)
    ids = {member_id: new_id() for member_id in active}
    rows: list[dict[str, Any]] = [
        {
            "shop_id": shop_id,
            "id": message_id,
            "member_id": member_id,
            "key": f"{key}:{member_id}",
            "campaign_id": campaign_id,
            "text": texts[member_id],
            "variant": _variant(before.get(member_id), texts[member_id]),
            "actor": str(actor),
            "created_at": now,
            "expires_at": expires_at or now + LASTS,
        }
        for member_id, message_id in ids.items()
    ]
    fresh = add_rows(session, MemberMessage, rows, "id")
    written = {member_id: one for member_id, one in ids.items() if one in fresh}
    _tell_cards(session, shop_id, list(written), now)
    return written


def take_off_due(session: Session, shop_id: int, *, now: datetime, limit: int) -> int:
    """Have a batch of texts that are over leave their cards; how many. The caller commits."""
    due = (
        select(MemberMessage.id)
        .where(
            MemberMessage.shop_id == shop_id,
            MemberMessage.ended_at.is_(None),
            MemberMessage.expires_at <= now,
        )
        .order_by(MemberMessage.expires_at, MemberMessage.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ended = session.execute(
        update(MemberMessage)
        .where(MemberMessage.shop_id == shop_id, MemberMessage.id.in_(due))
        .values(ended_at=now)
        .returning(MemberMessage.member_id)
        .execution_options(synchronize_session=False)
    ).scalars()
    members = list(ended)
    _tell_cards(session, shop_id, sorted(set(members)), now)
    return len(members)


def forget_old_messages(session: Session, shop_id: int, *, before: datetime) -> int:
    """Forget texts that left the cards before then; how many. The caller commits."""
    gone = session.execute(
        delete(MemberMessage).where(
            MemberMessage.shop_id == shop_id, MemberMessage.ended_at < before
        ),
        execution_options={"synchronize_session": False},
    )
    return gone.rowcount  # type: ignore[attr-defined]


def _lock_active(session: Session, shop_id: int, member_ids: Collection[UUID]) -> list[UUID]:
    """Keep merges and erasures of these away until the commit; those who are active, by id."""
    rows = session.execute(
        select(MemberBalance.member_id)
        .where(MemberBalance.shop_id == shop_id, among(MemberBalance.member_id, member_ids))
        .order_by(MemberBalance.member_id)
        .with_for_update(read=True)
    )
    locked = [row.member_id for row in rows]
    statement = (
        select(Member.id)
        .where(
            Member.shop_id == shop_id,
            among(Member.id, locked),
            Member.state == "active",
        )
        .order_by(Member.id)
    )
    return list(session.scalars(statement))


def _variant(before: MemberMessage | None, text: str) -> int:
    return 1 - before.variant if before is not None and before.text == text else 0


def _tell_cards(session: Session, shop_id: int, member_ids: list[UUID], now: datetime) -> None:
    events = [
        {
            "shop_id": shop_id,
            "id": new_id(),
            "kind": outbox.MEMBER_CHANGED,
            "member_id": member_id,
            "body": {},
            "state": "new",
            "created_at": now,
        }
        for member_id in member_ids
    ]
    insert_rows(session, OutboxEvent, events)
    if events:
        ring_after_commit(session, "relay", shop_id)
