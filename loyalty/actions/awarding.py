"""Points for an action, once for each member, kind and key, whoever tells of it and how often.

The invariant: the member's balance is locked before it is asked whether the action was done.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.actions.rules import ActionRule, Kind, find_rule
from loyalty.actions.tables import MemberAction
from loyalty.audit import SYSTEM, Actor
from loyalty.badges.awarding import give_badges
from loyalty.base.clock import day_in
from loyalty.base.errors import MemberHasMoved
from loyalty.criteria.facts import Source
from loyalty.ledger.posting import Cause, credit, lock_balance
from loyalty.members.tables import Member, MemberBalance
from loyalty.programme.pausing import EARNS, WAITS, Pauses, read_pauses
from loyalty.programme.rules import get_programme
from loyalty.shops.tables import Shop
from loyalty.tiers.standing import BY_POINTS, after_change

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
    balance = lock_balance(session, shop.shop_id, member_id)
    member = session.get_one(Member, (shop.shop_id, member_id), populate_existing=True)
    if member.state != "active" or find_deed(session, member, deed.kind, deed.key) is not None:
        return None
    action = MemberAction(
        shop_id=shop.shop_id,
        member_id=member_id,
        kind=deed.kind,
        key=deed.key,
        done_on=day_in(shop.timezone, deed.occurred_at),
        occurred_at=deed.occurred_at,
        state="unrewarded",
        points=0,
    )
    session.add(action)
    if rule is not None:
        action.rule_id, action.rule_version = rule.id, rule.version
        action.points = rule.points
        _decide(session, shop, balance, action, _pauses(session, shop), deed.actor, now)
    session.flush()
    give_badges(session, shop, [member_id], now=now, touched=(Source.ACTIONS,))
    return action


def find_deed(session: Session, member: Member, kind: Kind, key: str) -> MemberAction | None:
    """What the member did of `kind` for `key`, if they did."""
    found = (member.shop_id, member.id, kind, key)
    return session.get(MemberAction, found, populate_existing=True)


def settle_held(session: Session, shop: Shop, *, now: datetime) -> int:
    """Credit, or forgo, a batch of what was done during a pause that is over; how many.

    The merchant chose at the end of the pause. Again it finds nothing left. Flushes.
    """
    pauses = _pauses(session, shop)
    if pauses.paused_at is not None:
        return 0
    held = _list_held(session, shop.shop_id)
    for action in held:
        try:
            balance = lock_balance(session, shop.shop_id, action.member_id)
        except MemberHasMoved:
            continue  # merged in this very moment: what moved is settled as the survivor's
        session.refresh(action)
        if action.state == "held":
            _decide(session, shop, balance, action, pauses, SYSTEM, now)
    session.flush()
    return len(held)


def _list_held(session: Session, shop_id: int) -> Sequence[MemberAction]:
    """In the order in which their members are locked.

    What stayed with a merged member, the survivor having done the same, waits for an undo.
    """
    oldest = (
        select(MemberAction.member_id, MemberAction.kind, MemberAction.key)
        .join(
            Member, (Member.shop_id == MemberAction.shop_id) & (Member.id == MemberAction.member_id)
        )
        .where(
            MemberAction.shop_id == shop_id,
            MemberAction.state == "held",
            Member.state != "merged",
        )
        .order_by(MemberAction.occurred_at, MemberAction.member_id)
        .limit(_BATCH)
        .subquery()
    )
    return session.scalars(
        select(MemberAction)
        .join(
            oldest,
            (MemberAction.member_id == oldest.c.member_id)
            & (MemberAction.kind == oldest.c.kind)
            & (MemberAction.key == oldest.c.key),
        )
        .where(MemberAction.shop_id == shop_id)
        .order_by(MemberAction.member_id, MemberAction.occurred_at)
    ).all()


def _pauses(session: Session, shop: Shop) -> Pauses:
    return read_pauses(session, get_programme(session, shop.shop_id))


def _decide(
    session: Session,
    shop: Shop,
    balance: MemberBalance,
    action: MemberAction,
    pauses: Pauses,
    actor: Actor,
    now: datetime,
) -> None:
    """Credit the action, let it wait, or forgo it: by when it was done, not when we heard of it."""
    member = session.get_one(Member, (shop.shop_id, action.member_id), populate_existing=True)
    fate = pauses.fate(action.occurred_at)
    if fate == WAITS:
        action.state = "held"
    elif fate == EARNS and member.state == "active":
        _credit(session, shop, balance, action, actor, now)
    else:
        action.state, action.points = "forgone", 0


def _credit(
    session: Session,
    shop: Shop,
    balance: MemberBalance,
    action: MemberAction,
    actor: Actor,
    now: datetime,
) -> None:
    cause = Cause(
        kind="earn_action",
        idempotency_key=f"action:{action.kind}:{action.member_id}:{action.key}",
        source_kind="action",
        source_id=f"{action.kind}:{action.key}",
        actor=str(actor),
        occurred_at=action.occurred_at,
        reason_code=action.kind,
    )
    entry = credit(session, balance, cause, points=action.points, now=now)
    action.state, action.entry_id = "earned", entry.id
    after_change(session, shop, action.member_id, now=now, touched=BY_POINTS)
