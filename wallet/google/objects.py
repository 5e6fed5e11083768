"""The rows of classes and objects: looked up, locked, made. One live object per member."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from loyalty.base.errors import MemberNotFound
from loyalty.base.ids import new_id
from loyalty.members.tables import Member
from wallet.google.cards import class_id_of
from wallet.google.tables import GoogleClass, GoogleObject


def find_live_object(session: Session, shop_id: int, member_id: UUID) -> GoogleObject | None:
    """The member's own object that is not void; one that came by a merge is another's."""
    return session.scalar(
        select(GoogleObject)
        .where(
            GoogleObject.shop_id == shop_id,
            GoogleObject.member_id == member_id,
            GoogleObject.voided_at.is_(None),
            GoogleObject.home_member_id.is_(None),
        )
        .execution_options(populate_existing=True)
    )


def open_object_row(
    session: Session, shop_id: int, member_id: UUID, *, now: datetime
) -> GoogleObject:
    """The member's live object, made at first use and not yet sent. Raises MemberNotFound."""
    live = find_live_object(session, shop_id, member_id)
    if live is not None:
        return live
    state = session.scalar(
        select(Member.state).where(Member.shop_id == shop_id, Member.id == member_id)
    )
    if state is None or state == "erased":
        raise MemberNotFound(str(member_id))
    ensure_class_row(session, shop_id)
    row_id = new_id()
    values = {
        "shop_id": shop_id,
        "id": row_id,
        "member_id": member_id,
        "class_id": class_id_of(shop_id),
        "object_id": f"{class_id_of(shop_id)}-{row_id.hex}",
        "created_at": now,
    }
    session.execute(insert(GoogleObject).values(values).on_conflict_do_nothing())
    opened = find_live_object(session, shop_id, member_id)
    assert opened is not None
    return opened


def list_object_ids(
    session: Session, shop_id: int, member_ids: Sequence[UUID]
) -> dict[UUID, list[UUID]]:
    """member → the rows of all their objects, void ones too; members without any are left out."""
    rows = session.execute(
        select(GoogleObject.member_id, GoogleObject.id)
        .where(GoogleObject.shop_id == shop_id, GoogleObject.member_id.in_(member_ids))
        .order_by(GoogleObject.id)
    )
    found: dict[UUID, list[UUID]] = {}
    for row in rows:
        found.setdefault(row.member_id, []).append(row.id)
    return found


def lock_object(session: Session, shop_id: int, row_id: UUID) -> GoogleObject | None:
    """The object's row, locked until the transaction ends."""
    return session.get(
        GoogleObject, (shop_id, row_id), with_for_update=True, populate_existing=True
    )


def find_object_for_update(session: Session, shop_id: int, object_id: str) -> GoogleObject | None:
    """The shop's object that Google knows by `object_id`, locked."""
    return session.scalar(
        select(GoogleObject)
        .where(GoogleObject.shop_id == shop_id, GoogleObject.object_id == object_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def find_holder(session: Session, shop_id: int, object_id: str) -> UUID | None:
    """Whose card Google knows by `object_id`, as it stands without a lock."""
    return session.scalar(
        select(GoogleObject.member_id).where(
            GoogleObject.shop_id == shop_id, GoogleObject.object_id == object_id
        )
    )


def ensure_class_row(session: Session, shop_id: int) -> None:
    """Make the row of the shop's class unless it is there."""
    values = {"shop_id": shop_id, "class_id": class_id_of(shop_id)}
    session.execute(insert(GoogleClass).values(values).on_conflict_do_nothing())


def find_class(session: Session, shop_id: int, *, lock: bool) -> GoogleClass | None:
    """The row of the shop's class."""
    return session.get(
        GoogleClass,
        (shop_id, class_id_of(shop_id)),
        with_for_update=lock or None,
        populate_existing=True,
    )
