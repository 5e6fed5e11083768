"""Reward Redeemable: told once each time a member's available points reach a reward's cost.

The invariant: told in the transaction that raised the points, and never while they stay above.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from loyalty import automatic_emails, outbox, timeline
from loyalty.base.bulk import among_many, insert_rows
from loyalty.base.db import ring_after_commit
from loyalty.base.ids import new_id
from loyalty.members.tables import Member, TimelineEvent
from loyalty.outbox import OutboxEvent
from loyalty.programme.rules import get_programme
from loyalty.rewards.eligibility import Circumstances, read_circumstances, refusal_of
from loyalty.rewards.listing import list_rewards
from loyalty.rewards.pricing import least_points
from loyalty.rewards.tables import Reward
from loyalty.shops.tables import Shop


@dataclass(frozen=True, slots=True)
class Redeemable:
    """The newest word that a reward came within reach. `event_id`: of the timeline."""

    event_id: UUID
    reward_id: UUID
    name: str
    at: datetime


def note_crossings(
    session: Session, shop_id: int, risen: Mapping[UUID, tuple[int, int]], *, now: datetime
) -> None:
    """Tell on the timeline which rewards came within reach: (available before, after) by member.

    A reward that the member could not have all the same (hidden, of another tier, used up, out
    of stock, out of season), or that nobody can have in a pause, is not told. Flushes.
    """
    rising = {member_id: span for member_id, span in risen.items() if span[1] > max(span[0], 0)}
    if not rising:
        return
    rewards = list_rewards(session, shop_id, is_active=True)
    crossed = [
        (member_id, reward)
        for member_id, (before, after) in sorted(rising.items())
        for reward in rewards
        if before < least_points(reward) <= after
    ]
    if crossed and get_programme(session, shop_id).paused_at is None:
        _tell(session, shop_id, crossed, now)


def list_newest(
    session: Session, shop_id: int, member_ids: Iterable[UUID]
) -> dict[UUID, Redeemable]:
    """What each of these members was told last; who never was is left out."""
    rows = session.execute(
        select(
            TimelineEvent.member_id,
            TimelineEvent.id,
            TimelineEvent.details,
            TimelineEvent.occurred_at,
        )
        .where(
            TimelineEvent.shop_id == shop_id,
            among_many(TimelineEvent.member_id, member_ids),
            TimelineEvent.kind == timeline.REWARD_REDEEMABLE,
        )
        .ext(distinct_on(TimelineEvent.member_id))
        .order_by(TimelineEvent.member_id, TimelineEvent.id.desc())
    )
    return {
        row.member_id: Redeemable(
            row.id, UUID(row.details["reward_id"]), row.details["reward"], row.occurred_at
        )
        for row in rows
        # An erased member's events have lost their words.
        if "reward_id" in row.details
    }


def _tell(
    session: Session, shop_id: int, crossed: list[tuple[UUID, Reward]], now: datetime
) -> None:
    shop = session.get_one(Shop, shop_id)
    members, rewards = {member_id for member_id, _ in crossed}, {r.id: r for _, r in crossed}
    active = _active(session, shop_id, members)
    stands = read_circumstances(session, shop, rewards.values(), active, now=now).lasting()
    told = [
        (member_id, reward)
        for member_id, reward in crossed
        if member_id in active and _is_for(reward, member_id, stands)
    ]
    events = [_event(shop_id, member_id, reward, now) for member_id, reward in told]
    insert_rows(session, TimelineEvent, events)
    _ask_emails(session, shop_id, dict(told), now)


def _ask_emails(session: Session, shop_id: int, told: Mapping[UUID, Reward], now: datetime) -> None:
    """One email to each, however many rewards came within reach at once."""
    if not told or not automatic_emails.is_on(session, shop_id, "reward_in_reach"):
        return
    rows = [
        {
            "shop_id": shop_id,
            "id": new_id(),
            "kind": outbox.REACH_EMAIL_ASKED,
            "member_id": member_id,
            "body": {"reward_id": str(reward.id)},
            "state": "new",
            "created_at": now,
        }
        for member_id, reward in told.items()
    ]
    insert_rows(session, OutboxEvent, rows)
    ring_after_commit(session, "relay", shop_id)


def _active(session: Session, shop_id: int, member_ids: Iterable[UUID]) -> set[UUID]:
    statement = select(Member.id).where(
        Member.shop_id == shop_id, among_many(Member.id, member_ids), Member.state == "active"
    )
    return set(session.scalars(statement))


def _is_for(reward: Reward, member_id: UUID, stands: Circumstances) -> bool:
    """Whether they can have it themselves, at the till or on their page."""
    return any(
        refusal_of(reward, member_id, stands, channel=channel) is None
        for channel in ("online", "till")
    )


def _event(shop_id: int, member_id: UUID, reward: Reward, now: datetime) -> dict[str, object]:
    return {
        "shop_id": shop_id,
        "id": new_id(),
        "member_id": member_id,
        "kind": timeline.REWARD_REDEEMABLE,
        "occurred_at": now,
        "details": {
            "reward": reward.name,
            "reward_id": str(reward.id),
            "cost_points": least_points(reward),
        },
    }
