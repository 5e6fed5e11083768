"""Points given to the members of a decision, a batch a transaction: killed anywhere, it goes on.

The invariant: a member of a decision has one entry, by the key `group_grant:<id>:<member>`; who
has taken in one who has it gets none besides.
Locks: the decision, then the members' balances in id order.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, insert, literal, select
from sqlalchemy.orm import Session

from loyalty import outbox
from loyalty.base import bulk
from loyalty.base.errors import MemberHasMoved
from loyalty.base.ids import new_id
from loyalty.group_grants.tables import GroupGrant, GroupGrantMember
from loyalty.ledger.books import Books
from loyalty.ledger.journal import Cause
from loyalty.listing.selection import Selection, next_selected
from loyalty.members.identity import list_taken_in, survivor_of
from loyalty.members.tables import Member
from loyalty.outbox import OutboxEvent
from loyalty.segments.tables import SegmentMember
from loyalty.shops.directory import get_shop
from loyalty.tiers.standing import BY_POINTS, after_changes

PREPARED_AT_ONCE = 10_000
GIVEN_AT_ONCE = 200
"""A till that redeems waits no longer than for so many."""
HAS_IT = "has it already"
"""Why whoever took in one who was given the points gets none."""


def prepare_batch(session: Session, grant: GroupGrant) -> None:
    """Write down the next members it means; when they are all there, giving begins.

    `grant` is locked. Who comes to be meant meanwhile may or may not be among them. Flushes.
    """
    following = _following(session, grant)
    rows = following.add_columns(
        literal(grant.shop_id).label("shop_id"),
        literal(grant.id).label("grant_id"),
        literal("waiting").label("state"),
    )
    written = session.scalars(
        insert(GroupGrantMember)
        .from_select(["member_id", "shop_id", "grant_id", "state"], rows)
        .returning(GroupGrantMember.member_id)
    ).all()
    grant.members += len(written)
    if written:
        grant.prepared_after = max(written)
    if len(written) < PREPARED_AT_ONCE:
        grant.state = "giving"
    session.flush()


def _following(session: Session, grant: GroupGrant) -> Select[UUID]:
    """The next members it means, by id: one column, member_id."""
    if grant.selection is not None:
        selection = Selection.read(grant.selection)
        return next_selected(
            session,
            grant.shop_id,
            selection,
            after=grant.prepared_after,
            limit=PREPARED_AT_ONCE,
        )
    following = (
        select(SegmentMember.member_id)
        .where(
            SegmentMember.shop_id == grant.shop_id,
            SegmentMember.segment_id == grant.segment_id,
        )
        .order_by(SegmentMember.member_id)
        .limit(PREPARED_AT_ONCE)
    )
    if grant.prepared_after is None:
        return following
    return following.where(SegmentMember.member_id > grant.prepared_after)


def give_batch(session: Session, grant: GroupGrant, *, now: datetime) -> None:
    """Give the points to the next members; when nobody waits any more, it is done.

    `grant` is locked. Who is not active by now is skipped, with the reason, and so is who has the
    points of one they took in; for whoever was merged the survivor has a turn. Flushes.
    """
    waiting = _list_waiting(session, grant)
    if not waiting:
        grant.state, grant.done_at = "done", now
        session.flush()
        return
    before = _list_states(session, grant.shop_id, waiting)
    try:
        there = [one for one in waiting if before[one] != "merged"]
        books = Books.open(session, grant.shop_id, there, now=now)
    except MemberHasMoved:
        return  # merged in this very moment: the next turn knows it
    # Once more, under the locks.
    states = _list_states(session, grant.shop_id, waiting)
    states |= dict.fromkeys(_list_who_have_it(session, grant, there), HAS_IT)
    entries = _credit(books, grant, [one for one in there if states[one] == "active"], now)
    _note(session, grant, states, entries)
    _take_on_survivors(session, grant, [one for one in waiting if states[one] == "merged"])
    if grant.tells_members:
        _tell(session, grant, list(entries), now)
    shop = get_shop(session, grant.shop_id)
    after_changes(session, shop, sorted(entries), now=now, touched=BY_POINTS)
    session.flush()


def _list_waiting(session: Session, grant: GroupGrant) -> Sequence[UUID]:
    """The next who wait, by id. Nobody else changes them: the decision is locked."""
    statement = (
        select(GroupGrantMember.member_id)
        .where(
            GroupGrantMember.shop_id == grant.shop_id,
            GroupGrantMember.grant_id == grant.id,
            GroupGrantMember.state == "waiting",
        )
        .order_by(GroupGrantMember.member_id)
        .limit(GIVEN_AT_ONCE)
    )
    return session.scalars(statement).all()


def _list_states(session: Session, shop_id: int, member_ids: Sequence[UUID]) -> dict[UUID, str]:
    statement = select(Member.id, Member.state).where(
        Member.shop_id == shop_id, bulk.among(Member.id, member_ids)
    )
    return {row.id: row.state for row in session.execute(statement)}


def _list_who_have_it(session: Session, grant: GroupGrant, member_ids: Sequence[UUID]) -> set[UUID]:
    """Those of them who have taken in somebody after this decision gave them the points."""
    inside = list_taken_in(session, grant.shop_id, member_ids)
    if not inside:
        return set()
    given = session.scalars(
        select(GroupGrantMember.member_id).where(
            GroupGrantMember.shop_id == grant.shop_id,
            GroupGrantMember.grant_id == grant.id,
            GroupGrantMember.state == "given",
            bulk.among(GroupGrantMember.member_id, inside),
        )
    )
    return {inside[one] for one in given}


def _credit(
    books: Books, grant: GroupGrant, member_ids: Sequence[UUID], now: datetime
) -> dict[UUID, UUID]:
    """member → the entry that gave them the points."""
    causes = {one: _cause(grant, one, now) for one in member_ids}
    books.expect(cause.idempotency_key for cause in causes.values())
    entries = {
        one: books.credit(one, cause, points=grant.points).id for one, cause in causes.items()
    }
    books.write()
    return entries


def _cause(grant: GroupGrant, member_id: UUID, now: datetime) -> Cause:
    return Cause(
        kind="grant",
        idempotency_key=f"group_grant:{grant.id}:{member_id}",
        source_kind="group_grant",
        source_id=str(grant.id),
        actor=grant.actor,
        occurred_at=now,
        reason_code=grant.reason,
    )


def _note(
    session: Session, grant: GroupGrant, states: dict[UUID, str], entries: dict[UUID, UUID]
) -> None:
    """What became of each; `states` names all of the batch."""
    key = {"shop_id": grant.shop_id, "grant_id": grant.id}
    rows = [
        key
        | {
            "member_id": one,
            "state": "given" if one in entries else "skipped",
            "reason": None if one in entries else state,
            "entry_id": entries.get(one),
        }
        for one, state in states.items()
    ]
    bulk.put_rows(session, GroupGrantMember, rows)
    grant.given += len(entries)
    grant.skipped += len(rows) - len(entries)


def _take_on_survivors(session: Session, grant: GroupGrant, merged: Sequence[UUID]) -> None:
    """Let who has taken these in wait for the points, unless the decision names them already."""
    survivors = {survivor_of(session, grant.shop_id, one) for one in merged}
    rows = [
        {"shop_id": grant.shop_id, "grant_id": grant.id, "member_id": one, "state": "waiting"}
        for one in sorted(survivors)
    ]
    grant.members += len(bulk.add_rows(session, GroupGrantMember, rows, "member_id"))


def _tell(session: Session, grant: GroupGrant, member_ids: Sequence[UUID], now: datetime) -> None:
    events = [
        {
            "shop_id": grant.shop_id,
            "id": new_id(),
            "kind": outbox.GRANT_EMAIL_ASKED,
            "member_id": one,
            "body": {"points": grant.points, "grant_id": str(grant.id)},
            "state": "new",
            "created_at": now,
        }
        for one in member_ids
    ]
    bulk.insert_rows(session, OutboxEvent, events)
