"""A member's tap at a place: always in the timeline, and worth points once for each period.

The invariant: of all taps of a member at one place in one period, whatever reader or till told of
them and in whichever order, at most one earns.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty import timeline
from loyalty.actions.awarding import Deed, note_deed
from loyalty.actions.periods import period_of
from loyalty.actions.readers import get_open_location
from loyalty.actions.rules import ActionRule, find_rule
from loyalty.actions.tables import CheckIn, MemberAction, Reader
from loyalty.audit import Actor
from loyalty.base.clock import day_in
from loyalty.base.errors import IdempotencyConflict
from loyalty.base.ids import new_id
from loyalty.ledger.posting import lock_balance
from loyalty.members.states import get_active_member
from loyalty.shops.tables import Shop


@dataclass(frozen=True, slots=True)
class Tap:
    """A tap as a reader or a till tells it; `client_key` is theirs, and new for each tap."""

    location_id: int
    client_key: UUID
    occurred_at: datetime
    actor: Actor
    reader: Reader | None = None


@dataclass(frozen=True, slots=True)
class Visit:
    """What a tap came to: its points, whether they wait for the end of a pause, and when a tap
    here earns again (None: never, or by no rule). `available` is the balance after it.
    """

    points: int
    is_held: bool
    next_on: date | None
    available: int

    def as_json(self) -> dict[str, Any]:
        """The visit as it is told and stored."""
        return {
            "points": self.points,
            "is_held": self.is_held,
            "next_on": self.next_on.isoformat() if self.next_on else None,
            "balance": self.available,
        }


def find_check_in(
    session: Session, shop_id: int, reader: Reader, client_key: UUID
) -> CheckIn | None:
    """The tap that the reader told of under this key before."""
    return session.scalar(
        select(CheckIn).where(
            CheckIn.shop_id == shop_id,
            CheckIn.reader_id == reader.id,
            CheckIn.client_key == client_key,
        )
    )


def check_in(session: Session, shop: Shop, member_id: UUID, tap: Tap, *, now: datetime) -> CheckIn:
    """Note the tap, and credit it if it is the period's first; a resend gets the first answer.

    Raises LocationNotFound, MemberNotFound, MemberNotActive, and IdempotencyConflict for a key
    that came with another member. Flushes; the caller commits.
    """
    place = get_open_location(session, shop.shop_id, tap.location_id)
    balance = lock_balance(session, shop.shop_id, member_id)
    get_active_member(session, shop.shop_id, member_id)
    if tap.reader and (known := find_check_in(session, shop.shop_id, tap.reader, tap.client_key)):
        if known.member_id != member_id:
            raise IdempotencyConflict(str(tap.client_key))
        return known
    day = day_in(shop.timezone, tap.occurred_at)
    rule = find_rule(session, shop, "check_in", at=tap.occurred_at, location_id=tap.location_id)
    action = _earn(session, shop, member_id, tap, day, rule, now)
    next_on = period_of(rule.limit, day).next_on if rule else None
    session.refresh(balance)
    visit = Visit(
        points=action.points if action else 0,
        is_held=action is not None and action.state == "held",
        next_on=next_on,
        available=balance.available,
    )
    row = _keep(session, shop, member_id, tap, day, visit, now)
    timeline.note_event(
        session,
        shop.shop_id,
        member_id,
        timeline.CUSTOMER_TAPPED,
        tap.occurred_at,
        location_id=place.location_id,
        location=place.name,
        reader=tap.reader.name if tap.reader else None,
        actor=str(tap.actor),
    )
    session.flush()
    return row


def _earn(
    session: Session,
    shop: Shop,
    member_id: UUID,
    tap: Tap,
    day: date,
    rule: ActionRule | None,
    now: datetime,
) -> MemberAction | None:
    """The period's check-in, if this is it. Without a rule there is no period, and nothing."""
    if rule is None or _was_had(session, shop.shop_id, member_id, tap.location_id, day, rule):
        return None
    key = f"{tap.location_id}:{period_of(rule.limit, day).name}"
    deed = Deed("check_in", key, tap.occurred_at, tap.actor)
    return note_deed(session, shop, member_id, deed, rule, now=now)


def _was_had(
    session: Session, shop_id: int, member_id: UUID, location_id: int, day: date, rule: ActionRule
) -> bool:
    """Whether a tap here earned in the rule's period, under whichever limit it was."""
    period = period_of(rule.limit, day)
    statement = select(CheckIn.id).where(
        CheckIn.shop_id == shop_id,
        CheckIn.member_id == member_id,
        CheckIn.location_id == location_id,
        CheckIn.points > 0,
        CheckIn.day_on >= period.first_on,
    )
    if period.last_on is not None:
        statement = statement.where(CheckIn.day_on <= period.last_on)
    return session.scalar(statement.limit(1)) is not None


def _keep(
    session: Session,
    shop: Shop,
    member_id: UUID,
    tap: Tap,
    day: date,
    visit: Visit,
    now: datetime,
) -> CheckIn:
    row = CheckIn(
        shop_id=shop.shop_id,
        id=new_id(),
        member_id=member_id,
        location_id=tap.location_id,
        reader_id=tap.reader.id if tap.reader else None,
        client_key=tap.client_key,
        day_on=day,
        occurred_at=tap.occurred_at,
        noted_at=now,
        points=visit.points,
        answer=visit.as_json(),
    )
    session.add(row)
    return row
