"""The worked cases of the section Who is a member; their rows stand in docs/rules.md."""

from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from loyalty.members.enrolment import join, record_customer
from loyalty.members.leaving import delete_customer
from loyalty.members.matching import find_by_verified_phone
from loyalty.members.tables import Customer, Member, TimelineEvent
from loyalty.orders.recording import record_order
from loyalty.outbox import CARD_EMAIL_ASKED, MEMBER_CHANGED, OutboxEvent
from loyalty.programme.tables import Programme
from loyalty.queries.profile import get_profile
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON, a_customer, a_line, an_order
from tests.loyalty.conftest import credit_history
from tests.loyalty.merging.cast import figures
from tests.loyalty.redemption.cast import a_reward

LATER = NOON + timedelta(hours=1)
LONG_AGO = NOON - timedelta(days=60)


def told(session: Session, shop: Shop, customer_id: int, **facts: Any) -> Customer:
    """Shopify tells of a customer."""
    known = a_customer(customer_id, **facts)
    return record_customer(session, shop, known, now=LATER, is_backfill=False)


def count(session: Session) -> int:
    """How many members there are."""
    return session.scalar(select(func.count()).select_from(Member)) or 0


def buy(session: Session, shop: Shop, order_id: int, **more: Any) -> None:
    """An order of 40.00 of customer 501."""
    order = an_order(order_id, a_line(gross_minor=4000), **more)
    record_order(session, shop, order, now=NOON, is_backfill=False)


def history(session: Session, shop: Shop) -> None:
    """Customer 501 and a paid order of theirs come with the back-fill, from before the install."""
    record_customer(session, shop, a_customer(), now=NOON, is_backfill=True)
    order = an_order(
        9, a_line(gross_minor=4000), created_at=LONG_AGO, processed_at=LONG_AGO, updated_at=LONG_AGO
    )
    record_order(session, shop, order, now=NOON, is_backfill=True)


def test_who_1_an_account_or_a_paid_order_makes_a_member(session: Session, aurora: Shop) -> None:
    told(session, aurora, 501, has_account=False)
    assert count(session) == 0

    buy(session, aurora, 1, is_paid=False)
    assert count(session) == 0
    buy(session, aurora, 1, updated_at=LATER)
    assert count(session) == 1
    told(session, aurora, 502, email="two@example.com", has_account=True)
    assert count(session) == 2


def test_who_2_or_only_who_joins(session: Session, aurora: Shop) -> None:
    session.get_one(Programme, aurora.shop_id).enrolment = "joiners"

    told(session, aurora, 501)
    buy(session, aurora, 1)
    assert count(session) == 0

    join(session, aurora, a_customer(), enrolled_by="staff", emails_card=False, now=NOON)
    assert count(session) == 1


def test_who_3_joining_is_ours_and_the_customers_age_is_shopifys(
    session: Session, aurora: Shop, alice: Member
) -> None:
    assert alice.joined_at == NOON
    assert alice.customer_since is not None
    assert (alice.joined_at - alice.customer_since).days == 100


def test_who_4_history_feeds_spend_and_no_points(session: Session, aurora: Shop) -> None:
    history(session, aurora)

    member = session.scalars(select(Member)).one()
    spend = get_profile(session, aurora.shop_id, member.id).total_spend
    assert (spend.decimal(), figures(session, member)[0]) == (40, 0)


def test_who_5_history_earns_when_the_merchant_asks_after_a_dry_run(
    session: Session, aurora: Shop
) -> None:
    history(session, aurora)
    since = date(2026, 9, 1)
    member = session.scalars(select(Member)).one()

    savepoint = session.begin_nested()
    seen = credit_history(session, aurora, since)
    savepoint.rollback()
    assert (seen.points, figures(session, member)[0]) == (40, 0)

    credit_history(session, aurora, since)
    assert figures(session, member)[0] == 40


def test_who_6_the_history_sends_no_email(session: Session, aurora: Shop) -> None:
    history(session, aurora)
    told(session, aurora, 502, email="two@example.com")

    asked = select(func.count()).where(OutboxEvent.kind == CARD_EMAIL_ASKED)
    assert session.scalar(asked) == 1


def test_who_7_a_customer_id_matches_whatever_else_changes(
    session: Session, aurora: Shop, alice: Member
) -> None:
    customer = told(session, aurora, 501, email="new@example.com", last_name="Baker")

    assert customer.member_id == alice.id
    assert count(session) == 1


def test_who_8_then_a_verified_email_in_its_normal_form(
    session: Session, aurora: Shop, alice: Member
) -> None:
    delete_customer(session, aurora, 501, now=NOON)

    assert told(session, aurora, 777, email=" ALICE@Example.com ").member_id == alice.id
    assert count(session) == 1


def test_who_9_an_unverified_email_matches_nobody(
    session: Session, aurora: Shop, alice: Member
) -> None:
    delete_customer(session, aurora, 501, now=NOON)

    told(session, aurora, 777, has_verified_email=False)

    assert count(session) == 2


def test_who_10_then_a_verified_phone(session: Session, aurora: Shop, alice: Member) -> None:
    other = told(session, aurora, 502, email="two@example.com", phone="+34600000001")
    alice.phone, alice.phone_verified_at = "+34600000001", NOON
    session.flush()

    found = find_by_verified_phone(session, aurora.shop_id, "+34600000001")

    assert found is not None and found.id == alice.id != other.member_id
    assert count(session) == 2


def test_who_11_never_a_name_or_an_address(session: Session, aurora: Shop) -> None:
    home = {"address1": "Calle Mayor 1", "city": "Madrid"}

    for customer_id in (501, 502):
        told(session, aurora, customer_id, email=None, address=home)

    assert count(session) == 2


def test_who_12_two_customers_who_swap_addresses_stay_two(
    session: Session, aurora: Shop, alice: Member
) -> None:
    told(session, aurora, 502, email="mary@example.com", first_name="Mary")

    told(session, aurora, 502, email="alice@example.com", first_name="Mary", updated_at=LATER)
    told(session, aurora, 501, email="mary@example.com", updated_at=LATER)

    emails = dict(session.execute(select(Member.first_name, Member.email)).all())
    assert emails == {"Alice": "mary@example.com", "Mary": "alice@example.com"}
    assert count(session) == 2


def test_who_13_an_email_that_somebody_elses_customer_holds_is_no_key(
    session: Session, aurora: Shop, alice: Member
) -> None:
    """The news of who has the address now comes before the news of who has it no more."""
    stranger = told(session, aurora, 777, email="alice@example.com", first_name="Mary")

    assert stranger.member_id != alice.id
    assert count(session) == 2


def test_who_14_who_was_deleted_before_they_were_heard_of_never_joins(
    session: Session, aurora: Shop
) -> None:
    delete_customer(session, aurora, 777, now=NOON)

    late = told(session, aurora, 777, email="late@example.com")

    assert late.deleted_at == NOON
    assert count(session) == 0


def test_who_15_the_history_fires_no_reward_redeemable(session: Session, aurora: Shop) -> None:
    a_reward(session, aurora, name="Near", cost_points=10)
    a_reward(session, aurora, name="Far", cost_points=50)
    told = select(func.count()).where(TimelineEvent.kind == "reward_redeemable")

    history(session, aurora)
    credit_history(session, aurora, date(2026, 9, 1))
    member = session.scalars(select(Member)).one()
    assert (figures(session, member)[0], session.scalar(told)) == (40, 0)

    order = an_order(10, a_line(10, gross_minor=1000))
    record_order(session, aurora, order, now=NOON, is_backfill=False)
    assert session.scalar(told) == 1


def test_who_16_the_history_asks_for_no_push(session: Session, aurora: Shop, alice: Member) -> None:
    """Phones are told by the subscribers of this event alone, and only if the card differs."""
    changed = select(func.count()).where(
        OutboxEvent.kind == MEMBER_CHANGED, OutboxEvent.member_id == alice.id
    )
    before = session.scalar(changed) or 0

    history(session, aurora)
    assert (session.scalar(changed) or 0) - before == 0

    buy(session, aurora, 10)
    assert (session.scalar(changed) or 0) - before == 1
