"""One member taken in by another: points, orders, history, consent and cards, in one transaction.

The invariant: merge_out and merge_in sum to zero; nothing of the two is lost, and all that an
undo needs is written down.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from loyalty import audit, outbox, timeline
from loyalty.audit import Actor
from loyalty.badges.awarding import give_badges
from loyalty.base import faults
from loyalty.base.ids import new_id
from loyalty.ledger.moving import Moving, merge_points
from loyalty.members import archiving
from loyalty.members.tables import Member, MemberBalance
from loyalty.merging import catalogue
from loyalty.merging.checks import get_two
from loyalty.merging.locks import lock_two
from loyalty.merging.rows import move_rows
from loyalty.merging.tables import MemberMerge
from loyalty.privacy.parts import Merging, Moves, Unites
from loyalty.referrals.noticing import notice_merge
from loyalty.shops.tables import Shop
from loyalty.tiers.evaluation import evaluate_locked

UNDO_WITHIN = timedelta(days=30)


def merge(
    session: Session,
    shop: Shop,
    survivor_id: UUID,
    merged_id: UUID,
    *,
    actor: Actor,
    now: datetime,
) -> MemberMerge:
    """Let `survivor_id` take `merged_id` in.

    An archived member who goes is brought back first. Raises BadMerge, MemberNotFound. Flushes;
    the caller commits.
    """
    shop_id = shop.shop_id
    books = lock_two(session, shop_id, (survivor_id, merged_id), now=now)
    _, gone = get_two(session, shop_id, survivor_id, merged_id)
    if gone.state == "archived":
        archiving.restore(session, shop, merged_id, actor=actor, now=now)
        books = lock_two(session, shop_id, (survivor_id, merged_id), now=now)
    merge = _write_down(session, shop_id, survivor_id, merged_id, actor, now)
    merging = merging_of(merge, now)
    merge.points = merge_points(books, Moving(merge.id, merged_id, survivor_id, actor))
    books.write()
    _carry_out(session, merging)
    merge.notes = merging.notes
    _take_in(session, merge)
    faults.point("merge_before_commit", shop=shop_id, merge=merge.id)
    evaluate_locked(session, shop, [survivor_id], now=now, why="merged")
    give_badges(session, shop, [survivor_id], now=now)
    _tell(session, merge, actor, now)
    return merge


def merging_of(merge: MemberMerge, now: datetime) -> Merging:
    """What the parts of the catalogue are told of a merge."""
    return Merging(
        shop_id=merge.shop_id,
        merge_id=merge.id,
        survivor_id=merge.survivor_id,
        merged_id=merge.merged_id,
        merged_at=merge.merged_at,
        now=now,
        notes=dict(merge.notes),
    )


def _write_down(
    session: Session,
    shop_id: int,
    survivor_id: UUID,
    merged_id: UUID,
    actor: Actor,
    now: datetime,
) -> MemberMerge:
    merge = MemberMerge(
        shop_id=shop_id,
        id=new_id(),
        survivor_id=survivor_id,
        merged_id=merged_id,
        state="done",
        actor=str(actor),
        points=0,
        notes={},
        merged_at=now,
        undo_until=now + UNDO_WITHIN,
    )
    session.add(merge)
    session.flush()
    return merge


def _carry_out(session: Session, merging: Merging) -> None:
    """Every table of the catalogue, in its order."""
    session.flush()
    for part in catalogue.parts():
        if isinstance(part.merge, Moves):
            move_rows(session, part, part.merge, merging)
        elif isinstance(part.merge, Unites):
            part.merge.merge(session, merging)
    session.expire_all()


def _take_in(session: Session, merge: MemberMerge) -> None:
    of_merged = (MemberBalance.shop_id == merge.shop_id) & (
        MemberBalance.member_id == merge.merged_id
    )
    session.execute(update(MemberBalance).where(of_merged).values(merged_into=merge.survivor_id))
    merged = session.get_one(Member, (merge.shop_id, merge.merged_id))
    merged.state = "merged"
    session.flush()


def _tell(session: Session, merge: MemberMerge, actor: Actor, now: datetime) -> None:
    shop_id, told = merge.shop_id, {"merge_id": str(merge.id), "points": merge.points}
    for member_id, role in ((merge.survivor_id, "survivor"), (merge.merged_id, "merged")):
        timeline.note_event(
            session, shop_id, member_id, timeline.MEMBER_MERGED, now, role=role, **told
        )
        outbox.stage(session, shop_id, outbox.MEMBER_CHANGED, member_id=member_id, now=now)
    notice_merge(session, shop_id, (merge.survivor_id, merge.merged_id), now=now)
    subject = ("member", str(merge.survivor_id))
    audit.record(
        session, shop_id, actor, "members_merged", subject, now=now, other=str(merge.merged_id),
        **told,
    )  # fmt: skip
    session.flush()
