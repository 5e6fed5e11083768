"""Whose a detail is: Shopify's until it is changed here, ours until it is given back."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.base.errors import BadContact, BadSetting, MemberNotActive
from loyalty.members.editing import edit_details, follow_shopify, verify_contact
from loyalty.members.enrolment import record_customer
from loyalty.members.tables import Customer, Member, TimelineEvent
from loyalty.programme.joining import set_enrolment, set_join_page
from loyalty.programme.tables import Programme
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON, a_customer
from tests.loyalty.merging.cast import STAFF, make_one, second_account


def edit(session: Session, shop: Shop, member: Member, **typed: str) -> Member:
    return edit_details(session, shop, member.id, typed, actor=STAFF, now=NOON)


def shopify_says(session: Session, shop: Shop, customer_id: int = 501, **facts: Any) -> None:
    news = a_customer(customer_id, updated_at=NOON + timedelta(hours=1), **facts)
    record_customer(session, shop, news, now=NOON, is_backfill=False)


def test_a_field_that_was_edited_here_stays_whatever_shopify_says(
    session: Session, aurora: Shop, alice: Member
) -> None:
    edit(session, aurora, alice, first_name="Ally")

    shopify_says(session, aurora, first_name="Alice B.", last_name="Baker")

    assert (alice.first_name, alice.last_name) == ("Ally", "Baker")
    assert (alice.sources["first_name"], alice.sources["last_name"]) == ("local", "shopify")


def test_a_field_that_is_given_back_is_at_once_as_shopify_has_it(
    session: Session, aurora: Shop, alice: Member
) -> None:
    edit(session, aurora, alice, first_name="Ally")
    shopify_says(session, aurora, first_name="Alicia")

    follow_shopify(session, aurora, alice.id, ["first_name"], actor=STAFF, now=NOON)

    assert (alice.first_name, alice.sources["first_name"]) == ("Alicia", "shopify")


def test_an_emptied_field_stays_empty(session: Session, aurora: Shop, alice: Member) -> None:
    edit(session, aurora, alice, phone="+34600000001")
    edit(session, aurora, alice, phone="")

    shopify_says(session, aurora, phone="+34600000002")

    assert alice.phone is None


def test_a_new_address_is_not_verified_and_neither_is_a_new_number(
    session: Session, aurora: Shop, alice: Member
) -> None:
    edit(session, aurora, alice, phone="+34600000001")
    for which in ("email", "phone"):
        verify_contact(session, aurora, alice.id, which, actor=STAFF, now=NOON)
    assert alice.email_verified_at and alice.phone_verified_at

    edit(session, aurora, alice, email=" New@Example.com ", phone="+34600000002")

    assert (alice.email, alice.email_norm) == ("new@example.com", "new@example.com")
    assert alice.email_verified_at is None and alice.phone_verified_at is None


def test_a_number_that_changes_in_shopify_is_no_longer_verified(
    session: Session, aurora: Shop, alice: Member
) -> None:
    shopify_says(session, aurora, phone="+34600000001")
    verify_contact(session, aurora, alice.id, "phone", actor=STAFF, now=NOON)

    news = a_customer(501, phone="+34600000002", updated_at=NOON + timedelta(hours=2))
    record_customer(session, aurora, news, now=NOON, is_backfill=False)

    assert (alice.phone, alice.phone_verified_at) == ("+34600000002", None)


def test_of_two_customers_one_alone_tells_the_details(
    session: Session, aurora: Shop, alice: Member
) -> None:
    other = second_account(session, aurora, first_name="Alicia")
    make_one(session, aurora, alice, other)

    shopify_says(session, aurora, 502, first_name="Alexandra")

    session.refresh(alice)
    assert alice.first_name == "Alice"
    assert session.get_one(Customer, (aurora.shop_id, 502)).first_name == "Alexandra"


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("email", "alice"),
        ("email", "+34600000001"),
        ("phone", "alice@example.com"),
        ("phone", "12"),
        ("first_name", "<b>Alice</b>"),
        ("first_name", "https://evil.example"),
        ("last_name", "x" * 121),
        ("last_name", "Archer\0"),
        ("points", "100"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field_and_nothing_is_written(
    session: Session, aurora: Shop, alice: Member, field: str, text: str
) -> None:
    before = (alice.first_name, alice.last_name, alice.email, alice.phone, dict(alice.sources))

    with pytest.raises(BadContact) as refusal:
        edit(session, aurora, alice, **{"first_name": "Ally", field: text})

    assert refusal.value.field == field
    session.refresh(alice)
    assert before == (
        *(alice.first_name, alice.last_name, alice.email, alice.phone),
        dict(alice.sources),
    )


def test_the_timeline_says_which_fields_and_not_what_stands_in_them(
    session: Session, aurora: Shop, alice: Member
) -> None:
    edit(session, aurora, alice, first_name="Ally", phone="+34600000001")

    [event] = session.scalars(select(TimelineEvent).where(TimelineEvent.kind == "details_changed"))
    assert event.details == {"fields": ["first_name", "phone"], "actor": "staff:42"}


def test_only_what_is_there_is_verified_and_only_once(
    session: Session, aurora: Shop, alice: Member
) -> None:
    with pytest.raises(BadContact) as refusal:
        verify_contact(session, aurora, alice.id, "phone", actor=STAFF, now=NOON)
    assert refusal.value.field == "phone"

    answers = [
        verify_contact(session, aurora, alice.id, "email", actor=STAFF, now=NOON) for _ in range(2)
    ]
    assert answers == [True, False]


def test_an_archived_member_is_edited_by_nobody(
    session: Session, aurora: Shop, alice: Member
) -> None:
    alice.state = "archived"
    session.flush()

    with pytest.raises(MemberNotActive):
        edit(session, aurora, alice, first_name="Ally")


def test_the_enrolment_setting_is_one_of_two(session: Session, aurora: Shop) -> None:
    shop_id = aurora.shop_id
    with pytest.raises(BadSetting) as refusal:
        set_enrolment(session, shop_id, "nobody", actor=STAFF, now=NOON)
    assert refusal.value.field == "enrolment"

    changes = [set_enrolment(session, shop_id, "joiners", actor=STAFF, now=NOON) for _ in range(2)]

    assert changes == [True, False]
    assert session.get_one(Programme, shop_id).enrolment == "joiners"


@pytest.mark.parametrize(
    "url",
    [
        "http://aurora.example/terms",
        "javascript:alert(1)",
        "https://",
        "https://localhost",
        "https://aurora.example/<x>",
        "https://aurora.example/a b",
        "https://[::1",
        "https://aurora.example/" + "x" * 600,
    ],
)
def test_terms_stand_at_an_https_address_or_nowhere(
    session: Session, aurora: Shop, url: str
) -> None:
    with pytest.raises(BadSetting) as refusal:
        set_join_page(session, aurora.shop_id, is_on=True, terms_url=url, actor=STAFF, now=NOON)

    assert refusal.value.field == "terms_url"


def test_terms_are_set_kept_and_taken_away(session: Session, aurora: Shop) -> None:
    terms = "https://aurora.example/terms"
    for given, kept in ((terms, terms), (None, terms), ("", None)):
        found = set_join_page(
            session, aurora.shop_id, is_on=None, terms_url=given, actor=STAFF, now=NOON
        )
        assert found.terms_url == kept
