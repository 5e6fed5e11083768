"""The page of a member's link: what it offers and keeps, and that nobody learns who is a member."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from loyalty.audit import Actor
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.coupons.saving import add_coupon, end_coupon
from loyalty.earning.saving import add_rule
from loyalty.members.join_requests import PER_CONTACT, JoinRequest
from loyalty.members.tables import Member
from loyalty.referrals.settings import save_settings
from loyalty.referrals.tables import Referral
from loyalty.shops.directory import get_shop, uninstall
from shopify_app.platform.tables import BackfillRun
from tests.wallet.cast import Cardholder
from wallet import referral
from wallet.card_links import card_page_url, join_page_url, referral_url
from wallet.links import ReferralLink, make_referral_token

OURS = {"Sec-Fetch-Site": "same-origin"}
STAFF = Actor("staff", "42")
CAROL = {"name": "Carol Cole", "email": " Carol@Example.com ", "terms": "yes"}


@pytest.fixture
def client(app: Flask, database: None) -> FlaskClient:
    """Calls the page without a network."""
    app.register_blueprint(referral.blueprint)
    return app.test_client()


@pytest.fixture
def advocate(alice: Cardholder) -> Cardholder:
    """Alice, whose shop has referrals."""
    turn(alice, is_on=True)
    return alice


def turn(holder: Cardholder, *, is_on: bool, coupon_id: Any = None) -> None:
    with shop_transaction(holder.shop_id) as session:
        save_settings(
            session,
            holder.shop_id,
            is_on=is_on,
            coupon_id=coupon_id,
            actor=STAFF,
            now=utc_now(),
        )


def path(holder: Cardholder) -> str:
    url = referral_url(holder.shop_id, holder.member_id)
    return url.removeprefix("https://encore.example")


def send(client: FlaskClient, holder: Cardholder, **form: Any) -> TestResponse:
    """Send Carol's form, changed by `form`; None leaves a field out."""
    typed = {name: value for name, value in (CAROL | form).items() if value is not None}
    return client.post(path(holder), data=typed, headers=OURS)


def kept(holder: Cardholder) -> list[Referral]:
    with shop_transaction(holder.shop_id) as session:
        return list(session.scalars(select(Referral).order_by(Referral.id)))


def a_coupon(holder: Cardholder) -> Any:
    with shop_transaction(holder.shop_id) as session:
        given = {"name": "Welcome", "kind": "percentage", "percentage": "10"}
        shop = get_shop(session, holder.shop_id)
        return add_coupon(session, shop, given, actor=STAFF, now=utc_now()).id


def test_the_page_says_who_brings_and_what_the_friend_gets(
    client: FlaskClient, advocate: Cardholder
) -> None:
    turn(advocate, is_on=True, coupon_id=a_coupon(advocate))
    rule = {"name": "Friends", "kind": "referral", "gives": "fixed", "fixed_points": 200}
    rule |= {"limits": {"friend_points": 50}, "conditions": {"minimum_minor": 3000}}
    with shop_transaction(advocate.shop_id) as session:
        made_at = utc_now() - timedelta(minutes=1)
        add_rule(session, advocate.shop_id, rule, actor=STAFF, now=made_at)

    answer = client.get(path(advocate))

    assert answer.status_code == 200
    assert "<bdi>Alice</bdi> brings you here" in answer.text
    assert "10% off" in answer.text and "50 points" in answer.text and "30.00" in answer.text


def test_a_coupon_that_is_handed_out_no_more_is_not_offered(
    client: FlaskClient, advocate: Cardholder
) -> None:
    coupon_id = a_coupon(advocate)
    turn(advocate, is_on=True, coupon_id=coupon_id)
    with shop_transaction(advocate.shop_id) as session:
        end_coupon(session, advocate.shop_id, coupon_id, actor=STAFF, now=utc_now())

    assert "10% off" not in client.get(path(advocate)).text


def test_by_whose_link_the_form_came_is_kept_and_a_job_is_asked(
    client: FlaskClient, advocate: Cardholder
) -> None:
    answer = send(client, advocate)

    assert (answer.status_code, answer.headers["Location"]) == (303, f"{path(advocate)}/thanks")
    [claim] = kept(advocate)
    assert (claim.advocate_id, claim.state, claim.friend_id) == (advocate.member_id, "asked", None)
    with shop_transaction(advocate.shop_id) as session:
        request = session.scalars(select(JoinRequest)).one()
        asked = list(session.scalars(select(BackfillRun.subject)))
    assert (request.email, claim.request_id) == ("carol@example.com", request.id)
    assert asked == [f"join:{request.id}"]


def test_nobody_learns_who_is_a_member(client: FlaskClient, advocate: Cardholder) -> None:
    """The same answer, byte for byte, for the member's own address and for a stranger's."""
    member = send(client, advocate, email="501@example.com")
    stranger = send(client, advocate, email="nobody@example.com")

    answers = {(one.status_code, one.data, one.headers["Location"]) for one in (member, stranger)}
    assert len(answers) == 1
    with shop_transaction(advocate.shop_id) as session:
        assert len(session.scalars(select(Member)).all()) == 1


def test_an_address_that_was_written_to_enough_brings_no_claim(
    client: FlaskClient, advocate: Cardholder
) -> None:
    answers = [send(client, advocate) for _ in range(PER_CONTACT + 1)]

    assert {answer.status_code for answer in answers} == {303}
    assert len(kept(advocate)) == PER_CONTACT


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"name": "https://evil.example"}, "name"),
        ({"email": "carol"}, "email"),
        ({"email": "+34600000000"}, "email"),
        ({"terms": None}, "terms"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field_and_nothing_is_kept(
    client: FlaskClient, advocate: Cardholder, form: dict[str, Any], field: str
) -> None:
    answer = send(client, advocate, **form)

    assert answer.status_code == 422
    assert f'id="{field}-problem"' in answer.text
    assert kept(advocate) == []


def test_a_program_that_fills_in_everything_is_thanked_and_forgotten(
    client: FlaskClient, advocate: Cardholder
) -> None:
    assert send(client, advocate, website="https://spam.example").status_code == 303
    assert kept(advocate) == []


@pytest.mark.parametrize("headers", [{}, {"Sec-Fetch-Site": "cross-site"}])
def test_a_form_of_another_site_is_refused(
    client: FlaskClient, advocate: Cardholder, headers: dict[str, str]
) -> None:
    assert client.post(path(advocate), data=CAROL, headers=headers).status_code == 403
    assert kept(advocate) == []


def test_a_link_that_we_did_not_sign_leads_nowhere(
    client: FlaskClient, advocate: Cardholder, bob: Cardholder
) -> None:
    token = make_referral_token(
        ReferralLink(advocate.shop_id, advocate.member_id), b"another secret of 32 characters."
    )
    card = card_page_url(advocate.shop_id, advocate.member_id).rsplit("/", 1)[1]
    joining = join_page_url(advocate.shop_id).rsplit("/", 1)[1]
    foreign = referral_url(advocate.shop_id, bob.member_id).rsplit("/", 1)[1]

    for wrong in ("x", "a" * 64, token, card, joining, foreign):
        assert client.get(f"/r/{wrong}").status_code == 404


def test_the_link_is_dead_while_the_shop_has_no_referrals_or_the_member_is_gone(
    client: FlaskClient, advocate: Cardholder, bob: Cardholder
) -> None:
    turn(bob, is_on=True)
    with shop_transaction(bob.shop_id) as session:
        uninstall(session, bob.shop_id, now=utc_now())
    turn(advocate, is_on=False)
    off = [client.get(path(one)).status_code for one in (advocate, bob)]

    turn(advocate, is_on=True)
    with shop_transaction(advocate.shop_id) as session:
        session.get_one(Member, (advocate.shop_id, advocate.member_id)).state = "archived"

    assert [*off, client.get(path(advocate)).status_code] == [404, 404, 404]
    assert send(client, advocate).status_code == 404
    assert kept(advocate) == []


def test_the_page_loads_nothing_from_elsewhere_and_is_stored_nowhere(
    client: FlaskClient, advocate: Cardholder
) -> None:
    answer = client.get(path(advocate))

    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert "<script" not in answer.text and "style=" not in answer.text


def test_more_than_a_form_is_refused(client: FlaskClient, advocate: Cardholder) -> None:
    answer = client.post(path(advocate), data={"name": "x" * 9000}, headers=OURS)

    assert answer.status_code == 413
