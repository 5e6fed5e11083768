"""Deeds for many members, a batch a transaction; a crash leaves whole batches behind.

The invariant: one worker at a time works on a deed, for it is locked; others pass it over.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from loyalty.audit import Actor
from loyalty.base import db, faults
from loyalty.base.errors import LoyaltyError, SegmentNotFound
from loyalty.listing.deeds import end_turn, lock_next, take_turn
from loyalty.listing.tables import MemberDeed
from loyalty.segments.overriding import put_all_in
from loyalty.shops.directory import get_shop
from mailing.asking import ask_for_card

log = structlog.get_logger()

BATCHES = {"card": 100, "segment": 1_000}
"""How many have their turn in one transaction."""


def run_batch(shop_id: int, now: datetime) -> bool:
    """The next batch of the shop's oldest deed; False when there is none."""
    with db.shop_transaction(shop_id) as session:
        if get_shop(session, shop_id).status == "uninstalled":
            return False
        deed = lock_next(session, shop_id)
        if deed is None:
            return False
        turn = take_turn(session, deed, limit=BATCHES[deed.kind])
        done = _do(session, deed, turn, now) if turn else 0
        end_turn(session, deed, turn, done, now=now)
        if not turn:
            log.info("member_deed_ended", shop=shop_id, deed=str(deed.id), done=deed.done)
    faults.point("member_deed_batch", shop=shop_id)
    return True


def _do(session: Session, deed: MemberDeed, turn: Sequence[UUID], now: datetime) -> int:
    """To how many it was done."""
    kind, _, name = deed.actor.partition(":")
    actor = Actor(kind, name)
    if deed.kind == "segment":
        return _put_in(session, deed, turn, actor, now)
    return sum(_send_card(session, deed, each, actor, now) for each in turn)


def _put_in(
    session: Session, deed: MemberDeed, turn: Sequence[UUID], actor: Actor, now: datetime
) -> int:
    assert deed.segment_id is not None, "a check of the table"
    shop = get_shop(session, deed.shop_id)
    try:
        put_all_in(session, shop, deed.segment_id, turn, actor=actor, now=now)
    except SegmentNotFound:
        return 0  # removed meanwhile
    return len(turn)


def _send_card(
    session: Session, deed: MemberDeed, member_id: UUID, actor: Actor, now: datetime
) -> bool:
    """Whether it is on its way; without an address, or to one that bounces, none goes."""
    key = f"deed:{deed.id}:{member_id}"
    try:
        with session.begin_nested():
            ask_for_card(session, deed.shop_id, member_id, client_key=key, actor=actor, now=now)
    except LoyaltyError:
        return False
    return True
