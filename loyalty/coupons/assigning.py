"""Handing a coupon to members: one code each, to one person or to a list.

The invariant: a batch gives a member one code however often it is sent, and no member gets more
of a coupon than it allows. Locks: the members' balances in id order, then the coupon.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from loyalty import audit
from loyalty.audit import Actor
from loyalty.base.bulk import among
from loyalty.base.clock import day_in
from loyalty.base.errors import CouponOver, IdempotencyConflict
from loyalty.base.ids import new_id
from loyalty.base.said import said
from loyalty.coupons.codes import choose_codes
from loyalty.coupons.giving import announce
from loyalty.coupons.saving import lock_coupon
from loyalty.coupons.tables import Coupon, CouponCode
from loyalty.coupons.terms import is_over
from loyalty.members.tables import Member, MemberBalance
from loyalty.shops.tables import Shop

AT_ONCE_MAX = 500
"""How many members one transaction gives to: a till that redeems waits no longer for them."""

UNKNOWN: str = said("is no member")
HAD_IT: str = said("has had it as many times as allowed")
NO_CODE_LEFT: str = said("no code is left")
_INACTIVE: dict[str, str] = {
    "archived": said("is archived"),
    "merged": said("is merged"),
    "erased": said("is erased"),
}


@dataclass(frozen=True, slots=True)
class Handed:
    """What became of each member: those with a code of this batch, in the order asked, and why not
    the others. `fresh` of the codes were given just now.
    """

    given: dict[UUID, CouponCode] = field(default_factory=dict)
    refused: dict[UUID, str] = field(default_factory=dict)
    fresh: int = 0


def assign(
    session: Session,
    shop: Shop,
    coupon_id: UUID,
    member_ids: Sequence[UUID],
    *,
    batch_id: UUID,
    sends_email: bool,
    actor: Actor,
    now: datetime,
) -> Handed:
    """Give each of at most AT_ONCE_MAX members a code of the coupon; once, for each `batch_id`.

    An imported code is theirs at once, one that is to be made when Shopify has it: whoever calls
    has it made (`shopify_app.platform.coupon_codes.ask`). Raises CouponNotFound, CouponOver, and
    IdempotencyConflict for a batch of another coupon. Flushes; the caller commits.
    """
    wanted = list(dict.fromkeys(member_ids))
    assert len(wanted) <= AT_ONCE_MAX
    refused = _lock_members(session, shop.shop_id, wanted)
    coupon = lock_coupon(session, shop.shop_id, coupon_id)
    given = _given_before(session, coupon, wanted, batch_id)
    missing = [one for one in wanted if one not in given and one not in refused]
    if missing:
        _check_handed_out(coupon, shop, now)
        refused |= _who_had_it(session, coupon, missing)
        missing = [one for one in missing if one not in refused]
    codes = _take_codes(session, coupon, len(missing), now)
    refused |= dict.fromkeys(missing[len(codes) :], NO_CODE_LEFT)
    for member_id, code in zip(missing, codes, strict=False):
        _give(code, member_id, batch_id, sends_email, now)
        given[member_id] = code
    session.flush()
    announce(session, coupon, [code for code in codes if code.state == "ready"], now=now)
    if codes:
        _record(session, coupon, batch_id, codes, actor, now)
    return Handed({one: given[one] for one in wanted if one in given}, refused, len(codes))


def _lock_members(session: Session, shop_id: int, wanted: Sequence[UUID]) -> dict[UUID, str]:
    """Keep merges and erasures of these away until the commit; why some get nothing."""
    rows = session.execute(
        select(MemberBalance.member_id)
        .where(MemberBalance.shop_id == shop_id, among(MemberBalance.member_id, wanted))
        .order_by(MemberBalance.member_id)
        .with_for_update(read=True)
    ).all()
    locked = {row.member_id for row in rows}
    states = session.execute(
        select(Member.id, Member.state).where(Member.shop_id == shop_id, among(Member.id, locked))
    ).all()
    inactive = {row.id: _INACTIVE[row.state] for row in states if row.state in _INACTIVE}
    return dict.fromkeys((one for one in wanted if one not in locked), UNKNOWN) | inactive


def _given_before(
    session: Session, coupon: Coupon, wanted: Sequence[UUID], batch_id: UUID
) -> dict[UUID, CouponCode]:
    rows = session.scalars(
        select(CouponCode)
        .where(
            CouponCode.shop_id == coupon.shop_id,
            CouponCode.batch_id == batch_id,
            among(CouponCode.recipient_id, wanted),
        )
        .execution_options(populate_existing=True)
    ).all()
    if any(row.coupon_id != coupon.id for row in rows):
        raise IdempotencyConflict(str(batch_id))
    return {row.recipient_id: row for row in rows if row.recipient_id is not None}


def _check_handed_out(coupon: Coupon, shop: Shop, now: datetime) -> None:
    if not coupon.is_active:
        raise CouponOver(_why_not_handed_out(coupon))
    if is_over(coupon, day_in(shop.timezone, now)):
        raise CouponOver(said("%(name)s ended on %(day)s", name=coupon.name, day=coupon.ends_on))


def _why_not_handed_out(coupon: Coupon) -> str:
    if not coupon.error:
        return said("%(name)s is not handed out any more", name=coupon.name)
    return said(
        "%(name)s is not handed out any more: %(reason)s", name=coupon.name, reason=coupon.error
    )


def _who_had_it(session: Session, coupon: Coupon, members: Sequence[UUID]) -> dict[UUID, str]:
    rows = session.execute(
        select(CouponCode.member_id, func.count())
        .where(
            CouponCode.shop_id == coupon.shop_id,
            CouponCode.coupon_id == coupon.id,
            among(CouponCode.member_id, members),
            CouponCode.state != "gone",
        )
        .group_by(CouponCode.member_id)
    )
    had = {row[0]: row[1] for row in rows}
    return {one: HAD_IT for one in members if had.get(one, 0) >= coupon.per_member}


def _take_codes(session: Session, coupon: Coupon, count: int, now: datetime) -> list[CouponCode]:
    """So many codes, new or imported; fewer when no more are left."""
    if coupon.code_source == "made":
        chosen = choose_codes(session, coupon.shop_id, coupon.prefix, count)
        codes = [_fresh(coupon, code, now) for code in chosen]
        session.add_all(codes)
        return codes
    free = (
        select(CouponCode)
        .where(
            CouponCode.shop_id == coupon.shop_id,
            CouponCode.coupon_id == coupon.id,
            CouponCode.state == "free",
        )
        .order_by(CouponCode.code)
        .limit(count)
        # An order that uses one of them just now has it.
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return list(session.scalars(free)) if count else []


def _fresh(coupon: Coupon, code: str, now: datetime) -> CouponCode:
    return CouponCode(
        shop_id=coupon.shop_id,
        id=new_id(),
        coupon_id=coupon.id,
        code=code,
        state="making",
        created_at=now,
    )


def _give(
    code: CouponCode, member_id: UUID, batch_id: UUID, sends_email: bool, now: datetime
) -> None:
    code.member_id = code.recipient_id = member_id
    code.batch_id, code.sends_email, code.assigned_at = batch_id, sends_email, now
    if code.state == "free":
        code.state, code.ready_at = "ready", now


def _record(
    session: Session,
    coupon: Coupon,
    batch_id: UUID,
    codes: Sequence[CouponCode],
    actor: Actor,
    now: datetime,
) -> None:
    """One row for all; of a single member it names them."""
    is_one = len(codes) == 1
    subject = ("member", str(codes[0].member_id)) if is_one else ("coupon", str(coupon.id))
    audit.record(
        session,
        coupon.shop_id,
        actor,
        "coupon_assigned",
        subject,
        now=now,
        coupon=coupon.name,
        batch=str(batch_id),
        members=len(codes),
    )
