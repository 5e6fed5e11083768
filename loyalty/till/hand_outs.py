"""Cards that the till hands out: which of them open at once, to whom each was shown, how many.

The invariant: each hand-out leaves an audit row that names the till's user, in its transaction.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from loyalty import audit
from loyalty.audit import Actor, AuditRow
from loyalty.base.errors import TooManyRequests
from loyalty.members.states import get_active_member
from loyalty.members.tables import Customer, Member
from loyalty.shops.tables import Shop

PER_HOUR = 20
"""Members known before whose card one user may hand out in an hour; the same one again is free."""
NEW_FOR = timedelta(hours=1)

_HOUR = timedelta(hours=1)
_ACTION = "card_handed_out_at_till"


def hand_out(session: Session, shop: Shop, member_id: UUID, by: Actor, *, now: datetime) -> bool:
    """Note that the till's user hands out the way to a card; whether it may open at once.

    It may where there was nobody before: the till itself enrolled them within NEW_FOR, and Shopify
    knew no customer. Any other card opens from its member's own mail.
    Raises TooManyRequests after PER_HOUR, MemberNotFound, MemberNotActive. Flushes.
    """
    member = get_active_member(session, shop.shop_id, member_id)
    opens_at_once = _is_new(session, member, now)
    if not opens_at_once:
        _keep_limit(session, shop.shop_id, member_id, by, now)
    audit.record(
        session,
        shop.shop_id,
        by,
        _ACTION,
        ("member", str(member_id)),
        now=now,
        opens_at_once=opens_at_once,
    )
    session.flush()
    return opens_at_once


def _is_new(session: Session, member: Member, now: datetime) -> bool:
    begin = now - NEW_FOR
    if member.enrolled_by != "till" or member.joined_at <= begin:
        return False
    # A customer of old has a past that may turn into points; one of unknown age may have, too.
    was_there = func.coalesce(Customer.customer_since, begin) <= begin
    own = (Customer.shop_id == member.shop_id) & (Customer.member_id == member.id)
    return not session.scalar(select(exists().where(own, was_there)))


def _keep_limit(session: Session, shop_id: int, member_id: UUID, by: Actor, now: datetime) -> None:
    # Two at once would both see room for the last one.
    name = f"till card {shop_id} {by.id}"
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))
    others = select(func.count(AuditRow.subject_id.distinct())).where(
        AuditRow.shop_id == shop_id,
        AuditRow.at > now - _HOUR,
        AuditRow.actor_kind == by.kind,
        AuditRow.actor_id == by.id,
        AuditRow.action == _ACTION,
        AuditRow.details["opens_at_once"].as_boolean().is_(False),
        AuditRow.subject_id != str(member_id),
    )
    if (session.scalar(others) or 0) >= PER_HOUR:
        raise TooManyRequests("too many cards shown by one user")
