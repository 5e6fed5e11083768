"""R156 on the customer's page: rewards with what is missing, redeemed behind an emailed code."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from loyalty.audit import Actor
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.ledger.posting import lock_balance
from loyalty.members.tables import Member
from loyalty.programme.pausing import pause
from loyalty.proofs.challenges import GOOD_FOR
from loyalty.redemption.tables import Redemption
from loyalty.rewards.saving import add_reward
from loyalty.shops.directory import get_shop
from shopify_app.platform.redeeming import bring_on
from tests.platform.shopify import Shopify
from tests.wallet.cast import Cardholder
from tests.wallet.proving import (
    OURS,
    challenges_of,
    code_for,
    let_pass,
    path,
    type_code,
    wrong_code_for,
)
from wallet.tokens import get_token

DANA = Actor("staff", "1")


def offer(alice: Cardholder, **settings: Any) -> UUID:
    """Five off for 100 points, unless told otherwise."""
    given = {"name": "Five off", "kind": "fixed_amount", "cost_points": 100, "amount_minor": 500}
    with shop_transaction(alice.shop_id) as session:
        shop = get_shop(session, alice.shop_id)
        return add_reward(session, shop, given | settings, actor=DANA, now=utc_now()).id


def press(client: FlaskClient, alice: Cardholder, reward_id: UUID, **typed: str) -> TestResponse:
    """Press Redeem."""
    return client.post(f"{path(alice)}/rewards/{reward_id}", data=typed, headers=OURS)


def redeem(client: FlaskClient, alice: Cardholder, reward_id: UUID, **typed: str) -> TestResponse:
    """Press Redeem, and type the code from the email."""
    asked = press(client, alice, reward_id, **typed)
    assert asked.status_code == 303, asked.text
    place = asked.headers["Location"]
    return type_code(client, place, code_for(alice, place))


def redemptions_of(alice: Cardholder) -> list[Redemption]:
    with shop_transaction(alice.shop_id) as session:
        return list(session.scalars(select(Redemption).order_by(Redemption.reserved_at)))


def points_of(alice: Cardholder) -> int:
    with shop_transaction(alice.shop_id) as session:
        return lock_balance(session, alice.shop_id, alice.member_id).available


def test_page_says_what_is_missing(client: FlaskClient, alice: Cardholder) -> None:
    offer(alice)
    alice.earn(60)

    page = client.get(path(alice)).text

    assert "Five off" in page and "100 points" in page
    assert "<bdi>40 points</bdi> to go" in page and 'value="60"' in page
    assert "/rewards/" not in page.replace("/static/", "")


def test_code_from_the_email_makes_a_discount_that_the_page_shows(
    client: FlaskClient, alice: Cardholder
) -> None:
    reward_id = offer(alice)
    alice.earn(150)

    answer = redeem(client, alice, reward_id)

    assert (answer.status_code, answer.headers["Location"]) == (303, f"{path(alice)}#rewards")
    (redemption,) = redemptions_of(alice)
    assert (redemption.state, redemption.channel, redemption.points) == ("issued", "online", 100)
    assert redemption.discount_gid is not None
    page = client.get(path(alice)).text
    assert f'<p class="usable"><bdi dir="ltr">{redemption.code}</bdi></p>' in page
    assert "Good once, at checkout or at the till, until" in page
    assert points_of(alice) == 50


def test_asking_alone_takes_no_points(client: FlaskClient, alice: Cardholder) -> None:
    reward_id = offer(alice)
    alice.earn(150)

    place = press(client, alice, reward_id).headers["Location"]
    wrong = type_code(client, place, wrong_code_for(alice, place))

    assert wrong.status_code == 422
    assert "Five off" in client.get(place).text
    assert (points_of(alice), redemptions_of(alice)) == (150, [])


def test_form_sent_twice_redeems_once(client: FlaskClient, alice: Cardholder) -> None:
    reward_id = offer(alice)
    alice.earn(250)
    place = press(client, alice, reward_id).headers["Location"]
    code = code_for(alice, place)

    answers = [type_code(client, place, code).status_code for _ in range(2)]

    assert answers == [303, 303]
    assert (points_of(alice), len(redemptions_of(alice))) == (150, 1)


def test_form_sent_by_four_fingers_at_once_redeems_once(
    app: Flask, client: FlaskClient, alice: Cardholder
) -> None:
    reward_id = offer(alice)
    alice.earn(450)
    place = press(client, alice, reward_id).headers["Location"]
    code = code_for(alice, place)

    def tap(_: int) -> int:
        return type_code(app.test_client(), place, code).status_code

    with ThreadPoolExecutor(4) as fingers:
        answers = list(fingers.map(tap, range(4)))

    assert answers == [303] * 4
    assert (points_of(alice), len(redemptions_of(alice))) == (350, 1)


def test_same_points_on_two_phones_buy_one_reward_and_the_other_is_told(
    app: Flask, client: FlaskClient, alice: Cardholder
) -> None:
    rewards = [offer(alice), offer(alice, name="Six off", amount_minor=600)]
    alice.earn(150)
    places = [press(client, alice, one).headers["Location"] for one in rewards]

    def tap(place: str) -> TestResponse:
        return type_code(app.test_client(), place, code_for(alice, place))

    with ThreadPoolExecutor(2) as phones:
        answers = list(phones.map(tap, places))

    assert sorted(answer.status_code for answer in answers) == [303, 409]
    told = next(answer for answer in answers if answer.status_code == 409)
    assert "50 points are missing" in told.text
    assert (points_of(alice), len(redemptions_of(alice))) == (50, 1)


def test_what_a_client_says_of_cost_and_worth_is_not_heard(
    client: FlaskClient, alice: Cardholder
) -> None:
    reward_id = offer(alice)
    alice.earn(150)

    redeem(client, alice, reward_id, points="1", cost="1", amount_minor="999999")

    (redemption,) = redemptions_of(alice)
    assert (redemption.points, redemption.terms["amount_minor"]) == (100, 500)


def test_points_are_chosen_for_a_reward_per_point(client: FlaskClient, alice: Cardholder) -> None:
    settings = {"pricing": "per_point", "cost_points": 10, "amount_minor": 10, "points_min": 50}
    reward_id = offer(alice, name="Money off", **settings)
    alice.earn(150)

    assert press(client, alice, reward_id, points="20").status_code == 409
    redeem(client, alice, reward_id, points="70")

    (redemption,) = redemptions_of(alice)
    assert (redemption.points, redemption.terms["amount_minor"]) == (70, 70)


def test_points_that_went_meanwhile_are_missed_in_words(
    client: FlaskClient, alice: Cardholder
) -> None:
    reward_id = offer(alice)
    alice.earn(150)
    place = press(client, alice, reward_id).headers["Location"]
    let_pass(alice, timedelta(minutes=2))
    redeem(client, alice, reward_id)

    answer = type_code(client, place, code_for(alice, place))

    assert answer.status_code == 409
    assert "50 points are missing" in answer.text and "untouched" in answer.text
    assert (points_of(alice), len(redemptions_of(alice))) == (50, 1)


def test_refusal_of_shopifys_gives_the_points_back_and_says_so(
    client: FlaskClient, alice: Cardholder, shopify: Shopify
) -> None:
    reward_id = offer(alice)
    alice.earn(150)
    shopify.fail("discounts", "refuse", code="INVALID")

    answer = redeem(client, alice, reward_id)

    assert answer.status_code == 409 and "Your points are back" in answer.text
    assert (points_of(alice), redemptions_of(alice)[0].state) == (150, "returned")


def test_silence_of_shopifys_is_shown_until_the_code_is_made(
    client: FlaskClient, alice: Cardholder, shopify: Shopify
) -> None:
    reward_id = offer(alice)
    alice.earn(150)
    shopify.fail("graphql", "fail", status=503)

    answer = redeem(client, alice, reward_id)
    waiting = client.get(path(alice)).text
    shopify.fail("graphql", "off")
    (redemption,) = redemptions_of(alice)
    bring_on(alice.shop_id, redemption.id)

    assert answer.status_code == 303
    assert "It is being made" in waiting and str(redemption.code) not in waiting
    assert str(redemption.code) in client.get(path(alice)).text
    assert points_of(alice) == 50


def test_redeeming_makes_the_cards_old_code_old(client: FlaskClient, alice: Cardholder) -> None:
    reward_id = offer(alice)
    alice.earn(150)
    with shop_transaction(alice.shop_id) as session:
        before = get_token(session, alice.shop_id, alice.member_id, now=utc_now()).epoch

    redeem(client, alice, reward_id)

    with shop_transaction(alice.shop_id) as session:
        after = get_token(session, alice.shop_id, alice.member_id, now=utc_now()).epoch
    assert after == before + 1


@pytest.mark.parametrize(
    ("settings", "status"),
    [
        ({"cost_points": 1000}, 409),
        ({"visibility": "till"}, 404),
        ({"visibility": "hidden"}, 404),
        ({"tier_ids": []} | {"limit_per_member": 1}, 303),
    ],
)
def test_only_what_is_offered_here_can_be_asked_for(
    client: FlaskClient, alice: Cardholder, settings: dict[str, Any], status: int
) -> None:
    reward_id = offer(alice, **settings)
    alice.earn(150)

    assert press(client, alice, reward_id).status_code == status
    assert len(challenges_of(alice)) == (status == 303)


def test_one_point_is_no_points(client: FlaskClient, alice: Cardholder) -> None:
    offer(alice, cost_points=1)

    assert "<bdi>1 point</bdi>" in client.get(path(alice)).text


def without_an_address(alice: Cardholder, enrolled_by: str) -> None:
    with shop_transaction(alice.shop_id) as session:
        member = session.get_one(Member, (alice.shop_id, alice.member_id))
        member.email, member.email_norm, member.enrolled_by = None, "", enrolled_by


@pytest.mark.parametrize(
    ("enrolled_by", "visibility", "is_at_till"),
    [("till", "everywhere", True), ("till", "online", False), ("webhook", "everywhere", False)],
)
def test_who_has_no_address_is_sent_to_a_till_that_there_is(
    client: FlaskClient, alice: Cardholder, enrolled_by: str, visibility: str, is_at_till: bool
) -> None:
    """A shop that sells only online has none, and some rewards are not for the till."""
    offer(alice, visibility=visibility)
    alice.earn(150)
    without_an_address(alice, enrolled_by)

    page = client.get(path(alice)).text

    assert ("Redeem it at the till, or tell" in page) is is_at_till
    assert ("To redeem it, tell" in page) is not is_at_till
    assert "an email address of yours." in page


@pytest.mark.parametrize("points", ["-5", "1.5", "1e3", "９９", "9" * 13, "many"])
def test_no_number_of_points_is_refused(
    client: FlaskClient, alice: Cardholder, points: str
) -> None:
    reward_id = offer(alice)
    alice.earn(150)

    assert press(client, alice, reward_id, points=points).status_code == 422
    assert challenges_of(alice) == []


def test_nothing_is_redeemed_in_a_pause(client: FlaskClient, alice: Cardholder) -> None:
    reward_id = offer(alice)
    alice.earn(150)
    place = press(client, alice, reward_id).headers["Location"]
    with shop_transaction(alice.shop_id) as session:
        pause(session, alice.shop_id, resume_mode="skip", actor=DANA, now=utc_now())

    answer = type_code(client, place, code_for(alice, place))

    assert answer.status_code == 409 and "paused" in answer.text
    assert points_of(alice) == 150


def test_code_that_is_too_late_redeems_nothing(client: FlaskClient, alice: Cardholder) -> None:
    reward_id = offer(alice)
    alice.earn(150)
    place = press(client, alice, reward_id).headers["Location"]
    let_pass(alice, GOOD_FOR)

    assert type_code(client, place, code_for(alice, place)).status_code == 410
    assert points_of(alice) == 150


def test_used_and_returned_codes_are_no_longer_shown(
    client: FlaskClient, alice: Cardholder
) -> None:
    reward_id = offer(alice)
    alice.earn(150)
    redeem(client, alice, reward_id)
    (redemption,) = redemptions_of(alice)

    shown = []
    for state in ("used", "returned"):
        with shop_transaction(alice.shop_id) as session:
            session.execute(update(Redemption).values(state=state, used_at=utc_now()))
        shown.append(client.get(path(alice)).text)

    assert all(str(redemption.code) not in page for page in shown)
    assert ">Used<" in shown[0] and "Yours to use" not in shown[1]


def test_till_code_is_shown_for_a_minute(client: FlaskClient, alice: Cardholder) -> None:
    offer(alice)
    assert "Code for the till" in client.get(path(alice)).text

    first = client.post(f"{path(alice)}/till-code", headers=OURS).text
    again = client.post(f"{path(alice)}/till-code", headers=OURS).text

    digits = [text.split('class="big" dir="ltr">')[1][:6] for text in (first, again)]
    assert all(code.isdigit() for code in digits) and digits[0] != digits[1]
    assert client.get(f"{path(alice)}/till-code").status_code in (404, 405)


def test_shop_without_rewards_shows_none(client: FlaskClient, alice: Cardholder) -> None:
    page = client.get(path(alice)).text

    assert "Rewards</h2>" not in page and "Yours to use" not in page


def test_name_of_a_reward_is_no_markup(client: FlaskClient, alice: Cardholder) -> None:
    name = "<img src=x onerror=alert(1)>"
    offer(alice, name=name)

    page = client.get(path(alice)).text

    assert name not in page and "&lt;img src=x" in page
