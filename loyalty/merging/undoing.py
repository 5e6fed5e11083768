"""A merge undone: what was the other's goes home, what was spent stays spent.

The invariant: an undo moves points between the two and makes none.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from loyalty import audit, outbox, timeline
from loyalty.audit import Actor
from loyalty.badges.awarding import give_badges
from loyalty.ledger.moving import Moving, unmerge_points
from loyalty.members.tables import Member, MemberBalance
from loyalty.merging import catalogue
from loyalty.merging.checks import check_undo, get_merge
from loyalty.merging.locks import lock_two
from loyalty.merging.merging import merging_of
from loyalty.merging.rows import move_home
from loyalty.merging.tables import MemberMerge
from loyalty.privacy.parts import Merging, Moves, Unites
from loyalty.referrals.noticing import notice_merge
from loyalty.shops.tables import Shop
from loyalty.tiers.evaluation import evaluate_locked


def undo(
    session: Session, shop: Shop, merge_id: UUID, *, actor: Actor, now: datetime
) -> MemberMerge:
    """Make two members of one again, within 30 days of the merge.

    Raises MergeNotFound, BadMerge. Flushes; the caller commits.
    """
    shop_id = shop.shop_id
    merge = get_merge(session, shop_id, merge_id)
    books = lock_two(session, shop_id, (merge.survivor_id, merge.merged_id), now=now)
    merge = get_merge(session, shop_id, merge_id, lock=True)
    check_undo(session, merge, now=now)
    _let_go(session, merge)
    merging = merging_of(merge, now)
    _carry_out(session, merging)
    moving = Moving(merge.id, merge.merged_id, merge.survivor_id, actor)
    unmerge_points(books, moving, merged_at=merge.merged_at)
    books.write()
    merge.state, merge.undone_at = "undone", now
    both = sorted((merge.survivor_id, merge.merged_id))
    evaluate_locked(session, shop, both, now=now, why="merged")
    give_badges(session, shop, both, now=now)
    _tell(session, merge, actor, now)
    return merge


def _let_go(session: Session, merge: MemberMerge) -> None:
    of_merged = (MemberBalance.shop_id == merge.shop_id) & (
        MemberBalance.member_id == merge.merged_id
    )
    session.execute(update(MemberBalance).where(of_merged).values(merged_into=None))
    merged = session.get_one(Member, (merge.shop_id, merge.merged_id))
    merged.state = "active"
    session.flush()


def _carry_out(session: Session, merging: Merging) -> None:
    """In the order of the catalogue too: customers go before their orders, those before awards."""
    for part in catalogue.parts():
        if isinstance(part.merge, Moves):
            move_home(session, part, part.merge, merging)
        elif isinstance(part.merge, Unites):
            part.merge.undo(session, merging)
    session.flush()
    session.expire_all()


def _tell(session: Session, merge: MemberMerge, actor: Actor, now: datetime) -> None:
    shop_id, told = merge.shop_id, {"merge_id": str(merge.id)}
    for member_id in (merge.survivor_id, merge.merged_id):
        timeline.note_event(session, shop_id, member_id, timeline.MEMBER_UNMERGED, now, **told)
        outbox.stage(session, shop_id, outbox.MEMBER_CHANGED, member_id=member_id, now=now)
    notice_merge(session, shop_id, (merge.survivor_id, merge.merged_id), now=now)
    subject = ("member", str(merge.survivor_id))
    audit.record(
        session, shop_id, actor, "merge_undone", subject, now=now, other=str(merge.merged_id),
        **told,
    )  # fmt: skip
    session.flush()
