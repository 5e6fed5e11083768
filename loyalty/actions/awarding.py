"""Points for an action, once for each member, kind and key, whoever tells of it and how often.

The invariant: the member's balance is locked before it is asked whether the action was done.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from loyalty.actions.rules import ActionRule, Kind, find_rule
from loyalty.actions.tables import MemberAction
from loyalty.audit import SYSTEM, Actor
from loyalty.badges.awarding import give_badges
from loyalty.base.clock import day_in
from loyalty.base.errors import MemberHasMoved
from loyalty.criteria.facts import Source
from loyalty.ledger.books import Books
from loyalty.ledger.journal import Cause
from loyalty.members.tables import Member
from loyalty.programme.pausing import EARNS, WAITS, read_pauses
from loyalty.programme.rules import get_programme
from loyalty.shops.tables import Shop
from loyalty.tiers.standing import BY_POINTS, after_changes

EVER = "ever"
"""The key of what counts once in a lifetime."""
_BATCH = 200


@dataclass(frozen=True, slots=True)
class Deed:
    """That a member did something, and when; `key` names the period or place it counts for."""

    kind: Kind
    key: str
    occurred_at: datetime
    actor: Actor = SYSTEM


def award_action(
    session: Session,
    shop: Shop,
    member_id: UUID,
    kind: Kind,
    *,
    key: str = EVER,
    occurred_at: datetime,
    now: datetime,
    actor: Actor = SYSTEM,
) -> MemberAction | None:
    """Note the deed and credit what its rule gives; None when it was done before.

    None, too, for a member who is not active. Without a rule it is noted as unrewarded and
    earns nothing later either; while the programme is paused it is held. Locks the member's
    balance. Flushes; the caller commits. Raises MemberNotFound.
    """
    rule = find_rule(session, shop, kind, at=occurred_at)
    if rule is None and kind == "signup":
        # Nobody joins twice, so there is nothing to remember of all who join without a rule.
        return None
    return note_deed(session, shop, member_id, Deed(kind, key, occurred_at, actor), rule, now=now)


def note_deed(
    session: Session,
    shop: Shop,
    member_id: UUID,
    deed: Deed,
    rule: ActionRule | None,
    *,
    now: datetime,
) -> MemberAction | None:
    """The same with the rule that the caller has chosen."""
    return note_deeds(session, shop, [member_id], deed, rule, now=now).get(member_id)


def note_deeds(
    session: Session,
    shop: Shop,
    member_ids: Collection[UUID],
    deed: Deed,
    rule: ActionRule | None,
    *,
    now: datetime,
) -> dict[UUID, MemberAction]:
    """The same for all these members at once, in as many statements as for one.

    Who is not active, or has done it before, is left out.
    """
    books = Books.open(session, shop.shop_id, member_ids, now=now)
    fresh = _list_fresh(session, shop.shop_id, member_ids, deed)
    actions = [_action_of(shop, member_id, deed, rule) for member_id in fresh]
    if rule is not None:
        _settle(session, shop, books, actions, set(fresh), deed.actor)
    session.add_all(actions)
    session.flush()
    _follow_up(session, shop, actions, now)
    return {action.member_id: action for action in actions}


def settle_held(session: Session, shop: Shop, *, now: datetime) -> int:
    """Credit, or forgo, a batch of what was done during a pause that is over; how many.

    The merchant chose at the end of the pause. Again it finds nothing left. Flushes.
    """
    if get_programme(session, shop.shop_id).paused_at is not None:
        return 0
    waiting = _list_held(session, shop.shop_id)
    try:
        books = Books.open(session, shop.shop_id, {one.member_id for one in waiting}, now=now)
    except MemberHasMoved:
        return 0  # merged in this very moment: the next turn finds whose it is
    # What the locks let through may have been settled meanwhile.
    held = [action for action in _list_held(session, shop.shop_id) if action in set(waiting)]
    active = _list_active(session, shop.shop_id, {action.member_id for action in held})
    _settle(session, shop, books, held, active, SYSTEM)
    session.flush()
    _follow_up(session, shop, held, now)
    return len(held)


def _list_fresh(
    session: Session, shop_id: int, member_ids: Collection[UUID], deed: Deed
) -> list[UUID]:
    """Those of the members who are active and have not done it yet, in id order."""
    is_done = exists().where(
        MemberAction.shop_id == shop_id,
        MemberAction.member_id == Member.id,
        MemberAction.kind == deed.kind,
        MemberAction.key == deed.key,
    )
    statement = (
        select(Member.id)
        .where(
            Member.shop_id == shop_id,
            Member.id.in_(member_ids),
            Member.state == "active",
            ~is_done,
        )
        .order_by(Member.id)
    )
    return list(session.scalars(statement))


def _list_active(session: Session, shop_id: int, member_ids: Collection[UUID]) -> set[UUID]:
    statement = select(Member.id).where(
        Member.shop_id == shop_id, Member.id.in_(member_ids), Member.state == "active"
    )
    return set(session.scalars(statement))


def _action_of(shop: Shop, member_id: UUID, deed: Deed, rule: ActionRule | None) -> MemberAction:
    return MemberAction(
        shop_id=shop.shop_id,
        member_id=member_id,
        kind=deed.kind,
        key=deed.key,
        done_on=day_in(shop.timezone, deed.occurred_at),
        occurred_at=deed.occurred_at,
        state="unrewarded",
        rule_id=rule.id if rule else None,
        rule_version=rule.version if rule else None,
        points=rule.points if rule else 0,
    )


def _list_held(session: Session, shop_id: int) -> Sequence[MemberAction]:
    """The oldest of what waits.

    What stayed with a merged member, the survivor having done the same, waits for an undo.
    """
    return session.scalars(
        select(MemberAction)
        .join(
            Member, (Member.shop_id == MemberAction.shop_id) & (Member.id == MemberAction.member_id)
        )
        .where(
            MemberAction.shop_id == shop_id,
            MemberAction.state == "held",
            Member.state != "merged",
        )
        .order_by(MemberAction.occurred_at, MemberAction.member_id, MemberAction.kind)
        .limit(_BATCH)
        .execution_options(populate_existing=True)
    ).all()


def _settle(
    session: Session,
    shop: Shop,
    books: Books,
    actions: Sequence[MemberAction],
    active: Collection[UUID],
    actor: Actor,
) -> None:
    """Credit each, let it wait, or forgo it: by when it was done, not by when we heard of it."""
    pauses = read_pauses(session, get_programme(session, shop.shop_id))
    books.expect(_key_of(action) for action in actions)
    fates = {action: pauses.fate(action.occurred_at) for action in actions}
    entries = {
        action: books.credit(action.member_id, _cause_of(action, actor), points=action.points).id
        for action, fate in fates.items()
        if fate == EARNS and action.member_id in active
    }
    books.write()
    # Only now: an action names its entry, which must be there before it.
    for action, fate in fates.items():
        if action in entries:
            action.state, action.entry_id = "earned", entries[action]
        elif fate == WAITS:
            action.state = "held"
        else:
            action.state, action.points = "forgone", 0


def _cause_of(action: MemberAction, actor: Actor) -> Cause:
    return Cause(
        kind="earn_action",
        idempotency_key=_key_of(action),
        source_kind="action",
        source_id=f"{action.kind}:{action.key}",
        actor=str(actor),
        occurred_at=action.occurred_at,
        reason_code=action.kind,
    )


def _key_of(action: MemberAction) -> str:
    return f"action:{action.kind}:{action.member_id}:{action.key}"


def _follow_up(
    session: Session, shop: Shop, actions: Sequence[MemberAction], now: datetime
) -> None:
    """The tiers and badges that the members have come to by what they did."""
    earned = sorted({action.member_id for action in actions if action.state == "earned"})
    after_changes(session, shop, earned, now=now, touched=BY_POINTS)
    done = sorted({action.member_id for action in actions})
    give_badges(session, shop, done, now=now, touched=(Source.ACTIONS,))
