"""History earns nothing until the merchant asks, and then once, batch by batch."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.audit import Actor, AuditRow
from loyalty.earning.history import Credited, credit_batch
from loyalty.members.enrolment import record_customer
from loyalty.members.tables import Member
from loyalty.orders.recording import record_order
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON, a_customer, a_line, an_order
from tests.loyalty.conftest import balance_of, credit_history
from tests.loyalty.tiers.cast import have_tiers

STAFF = Actor("staff", "42")
MADRID = ZoneInfo("Europe/Madrid")
SINCE = date(2026, 10, 1)
AT = datetime(2026, 10, 1, 12, 0, tzinfo=MADRID)


def history(
    session: Session, shop: Shop, order_id: int, placed_at: datetime, customer_id: int = 501
) -> None:
    facts = an_order(
        order_id,
        a_line(gross_minor=2550),
        created_at=placed_at,
        processed_at=placed_at,
        customer_id=customer_id,
    )
    record_order(session, shop, facts, now=NOON, is_backfill=True)


def a_member(session: Session, shop: Shop, customer_id: int) -> Member:
    facts = a_customer(customer_id, email=f"{customer_id}@example.com")
    customer = record_customer(session, shop, facts, now=NOON, is_backfill=True)
    return session.get_one(Member, (shop.shop_id, customer.member_id))


def test_orders_since_the_shops_day_earn_and_older_ones_do_not(
    session: Session, aurora: Shop, alice: Member
) -> None:
    history(session, aurora, 1, datetime(2026, 9, 30, 23, 59, tzinfo=MADRID))
    history(session, aurora, 2, datetime(2026, 10, 1, 0, 0, tzinfo=MADRID))

    credited = credit_history(session, aurora, SINCE)

    assert credited == Credited(orders=1, points=25)
    assert balance_of(session, alice).available == 25


def test_asking_again_finds_nothing_left(session: Session, aurora: Shop, alice: Member) -> None:
    history(session, aurora, 2, AT)
    credit_history(session, aurora, SINCE)

    again = credit_history(session, aurora, SINCE)

    assert again == Credited(orders=0, points=0)
    assert balance_of(session, alice).available == 25


def test_who_asked_is_on_record_with_what_each_batch_came_to(
    session: Session, aurora: Shop, alice: Member
) -> None:
    for order_id in (1, 2, 3):
        history(session, aurora, order_id, AT + timedelta(days=order_id))

    credit_history(session, aurora, SINCE, limit=2)

    rows = session.scalars(select(AuditRow).where(AuditRow.action == "history_credited")).all()
    assert {row.actor_id for row in rows} == {"42"}
    assert sorted((row.details["orders"], row.details["points"]) for row in rows) == [
        (1, 25),
        (2, 50),
    ]


def test_a_batch_takes_whole_members_as_far_as_they_fit(
    session: Session, aurora: Shop, alice: Member
) -> None:
    # given two members with two orders each, and room for three
    a_member(session, aurora, 502)
    for order_id, customer_id in ((1, 501), (2, 502), (3, 501), (4, 502)):
        history(session, aurora, order_id, AT + timedelta(days=order_id), customer_id)
    # when
    batch = credit_batch(session, aurora, SINCE, after=None, actor=STAFF, now=NOON, limit=3)
    # then
    assert batch.credited == Credited(orders=2, points=50)
    assert batch.place is not None and not batch.splits_member
    after = batch.place
    rest = credit_batch(session, aurora, SINCE, after=after, actor=STAFF, now=NOON, limit=3)
    assert (rest.credited, rest.place) == (Credited(orders=2, points=50), None)


def test_one_member_who_alone_is_too_many_is_split(
    session: Session, aurora: Shop, alice: Member
) -> None:
    for order_id in (1, 2, 3):
        history(session, aurora, order_id, AT + timedelta(days=order_id))

    batch = credit_batch(session, aurora, SINCE, after=None, actor=STAFF, now=NOON, limit=2)

    assert batch.credited.orders == 2 and batch.splits_member
    assert credit_history(session, aurora, SINCE) == Credited(orders=1, points=25)


def test_the_tier_that_an_earlier_order_made_counts_for_the_next_one(
    session: Session, aurora: Shop, alice: Member
) -> None:
    # given a tier of doubled points from 50 points on, and who shares the batch
    have_tiers(session, aurora, ("Gold", 50, "2"), metric="points")
    bob = a_member(session, aurora, 502)
    for order_id, customer_id in ((1, 501), (2, 502), (3, 501), (4, 501)):
        history(session, aurora, order_id, AT + timedelta(days=order_id), customer_id)
    # when
    credited = credit_history(session, aurora, SINCE)
    # then 25 and 25, and the third one's 25.50 doubled is 51
    assert balance_of(session, alice).available == 25 + 25 + 51
    assert balance_of(session, bob).available == 25
    assert credited == Credited(orders=4, points=126)
