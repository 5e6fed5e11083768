"""The public page to join: what it asks and keeps, and that nobody learns who is a member."""

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from loyalty.audit import Actor
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.members.join_requests import PER_CLIENT, PER_CONTACT, JoinRequest
from loyalty.members.tables import Member
from loyalty.programme.joining import set_join_page
from loyalty.shops.directory import uninstall
from shopify_app.platform.tables import BackfillRun
from tests.wallet.cast import Cardholder
from wallet import join
from wallet.card_links import card_page_url, join_page_url
from wallet.links import make_join_token

OURS = {"Sec-Fetch-Site": "same-origin"}
STAFF = Actor("staff", "42")
MARY = {"name": "Mary Jane Watson", "email": " Mary@Example.com ", "terms": "yes"}


@pytest.fixture
def client(app: Flask, database: None) -> FlaskClient:
    """Calls the page without a network."""
    app.register_blueprint(join.blueprint)
    return app.test_client()


def path(holder: Cardholder) -> str:
    return join_page_url(holder.shop_id).removeprefix("https://encore.example")


def send(client: FlaskClient, holder: Cardholder, **form: Any) -> TestResponse:
    """Send Mary's form, changed by `form`; None leaves a field out."""
    typed = {name: value for name, value in (MARY | form).items() if value is not None}
    return client.post(path(holder), data=typed, headers=OURS)


def kept(holder: Cardholder) -> list[JoinRequest]:
    with shop_transaction(holder.shop_id) as session:
        return list(session.scalars(select(JoinRequest).order_by(JoinRequest.id)))


def asked(holder: Cardholder) -> list[str]:
    with shop_transaction(holder.shop_id) as session:
        return list(session.scalars(select(BackfillRun.subject)))


def test_the_page_names_the_programme_and_asks_for_no_more_than_it_needs(
    client: FlaskClient, alice: Cardholder
) -> None:
    answer = client.get(path(alice))

    assert answer.status_code == 200
    assert "Aurora Rewards" in answer.text
    asked_for = re.findall(r'<input name="(\w+)"', answer.text)
    assert asked_for == ["name", "email", "website", "terms", "marketing"]


def test_a_request_is_kept_and_a_job_is_asked_to_carry_it_out(
    client: FlaskClient, alice: Cardholder
) -> None:
    answer = send(client, alice, marketing="yes")

    assert (answer.status_code, answer.headers["Location"]) == (303, f"{path(alice)}/thanks")
    [request] = kept(alice)
    assert (request.email, request.first_name, request.last_name) == (
        "mary@example.com",
        "Mary",
        "Jane Watson",
    )
    assert (request.wants_marketing, request.state) == (True, "waiting")
    assert asked(alice) == [f"join:{request.id}"]


def test_nobody_learns_who_is_a_member(client: FlaskClient, alice: Cardholder) -> None:
    """The same answer, byte for byte, for a member's address and for a stranger's."""
    member = send(client, alice, email="501@example.com")
    stranger = send(client, alice, email="nobody@example.com")
    again = send(client, alice, email="nobody@example.com")

    answers = {
        (one.status_code, one.data, one.headers["Location"]) for one in (member, stranger, again)
    }
    assert len(answers) == 1
    assert "alice" not in client.get(f"{path(alice)}/thanks").text.lower()
    with shop_transaction(alice.shop_id) as session:
        assert len(session.scalars(select(Member)).all()) == 1


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"name": None}, "name"),
        ({"name": "  "}, "name"),
        ({"name": "https://evil.example"}, "name"),
        ({"name": "<b>Mary</b>"}, "name"),
        ({"name": "Mary\0"}, "name"),
        ({"email": None}, "email"),
        ({"email": "mary"}, "email"),
        ({"email": "mary@example"}, "email"),
        ({"email": "+34600000000"}, "email"),
        ({"email": "x" * 3000 + "@example.com"}, "email"),
        ({"terms": None}, "terms"),
        ({"terms": "no"}, "terms"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field_and_nothing_is_kept(
    client: FlaskClient, alice: Cardholder, form: dict[str, Any], field: str
) -> None:
    answer = send(client, alice, **form)

    assert answer.status_code == 422
    assert f'id="{field}-problem"' in answer.text
    assert "<b>Mary" not in answer.text
    assert kept(alice) == [] and asked(alice) == []


def test_a_program_that_fills_in_everything_is_thanked_and_forgotten(
    client: FlaskClient, alice: Cardholder
) -> None:
    answer = send(client, alice, website="https://spam.example")

    assert answer.status_code == 303
    assert kept(alice) == []


def test_one_address_is_asked_for_three_times_an_hour_and_then_answered_all_the_same(
    client: FlaskClient, alice: Cardholder
) -> None:
    answers = [send(client, alice) for _ in range(PER_CONTACT + 1)]

    assert {answer.status_code for answer in answers} == {303}
    assert [request.state for request in kept(alice)] == ["waiting"] * PER_CONTACT + ["done"]
    assert kept(alice)[-1].email is None
    assert len(asked(alice)) == PER_CONTACT


def test_one_place_may_join_twenty_people_an_hour(client: FlaskClient, alice: Cardholder) -> None:
    for number in range(PER_CLIENT):
        assert send(client, alice, email=f"{number}@x.example").status_code == 303

    answer = send(client, alice, email="one.more@x.example")

    assert answer.status_code == 429
    assert len(kept(alice)) == PER_CLIENT


def test_another_place_is_not_held_up_by_that(client: FlaskClient, alice: Cardholder) -> None:
    for number in range(PER_CLIENT):
        send(client, alice, email=f"{number}@x.example")

    answer = client.post(
        path(alice), data=MARY, headers=OURS, environ_base={"REMOTE_ADDR": "203.0.113.9"}
    )

    assert answer.status_code == 303


@pytest.mark.parametrize("headers", [{}, {"Sec-Fetch-Site": "cross-site"}])
def test_a_form_of_another_site_is_refused(
    client: FlaskClient, alice: Cardholder, headers: dict[str, str]
) -> None:
    answer = client.post(path(alice), data=MARY, headers=headers)

    assert answer.status_code == 403
    assert kept(alice) == []


def test_a_link_that_we_did_not_sign_leads_nowhere(client: FlaskClient, alice: Cardholder) -> None:
    token = make_join_token(alice.shop_id, b"another secret of 32 characters.")
    card = card_page_url(alice.shop_id, alice.member_id).rsplit("/", 1)[1]
    unknown = make_join_token(99_999, b"a link secret of the tests, 32 b")

    for wrong in ("x", "a" * 64, token, card, unknown):
        assert client.get(f"/join/{wrong}").status_code == 404


def test_a_page_that_is_switched_off_or_whose_shop_has_left_is_closed(
    client: FlaskClient, alice: Cardholder, bob: Cardholder
) -> None:
    with shop_transaction(alice.shop_id) as session:
        set_join_page(
            session, alice.shop_id, is_on=False, terms_url=None, actor=STAFF, now=utc_now()
        )
    with shop_transaction(bob.shop_id) as session:
        uninstall(session, bob.shop_id, now=utc_now())

    for holder in (alice, bob):
        assert client.get(path(holder)).status_code == 404
        assert send(client, holder).status_code == 404
        assert kept(holder) == []


def test_the_terms_of_the_shop_are_linked_and_remembered(
    client: FlaskClient, alice: Cardholder
) -> None:
    terms = "https://aurora.example/terms"
    with shop_transaction(alice.shop_id) as session:
        set_join_page(
            session, alice.shop_id, is_on=None, terms_url=terms, actor=STAFF, now=utc_now()
        )

    assert f'href="{terms}"' in client.get(path(alice)).text
    send(client, alice)
    assert kept(alice)[0].terms_url == terms


def test_the_page_loads_nothing_from_elsewhere_and_is_stored_nowhere(
    client: FlaskClient, alice: Cardholder
) -> None:
    answer = client.get(path(alice))

    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    assert answer.headers["Cache-Control"] == "no-store"
    assert "<script" not in answer.text and "style=" not in answer.text


def test_what_was_typed_stands_in_no_hash_that_could_be_guessed(
    client: FlaskClient, alice: Cardholder, bob: Cardholder
) -> None:
    send(client, alice)
    send(client, bob)

    [ours], [theirs] = kept(alice), kept(bob)
    assert ours.contact_hash != theirs.contact_hash
    assert b"mary" not in ours.contact_hash


def test_more_than_a_form_is_refused(client: FlaskClient, alice: Cardholder) -> None:
    answer = client.post(path(alice), data={"name": "x" * 9000}, headers=OURS)

    assert answer.status_code == 413
