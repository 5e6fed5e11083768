"""Whose present address bounces: facts for criteria, and the news that it is another now.

An address is known by its keyed hash, which the database cannot make: the few that bounce are
found by the emails that bounced, and each member's address is hashed here.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from loyalty import outbox
from loyalty.base.bulk import all_of, among, among_many
from loyalty.members.tables import Member
from mailing.addresses import address_hash
from mailing.tables import EmailAddress, EmailMessage


def select_bouncing(session: Session, shop_id: int, member_ids: Collection[UUID] | None) -> Any:
    """`member_id`, has_hard_bounce, has_soft_bounce of whoever's address has bounced.

    Hard: for good. Soft: for a while, and not for good. Of these members, or of all (None). A
    reader of loyalty.criteria.outside.
    """
    suspects = _suspects(session, shop_id) if member_ids is None else member_ids
    knows_any = bool(suspects) and _knows_any(session, shop_id)
    addresses = set(_addresses(session, shop_id, suspects)) if knows_any else set()
    hashes = {address_hash(shop_id, email): email for email in addresses}
    bad = session.execute(
        select(EmailAddress.address_hash, EmailAddress.hard_bounced_at.is_not(None).label("hard"))
        .where(EmailAddress.shop_id == shop_id, _has_bounced())
        .where(among(EmailAddress.address_hash, hashes))
    ).all()
    # Two members may have one address: by it both are found, whoever of them was written to.
    hard = _is_one_of([hashes[row.address_hash] for row in bad if row.hard])
    soft = _is_one_of([hashes[row.address_hash] for row in bad if not row.hard])
    statement = select(
        Member.id.label("member_id"),
        hard.label("has_hard_bounce"),
        soft.label("has_soft_bounce"),
    ).where(Member.shop_id == shop_id, or_(hard, soft))
    return statement if member_ids is None else statement.where(among_many(Member.id, member_ids))


def tell_of_address(
    session: Session, shop_id: int, member_id: UUID, hashed: str, *, now: datetime
) -> None:
    """Whoever has this address, which the member had, is looked at anew. The caller commits.

    Should the member have another one by now, its bounce is nobody's whom we could find.
    """
    email = session.scalar(
        select(Member.email_norm).where(Member.shop_id == shop_id, Member.id == member_id)
    )
    if not email or address_hash(shop_id, email) != hashed:
        return
    same = select(Member.id).where(Member.shop_id == shop_id, Member.email_norm == email)
    for one in session.scalars(same.order_by(Member.id)).all():
        outbox.stage(session, shop_id, outbox.ADDRESS_CHANGED, member_id=one, now=now)


def _is_one_of(addresses: Collection[str]) -> ColumnElement[bool]:
    return Member.email_norm.in_(select(func.unnest(all_of(Member.email_norm, addresses))))


def _has_bounced() -> ColumnElement[bool]:
    return or_(EmailAddress.hard_bounced_at.is_not(None), EmailAddress.soft_bounces > 0)


def _knows_any(session: Session, shop_id: int) -> bool:
    """Whether any address bounces, so that none is hashed for nothing."""
    bad = exists().where(EmailAddress.shop_id == shop_id, _has_bounced())
    return bool(session.scalar(select(bad)))


def _suspects(session: Session, shop_id: int) -> list[UUID]:
    """Who was sent what bounced, to an address that bounces still."""
    same = and_(
        EmailAddress.shop_id == EmailMessage.shop_id,
        EmailAddress.address_hash == EmailMessage.address_hash,
    )
    statement = (
        select(EmailMessage.member_id)
        .join(EmailAddress, same)
        .where(
            EmailMessage.shop_id == shop_id,
            EmailMessage.bounced_at.is_not(None),
            _has_bounced(),
        )
        .distinct()
    )
    return list(session.scalars(statement))


def _addresses(session: Session, shop_id: int, member_ids: Collection[UUID]) -> list[str]:
    statement = select(Member.email_norm).where(
        Member.shop_id == shop_id, among_many(Member.id, member_ids), Member.email_norm != ""
    )
    return list(session.scalars(statement))
