"""Who can be merged with whom, and until when it can be undone: asked again under the locks."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.base.errors import BadMerge, MemberNotFound, MergeNotFound
from loyalty.base.said import said
from loyalty.members.tables import Member
from loyalty.merging.tables import MemberMerge

_CANNOT_STAY = {
    "archived": said("The member who stays is archived"),
    "merged": said("The member who stays is merged"),
    "erased": said("The member who stays is erased"),
}
_CANNOT_GO = {
    "merged": said("The member who goes is merged"),
    "erased": said("The member who goes is erased"),
}


def get_two(
    session: Session, shop_id: int, survivor_id: UUID, merged_id: UUID
) -> tuple[Member, Member]:
    """The active survivor and the other, active or archived; raises BadMerge, MemberNotFound."""
    if survivor_id == merged_id:
        raise BadMerge("merged", said("A member cannot be merged with themselves"))
    survivor = _get(session, shop_id, survivor_id)
    merged = _get(session, shop_id, merged_id)
    if survivor.state != "active":
        raise BadMerge("survivor", _CANNOT_STAY[survivor.state])
    if merged.state not in ("active", "archived"):
        raise BadMerge("merged", _CANNOT_GO[merged.state])
    return survivor, merged


def get_merge(session: Session, shop_id: int, merge_id: UUID, *, lock: bool = False) -> MemberMerge:
    """The shop's merge; raises MergeNotFound."""
    merge = session.get(
        MemberMerge, (shop_id, merge_id), with_for_update=lock or None, populate_existing=True
    )
    if merge is None:
        raise MergeNotFound(str(merge_id))
    return merge


def check_undo(session: Session, merge: MemberMerge, *, now: datetime) -> None:
    """Raises BadMerge with the reason why the merge cannot be undone now."""
    if merge.state == "undone":
        raise BadMerge("merge", said("This merge is undone already"))
    if now >= merge.undo_until:
        raise BadMerge("merge", said("A merge can be undone for 30 days"))
    survivor = _get(session, merge.shop_id, merge.survivor_id)
    merged = _get(session, merge.shop_id, merge.merged_id)
    if survivor.state == "merged":
        raise BadMerge("survivor", said("The member who stayed was merged since: undo that first"))
    if "erased" in (survivor.state, merged.state):
        raise BadMerge("merge", said("One of the two was erased"))
    if survivor.state == "archived":
        raise BadMerge("survivor", said("The member who stayed is archived: restore them first"))


def list_merges(session: Session, shop_id: int, member_id: UUID) -> list[MemberMerge]:
    """All merges of the member, either way, newest first."""
    return list(
        session.scalars(
            select(MemberMerge)
            .where(
                MemberMerge.shop_id == shop_id,
                (MemberMerge.survivor_id == member_id) | (MemberMerge.merged_id == member_id),
            )
            .order_by(MemberMerge.id.desc())
        )
    )


def _get(session: Session, shop_id: int, member_id: UUID) -> Member:
    member = session.get(Member, (shop_id, member_id), populate_existing=True)
    if member is None:
        raise MemberNotFound(str(member_id))
    return member
