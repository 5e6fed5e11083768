"""Alice brings Carol: a rule that pays for it, the form that Carol sent, and her orders."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.audit import Actor
from loyalty.earning.saving import add_rule
from loyalty.ledger.tables import LedgerEntry
from loyalty.members.enrolment import record_customer
from loyalty.members.join_requests import JoinRequest
from loyalty.members.tables import Member, TimelineEvent
from loyalty.orders.recording import record_order
from loyalty.orders.tables import Order
from loyalty.outbox import FRIEND_ORDER_CHANGED, OutboxEvent
from loyalty.programme.tables import EarningRule
from loyalty.referrals.claiming import Asked, find_asked, keep_claim, take_claim
from loyalty.referrals.settings import save_settings
from loyalty.referrals.settling import list_due, settle, settle_of_friend
from loyalty.referrals.tables import Referral
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON, a_customer, a_line, an_order

DANA = Actor("staff", "42")
CAROL = 601
CAME = NOON - timedelta(hours=1)
"""When Carol sent the form, unless a test says otherwise: an hour before her order."""


def turn_on(session: Session, shop: Shop, **given: Any) -> None:
    """The shop has referrals."""
    settings: dict[str, Any] = {"is_on": True, "coupon_id": None} | given
    save_settings(session, shop.shop_id, actor=DANA, now=NOON - timedelta(days=20), **settings)


def a_referral_rule(
    session: Session,
    shop: Shop,
    *,
    points: int = 200,
    friend_points: int | None = 50,
    minimum_minor: int | None = None,
    **given: Any,
) -> EarningRule:
    """200 points for the member, 50 for the friend."""
    made_at = given.pop("made_at", NOON - timedelta(days=20))
    settings: dict[str, Any] = {
        "name": "Bring a friend",
        "kind": "referral",
        "gives": "fixed",
        "fixed_points": points,
        "limits": {} if friend_points is None else {"friend_points": friend_points},
        "conditions": {} if minimum_minor is None else {"minimum_minor": minimum_minor},
    }
    return add_rule(session, shop.shop_id, settings | given, actor=DANA, now=made_at)


def a_friend(session: Session, shop: Shop, *, customer_id: int = CAROL, **changes: Any) -> Member:
    """Carol, who became a member when she sent the form."""
    facts: dict[str, Any] = {
        "first_name": "Carol",
        "last_name": "Cole",
        "email": f"carol{customer_id}@example.com",
    } | changes
    customer = record_customer(
        session, shop, a_customer(customer_id, **facts), now=CAME, is_backfill=False
    )
    return session.get_one(Member, (shop.shop_id, customer.member_id))


def send_form(
    session: Session,
    advocate: Member,
    friend: Member | None,
    *,
    at: datetime = CAME,
    client: bytes | None = None,
) -> Referral:
    """The form as it was kept and carried out; nobody has looked who the friend is."""
    request = JoinRequest(
        shop_id=advocate.shop_id,
        id=uuid4(),
        contact_hash=uuid4().bytes,
        client_hash=client or uuid4().bytes,
        wants_marketing=False,
        state="done" if friend else "failed",
        member_id=friend.id if friend else None,
        asked_at=at,
        done_at=at,
    )
    session.add(request)
    session.flush()
    return keep_claim(session, request, advocate.id, now=at)


def come(
    session: Session,
    shop: Shop,
    advocate: Member,
    friend: Member,
    *,
    at: datetime = CAME,
    earlier_orders: int = 0,
    client: bytes | None = None,
) -> Referral:
    """The friend comes by the advocate's link, and the claim is taken."""
    referral = send_form(session, advocate, friend, at=at, client=client)
    asked = asked_of(session, referral)
    return take_claim(session, shop, asked, earlier_orders=earlier_orders, now=at)


def asked_of(session: Session, referral: Referral) -> Asked:
    """The claim as the job finds it."""
    asked = find_asked(session, referral.shop_id, referral.request_id)
    assert asked is not None
    return asked


def buy(
    session: Session,
    shop: Shop,
    order_id: int = 7001,
    *,
    customer_id: int = CAROL,
    amount_minor: int = 5000,
    now: datetime = NOON,
    is_backfill: bool = False,
    **more: Any,
) -> Order:
    """A paid order of Carol's at noon, of one line."""
    line = a_line(line_id=order_id * 10, gross_minor=amount_minor)
    facts = an_order(order_id, *more.pop("lines", (line,)), customer_id=customer_id, **more)
    return record_order(session, shop, facts, now=now, is_backfill=is_backfill)


def work(session: Session, shop: Shop, *, now: datetime = NOON, limit: int = 100) -> None:
    """What the jobs do: they look at the friends that the desk told of, and at what is due."""
    session.flush()
    events = session.scalars(
        select(OutboxEvent).where(
            OutboxEvent.shop_id == shop.shop_id,
            OutboxEvent.kind == FRIEND_ORDER_CHANGED,
            OutboxEvent.state == "new",
        )
    ).all()
    for event in events:
        event.state = "relayed"
        assert event.member_id is not None
        settle_of_friend(session, shop, event.member_id, now=now)
    for referral_id in list_due(session, shop.shop_id, now=now, limit=limit):
        settle(session, shop, referral_id, now=now)


def paid_to(session: Session, member: Member) -> list[tuple[str, int]]:
    """(kind, points) of what the member got and lost for referrals, oldest first."""
    session.flush()
    rows = session.execute(
        select(LedgerEntry.kind, LedgerEntry.points)
        .where(
            LedgerEntry.shop_id == member.shop_id,
            LedgerEntry.member_id == member.id,
            LedgerEntry.source_kind.in_(("referral", "referral_friend")),
        )
        .order_by(LedgerEntry.id)
    )
    return [(row.kind, row.points) for row in rows]


def told(session: Session, member: Member) -> list[str]:
    """The kinds of the member's events about referrals, oldest first."""
    session.flush()
    kinds = session.scalars(
        select(TimelineEvent.kind)
        .where(TimelineEvent.member_id == member.id, TimelineEvent.kind.like("referral%"))
        .order_by(TimelineEvent.id)
    )
    return list(kinds)


def standing(session: Session, referral: Referral) -> tuple[str, str | None]:
    """The referral's state and why, as the database has them."""
    session.flush()
    session.refresh(referral)
    return referral.state, referral.reason
