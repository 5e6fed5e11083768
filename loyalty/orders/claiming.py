"""Orders that are nobody's: who proves one in time gets it, once; and a guest's earlier ones.

The invariant: an order has one owner for good, and earns for that one alone.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from loyalty import audit
from loyalty.audit import Actor
from loyalty.base.bulk import among
from loyalty.base.errors import CannotClaim, OrderNotFound
from loyalty.members.states import get_active_member
from loyalty.members.tables import Customer
from loyalty.orders.desk import Desk
from loyalty.orders.sheets import OrderSheet
from loyalty.orders.strays import list_left, list_proved, list_strays
from loyalty.orders.tables import Order
from loyalty.programme.rules import get_programme
from loyalty.programme.tables import Programme
from loyalty.shops.tables import Shop

PROOFS = ("scan", "last_sale", "email", "staff")
LAST_SALE_MAX = timedelta(hours=1)
"""How long ago a place's last sale may have been to be claimed as such."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """Orders that have an owner now, and the points they came to, pending ones included."""

    order_ids: tuple[int, ...]
    points: int


def claim_order(
    session: Session,
    shop: Shop,
    order_id: int,
    member_id: UUID,
    *,
    proof: str,
    actor: Actor,
    now: datetime,
) -> Claimed:
    """Give an order without an owner to the member who proved it, and let it earn.

    `proof` is one of PROOFS. Who was given it before gets 0 points again. Raises OrderNotFound,
    CannotClaim, MemberNotFound, MemberNotActive. Flushes; the caller commits.
    """
    assert proof in PROOFS, proof
    get_active_member(session, shop.shop_id, member_id)
    desk = Desk.open(session, shop, [order_id], member_ids=[member_id], now=now)
    sheet = desk.find(order_id)
    if sheet is None:
        raise OrderNotFound(str(order_id))
    if sheet.member_id == member_id:
        return Claimed((), 0)
    _check(session, shop, sheet, now)
    points = _give(desk, sheet, member_id)
    desk.write()
    audit.record(
        session,
        shop.shop_id,
        actor,
        "order_claimed",
        ("order", str(order_id)),
        now=now,
        member=str(member_id),
        proof=proof,
        points=points,
    )
    return Claimed((order_id,), points)


def claim_last_sale(
    session: Session,
    shop: Shop,
    location_id: int,
    member_id: UUID,
    *,
    actor: Actor,
    now: datetime,
) -> Claimed:
    """Give the newest sale of a place to the member who stands there; as `claim_order`."""
    statement = (
        select(Order.order_id)
        .where(
            Order.shop_id == shop.shop_id,
            Order.location_id == location_id,
            Order.is_test.is_(False),
            Order.is_there(),
            Order.processed_at > now - LAST_SALE_MAX,
        )
        .order_by(Order.processed_at.desc(), Order.order_id.desc())
        .limit(1)
    )
    order_id = session.scalar(statement)
    if order_id is None:
        raise OrderNotFound("no sale of this place within the hour")
    return claim_order(session, shop, order_id, member_id, proof="last_sale", actor=actor, now=now)


def claim_by_email(session: Session, shop: Shop, member_id: UUID, *, now: datetime) -> Claimed:
    """Give the member what was bought with the email that they have proved to be theirs.

    By guests of that address, and by nobody: of those the orders that are young enough.
    """
    member = get_active_member(session, shop.shop_id, member_id)
    if member.email_verified_at is None or not member.email_norm:
        return Claimed((), 0)
    strays = list_strays(session, shop.shop_id, member.email_norm, now)
    guests = session.scalars(
        select(Customer.customer_id).where(
            Customer.shop_id == shop.shop_id,
            Customer.email_norm == member.email_norm,
            Customer.member_id.is_(None),
            Customer.redacted_at.is_(None),
        )
    )
    owners = dict.fromkeys(guests, member_id)
    earlier = list_unowned(session, shop.shop_id, owners) | dict.fromkeys(strays, member_id)
    return _adopt_all(session, shop, earlier, now)


def claim_vouched(session: Session, shop: Shop, emails: Iterable[str], *, now: datetime) -> Claimed:
    """Give members the orders of no customer with these normalised emails, if they proved theirs.

    As `claim_by_email` does; for who hears that Shopify has verified them. Flushes.
    """
    return _adopt_all(session, shop, list_proved(session, shop.shop_id, emails, now), now)


def claim_left(session: Session, shop: Shop, *, now: datetime, limit: int) -> Claimed:
    """Give members what they have proved and did not get: order and proof came at one moment, or
    with the history. At most `limit` orders; the caller commits.
    """
    return _adopt_all(session, shop, list_left(session, shop.shop_id, now, limit=limit), now)


def take_over(
    session: Session, shop: Shop, owners: Mapping[int, UUID], *, now: datetime
) -> Claimed:
    """Give members the earlier orders of the customers that they are now: member by customer id.

    Those of the last `guest_claim_days` earn; older ones are history. Flushes.
    """
    return _adopt_all(session, shop, list_unowned(session, shop.shop_id, owners), now)


def _adopt_all(session: Session, shop: Shop, earlier: Mapping[int, UUID], now: datetime) -> Claimed:
    if not earlier:
        return Claimed((), 0)
    desk = Desk.open(session, shop, earlier, member_ids=set(earlier.values()), now=now)
    points = adopt(desk, earlier, get_programme(session, shop.shop_id))
    desk.write()
    return Claimed(tuple(sorted(earlier)), points)


def list_unowned(session: Session, shop_id: int, owners: Mapping[int, UUID]) -> dict[int, UUID]:
    """The orders of these customers that have no owner yet, and who gets them."""
    if not owners:
        return {}
    statement = select(Order.order_id, Order.customer_id).where(
        Order.shop_id == shop_id,
        among(Order.customer_id, sorted(owners)),
        Order.member_id.is_(None),
        Order.is_there(),
    )
    return {
        order_id: owners[customer_id]
        for order_id, customer_id in session.execute(statement)
        if customer_id is not None
    }


def adopt(desk: Desk, earlier: Mapping[int, UUID], programme: Programme) -> int:
    """Let orders on the desk be their new owners', the oldest first; the points they came to."""
    since = desk.now - timedelta(days=programme.guest_claim_days)
    found = (desk.find(order_id) for order_id in earlier)
    unowned = [sheet for sheet in found if sheet is not None and sheet.member_id is None]
    points = 0
    for sheet in sorted(unowned, key=lambda sheet: (sheet.processed_at, sheet.order_id)):
        if sheet.customer_id is not None and sheet.processed_at < since:
            sheet.set("is_history", True)
        points += _give(desk, sheet, earlier[sheet.order_id])
    return points


def forget_old_emails(session: Session, shop_id: int, *, now: datetime) -> int:
    """Let go of the email of orders that nobody can claim by it any more; how many."""
    days = get_programme(session, shop_id).claim_days
    result = session.execute(
        update(Order)
        .where(
            Order.shop_id == shop_id,
            Order.email_mark.is_not(None),
            Order.member_id.is_(None),
            Order.processed_at < now - timedelta(days=days),
        )
        .values(email_mark=None),
        execution_options={"synchronize_session": False},
    )
    return result.rowcount  # type: ignore[attr-defined]


def _give(desk: Desk, sheet: OrderSheet, member_id: UUID) -> int:
    sheet.set("member_id", member_id)
    sheet.forget_addresses(and_where_it_went=False)
    desk.settle(sheet, happened_at=sheet.processed_at)
    return _standing((sheet,))


def _standing(sheets: Iterable[OrderSheet]) -> int:
    return sum(award.standing_points for sheet in sheets for award in sheet.awards)


def _check(session: Session, shop: Shop, sheet: OrderSheet, now: datetime) -> None:
    """Refuse what has an owner, what nothing is earned for, and what comes too late."""
    if sheet.member_id is not None:
        raise CannotClaim("owned", "this order earns for somebody already")
    if sheet.is_test:
        raise CannotClaim("test", "a test order counts nowhere")
    if sheet.is_history:
        raise CannotClaim("history", "this order was placed before the programme began")
    if not sheet.is_paid or sheet.cancelled_at is not None:
        raise CannotClaim("unpaid", "this order is not paid")
    programme = get_programme(session, shop.shop_id)
    days = programme.claim_days if sheet.customer_id is None else programme.guest_claim_days
    if now - sheet.processed_at > timedelta(days=days):
        raise CannotClaim("late", f"this order could be claimed for {days} days")
