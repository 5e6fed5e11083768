"""Writes that members change tier: the row, the timeline, and the news for their cards.

The invariant: each change has one event on the timeline that says from what to what, and why.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy.orm import Session

from loyalty import outbox, timeline
from loyalty.base.bulk import insert_rows, put_rows
from loyalty.base.db import ring_after_commit
from loyalty.base.ids import new_id
from loyalty.members.tables import TimelineEvent
from loyalty.outbox import OutboxEvent
from loyalty.tiers.ladder import Ladder
from loyalty.tiers.tables import MemberTier

Why = Literal["earned", "lapsed", "by_hand", "settings", "merged"]


@dataclass(frozen=True, slots=True)
class Move:
    """A member's way from one rank to another."""

    member_id: UUID
    before: int
    after: int


def write_moves(
    session: Session,
    shop_id: int,
    ladder: Ladder,
    moves: Sequence[Move],
    *,
    why: Why,
    now: datetime,
    was: Ladder | None = None,
) -> None:
    """Let each member stand where their move ends; a few statements for all of them.

    `was`: the ladder of the ranks before, where it is another one.
    """
    if not moves:
        return
    session.flush()
    rows = [
        {
            "shop_id": shop_id,
            "member_id": move.member_id,
            "tier_id": ladder.id_of(move.after),
            "since_at": now,
        }
        for move in moves
    ]
    put_rows(session, MemberTier, rows)
    insert_rows(
        session, TimelineEvent, [_event(shop_id, was or ladder, ladder, m, why, now) for m in moves]
    )
    _tell(session, shop_id, [move.member_id for move in moves], now)


def _event(
    shop_id: int, was: Ladder, ladder: Ladder, move: Move, why: Why, now: datetime
) -> dict[str, object]:
    return {
        "shop_id": shop_id,
        "id": new_id(),
        "member_id": move.member_id,
        "kind": timeline.TIER_CHANGED,
        "occurred_at": now,
        "details": {
            "from_tier": was.name_of(move.before),
            "to_tier": ladder.name_of(move.after),
            "is_up": move.after > move.before,
            "why": why,
        },
    }


def _tell(session: Session, shop_id: int, member_ids: Sequence[UUID], now: datetime) -> None:
    rows = [
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
    insert_rows(session, OutboxEvent, rows)
    ring_after_commit(session, "relay", shop_id)
