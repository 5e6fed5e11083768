"""Who somebody is: customer id, then verified email, then verified phone; never anything else."""

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from loyalty.audit import Actor
from loyalty.members import archiving
from loyalty.members.enrolment import enrol_customer, record_customer
from loyalty.members.leaving import delete_customer
from loyalty.members.matching import find_by_verified_phone, list_candidates
from loyalty.members.tables import Customer, Member
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON, a_customer
from tests.loyalty.conftest import balance_of, install_shop
from tests.loyalty.merging.cast import STAFF, give

LATER = NOON + timedelta(hours=1)


def tell(session: Session, shop: Shop, customer_id: int, **facts: Any) -> Customer:
    """Shopify tells of a customer."""
    return record_customer(
        session, shop, a_customer(customer_id, **facts), now=LATER, is_backfill=False
    )


def members(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Member)) or 0


def test_a_known_customer_is_their_member_whatever_else_has_changed(
    session: Session, aurora: Shop, alice: Member
) -> None:
    customer = tell(session, aurora, 501, email="new@example.com", first_name="Ally")

    assert customer.member_id == alice.id
    assert members(session) == 1


def test_a_customer_made_anew_with_the_verified_email_is_the_same_member(
    session: Session, aurora: Shop, alice: Member
) -> None:
    give(session, alice, 30)
    delete_customer(session, aurora, 501, now=NOON)

    customer = tell(session, aurora, 777, email=" ALICE@example.com ")

    assert customer.member_id == alice.id
    assert members(session) == 1


def test_an_unverified_email_matches_nobody(session: Session, aurora: Shop, alice: Member) -> None:
    delete_customer(session, aurora, 501, now=NOON)

    customer = tell(session, aurora, 777, has_verified_email=False)

    assert customer.member_id != alice.id
    assert members(session) == 2


def test_an_email_that_the_member_has_not_verified_matches_nobody(
    session: Session, aurora: Shop
) -> None:
    first = tell(session, aurora, 501, has_verified_email=False)
    delete_customer(session, aurora, 501, now=NOON)

    second = tell(session, aurora, 777)

    assert second.member_id != first.member_id


def test_two_customers_who_swap_addresses_stay_who_they_are(
    session: Session, aurora: Shop, alice: Member
) -> None:
    """The news of who has the address now comes before the news of who has it no more."""
    mary = tell(session, aurora, 777, email="alice@example.com", first_name="Mary")
    tell(session, aurora, 501, email="mary@example.com", updated_at=LATER)

    assert mary.member_id != alice.id
    emails = dict(session.execute(select(Member.id, Member.email)).all())
    assert emails == {alice.id: "mary@example.com", mary.member_id: "alice@example.com"}


def test_an_email_that_two_members_have_verified_says_of_neither_who_it_is(
    session: Session, aurora: Shop, alice: Member
) -> None:
    other = tell(session, aurora, 502, email="other@example.com")
    second = session.get_one(Member, (aurora.shop_id, other.member_id))
    second.email = second.email_norm = "alice@example.com"
    second.email_verified_at = NOON
    delete_customer(session, aurora, 501, now=NOON)
    delete_customer(session, aurora, 502, now=NOON)

    third = tell(session, aurora, 503)

    assert third.member_id not in (alice.id, second.id)


def test_a_name_and_an_address_match_nobody(session: Session, aurora: Shop) -> None:
    home = {"address1": "Calle Mayor 1", "city": "Madrid"}
    one = tell(session, aurora, 501, email=None, address=home)
    two = tell(session, aurora, 502, email=None, address=home)

    assert one.member_id != two.member_id


def test_a_phone_number_matches_once_it_is_verified(
    session: Session, aurora: Shop, alice: Member
) -> None:
    alice.phone = "+34600000001"
    session.flush()
    assert find_by_verified_phone(session, aurora.shop_id, "+34600000001") is None

    alice.phone_verified_at = NOON
    session.flush()

    found = find_by_verified_phone(session, aurora.shop_id, "+34600000001")
    assert found is not None and found.id == alice.id


def test_the_same_email_or_phone_finds_candidates_and_a_name_none(
    session: Session, aurora: Shop, alice: Member
) -> None:
    by_email = tell(session, aurora, 502, has_verified_email=False)
    alice.phone = "+34600000001"
    by_phone = tell(session, aurora, 503, email="x@example.com", phone="+34600000001")
    tell(session, aurora, 504, email="y@example.com")
    session.flush()

    found = {member.id for member in list_candidates(session, aurora.shop_id, alice.id)}

    assert found == {by_email.member_id, by_phone.member_id}


def test_bob_of_another_shop_is_nobody_here(session: Session, aurora: Shop, alice: Member) -> None:
    borealis = install_shop(session, "borealis", currency="EUR", timezone="Europe/Madrid")

    bob = record_customer(session, borealis, a_customer(777), now=NOON, is_backfill=False)

    assert bob.member_id is not None and bob.member_id != alice.id


def test_who_comes_back_to_shopify_comes_back_with_all_points(
    session: Session, aurora: Shop, alice: Member
) -> None:
    give(session, alice, 30)
    delete_customer(session, aurora, 501, now=NOON)
    assert (alice.state, balance_of(session, alice).available) == ("archived", 0)

    tell(session, aurora, 777)

    session.refresh(alice)
    assert (alice.state, balance_of(session, alice).available) == ("active", 30)


def test_where_only_joiners_are_members_a_known_one_is_found_all_the_same(
    session: Session, aurora: Shop, alice: Member
) -> None:
    from loyalty.programme.tables import Programme

    delete_customer(session, aurora, 501, now=NOON)
    session.get_one(Programme, aurora.shop_id).enrolment = "joiners"

    assert tell(session, aurora, 777).member_id == alice.id
    assert tell(session, aurora, 778, email="new@example.com").member_id is None


def test_a_customer_who_is_gone_is_enrolled_no_more(
    session: Session, aurora: Shop, alice: Member
) -> None:
    stranger = tell(session, aurora, 777, email="s@example.com", has_account=False)
    stranger.deleted_at = NOON

    assert enrol_customer(session, aurora, stranger, now=NOON, is_backfill=False) is None


def test_an_archived_member_keeps_who_they_are(
    session: Session, aurora: Shop, alice: Member
) -> None:
    actor = Actor("staff", "42")
    archiving.archive(session, aurora, alice.id, actor=actor, reason="by_hand", now=NOON)

    assert tell(session, aurora, 501, updated_at=LATER).member_id == alice.id
    session.refresh(alice)
    assert alice.state == "archived"
    assert actor == STAFF
