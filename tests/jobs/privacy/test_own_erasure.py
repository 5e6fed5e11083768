"""R147: a member who asks to be forgotten is, after the notice, with all their accounts."""

from datetime import timedelta
from uuid import UUID

from jobs.privacy import requests
from jobs.privacy.gathering import hold_member
from loyalty.audit import Actor
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.base.ids import new_id
from loyalty.ledger.selfcheck import find_differences
from loyalty.members.archiving import archive
from loyalty.members.enrolment import record_customer
from loyalty.members.tables import Customer
from loyalty.shops.directory import get_shop
from shopify_app.platform.own_erasures import NOTICE, ask_to_be_erased, find_erasure, take_back
from tests.conftest import DatabaseUrls
from tests.factories.facts import a_customer
from tests.jobs.privacy.cast import member_of, request_of, tables_that_hold
from tests.jobs.privacy.shopper import Shopper


def ask(who: Shopper) -> UUID:
    """The member asks on their page; the request's id."""
    me = Actor("member", str(who.member_id))
    with db.shop_transaction(who.shop_id) as session:
        ids = who.shop_id, who.member_id
        return ask_to_be_erased(session, *ids, key=new_id(), actor=me, now=utc_now()).id


def run(who: Shopper, days: int) -> None:
    """The job, so many days later."""
    requests.run_shop(who.shop_id, now=utc_now() + timedelta(days=days))


def test_nothing_is_left_in_any_table_after_the_notice(
    alice: Shopper, database: DatabaseUrls
) -> None:
    request_id = ask(alice)

    run(alice, 6)
    before = tables_that_hold(database, alice.shop_id, alice.marks)
    for days in (7, 8, 21, 22):
        run(alice, days)

    assert {"member", "customer", "email_challenge"} <= before
    assert tables_that_hold(database, alice.shop_id, alice.marks) == set()
    assert request_of(alice, request_id).state == "done"


def test_books_stand_after_it(alice: Shopper) -> None:
    ask(alice)
    run(alice, 7)

    with db.shop_transaction(alice.shop_id) as session:
        assert list(find_differences(session, alice.shop_id)) == []
    assert member_of(alice).state == "erased"


def test_who_is_archived_is_erased_as_well(alice: Shopper) -> None:
    with db.shop_transaction(alice.shop_id) as session:
        shop, staff = get_shop(session, alice.shop_id), Actor("staff", "1")
        archive(session, shop, alice.member_id, actor=staff, reason="by_hand", now=utc_now())

    ask(alice)
    run(alice, 7)

    assert member_of(alice).state == "erased"
    with db.shop_transaction(alice.shop_id) as session:
        assert list(find_differences(session, alice.shop_id)) == []


def test_shopify_telling_of_them_again_brings_nobody_back(alice: Shopper) -> None:
    ask(alice)
    run(alice, 7)

    with db.shop_transaction(alice.shop_id) as session:
        facts = a_customer(alice.customer_id, first_name="Alice", updated_at=utc_now())
        shop = get_shop(session, alice.shop_id)
        record_customer(session, shop, facts, now=utc_now(), is_backfill=False, order_count=1)

    with db.shop_transaction(alice.shop_id) as session:
        customer = session.get_one(Customer, (alice.shop_id, alice.customer_id))
    assert (customer.email, customer.first_name) == (None, None)
    assert member_of(alice).state == "erased"


def test_request_is_found_and_taken_back_by_the_survivor(alice: Shopper) -> None:
    request_id = ask(alice)

    with db.shop_transaction(alice.shop_id) as session:
        ids = alice.shop_id, alice.member_id
        found = find_erasure(session, *ids)
        was_open = take_back(session, *ids, actor=Actor("member", "x"), now=utc_now())
        again = take_back(session, *ids, actor=Actor("member", "x"), now=utc_now())

    assert found is not None and found.id == request_id
    assert (was_open, again) == (True, False)
    run(alice, 40)
    assert member_of(alice).state == "active"


def test_day_of_the_deletion_is_seven_days_away(alice: Shopper) -> None:
    request = request_of(alice, ask(alice))

    assert request.next_at - request.received_at == NOTICE == timedelta(days=7)
    assert request.due_at - request.received_at == timedelta(days=30)


def test_member_is_given_all_that_the_merchant_would_be_given(alice: Shopper) -> None:
    with db.shop_transaction(alice.shop_id) as session:
        held = hold_member(session, alice.shop_id, alice.member_id)

    assert {"Codes sent to you by email", "Emails", "Apple Wallet passes"} <= held.keys()
    assert alice.first_name in str(held) and "authentication_token" not in str(held)
