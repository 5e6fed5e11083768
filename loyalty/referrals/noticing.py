"""The word that a friend's orders have changed, by an order or by a merge: it goes to the outbox.

The invariant: it costs one query a write, and tells of nobody who was not brought by somebody.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from loyalty import outbox
from loyalty.base.bulk import among
from loyalty.members.tables import MemberBalance
from loyalty.orders.sheets import OrderSheet
from loyalty.referrals.tables import OPEN, Referral


def notice_orders(
    session: Session, shop_id: int, sheets: Iterable[OrderSheet], *, now: datetime
) -> None:
    """Stage an event for each friend one of whose orders is about to be written with news."""
    owners = {sheet.member_id for sheet in sheets if sheet.member_id and _has_news(sheet)}
    if owners:
        _notice(session, shop_id, owners, OPEN, now)


def notice_merge(
    session: Session, shop_id: int, member_ids: Collection[UUID], *, now: datetime
) -> None:
    """The same for the two of a merge or of its undo: orders are another's, and none tells of it.

    Only those that wait for an order or found one too small have nobody else to wake them; what
    is on hold is looked at in its time, and a merge by mistake takes nothing back at once.
    """
    _notice(session, shop_id, member_ids, ("waiting", "failed"), now)


def _notice(
    session: Session,
    shop_id: int,
    owners: Collection[UUID],
    states: Collection[str],
    now: datetime,
) -> None:
    person = (
        select(MemberBalance.member_id)
        .where(MemberBalance.shop_id == shop_id, among(MemberBalance.member_id, owners))
        .cte("person", recursive=True)
    )
    taken_in = aliased(MemberBalance)
    person = person.union(
        select(taken_in.member_id)
        .join(person, taken_in.merged_into == person.c.member_id)
        .where(taken_in.shop_id == shop_id)
    )
    friends = session.scalars(
        select(Referral.friend_id)
        .join(person, Referral.friend_id == person.c.member_id)
        .where(Referral.shop_id == shop_id, Referral.state.in_(states))
        .distinct()
    )
    for friend_id in list(friends):
        outbox.stage(session, shop_id, outbox.FRIEND_ORDER_CHANGED, member_id=friend_id, now=now)


def _has_news(sheet: OrderSheet) -> bool:
    return sheet.is_changed or any(refund.is_changed for refund in sheet.refunds.values())
