"""Writes that members change tier: the row, the timeline, and the news for their cards.

The invariant: each change has one event on the timeline that says from what to what, and why.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy.orm import Session

from loyalty import automatic_emails, outbox, timeline
from loyalty.base.bulk import insert_rows, put_rows
from loyalty.base.db import ring_after_commit
from loyalty.base.ids import new_id
from loyalty.members.tables import TimelineEvent
from loyalty.outbox import OutboxEvent
from loyalty.tiers.ladder import Ladder
from loyalty.tiers.tables import MemberTier

Why = Literal["earned", "lapsed", "by_hand", "settings", "merged"]
_TOLD: tuple[Why, ...] = ("earned", "lapsed", "by_hand")


@dataclass(frozen=True, slots=True)
class Move:
    """A member's way from one tier to another, or from or to none."""

    member_id: UUID
    before: UUID | None
    after: UUID | None
    is_up: bool
    why: Why


def write_moves(
    session: Session,
    shop_id: int,
    ladder: Ladder,
    moves: Sequence[Move],
    *,
    now: datetime,
    reason: str | None = None,
) -> None:
    """Let each member stand where their move ends; a few statements for all of them.

    `reason`: what somebody gave for it, who did it by hand.
    """
    if not moves:
        return
    session.flush()
    put_rows(session, MemberTier, [_standing(shop_id, move, now) for move in moves])
    events = [_event(shop_id, ladder, move, reason, now) for move in moves]
    insert_rows(session, TimelineEvent, events)
    insert_rows(session, OutboxEvent, [_news(shop_id, move.member_id, now) for move in moves])
    _ask_emails(session, shop_id, moves, now)
    ring_after_commit(session, "relay", shop_id)


def _standing(shop_id: int, move: Move, now: datetime) -> dict[str, object]:
    return {
        "shop_id": shop_id,
        "member_id": move.member_id,
        "tier_id": move.after,
        "since_at": now,
    }


def _event(
    shop_id: int, ladder: Ladder, move: Move, reason: str | None, now: datetime
) -> dict[str, object]:
    details: dict[str, object] = {
        "from_tier": ladder.name_of(move.before),
        "to_tier": ladder.name_of(move.after),
        "is_up": move.is_up,
        "why": move.why,
    }
    return {
        "shop_id": shop_id,
        "id": new_id(),
        "member_id": move.member_id,
        "kind": timeline.TIER_CHANGED,
        "occurred_at": now,
        "details": details | ({"reason": reason} if reason else {}),
    }


def _ask_emails(session: Session, shop_id: int, moves: Sequence[Move], now: datetime) -> None:
    """Have those told who moved by what they did, or by somebody's hand.

    A merchant who changes the ladder moves thousands at once, and a merge is no news to anybody.
    """
    told = [move for move in moves if move.why in _TOLD]
    if not told or not automatic_emails.is_on(session, shop_id, "tier"):
        return
    rows = [
        _news(shop_id, move.member_id, now)
        | {"kind": outbox.TIER_EMAIL_ASKED, "body": _tier_of(move)}
        for move in told
    ]
    insert_rows(session, OutboxEvent, rows)


def _tier_of(move: Move) -> dict[str, object]:
    return {"tier_id": str(move.after) if move.after else None, "is_up": move.is_up}


def _news(shop_id: int, member_id: UUID, now: datetime) -> dict[str, object]:
    return {
        "shop_id": shop_id,
        "id": new_id(),
        "kind": outbox.MEMBER_CHANGED,
        "member_id": member_id,
        "body": {},
        "state": "new",
        "created_at": now,
    }
