"""R145-R147: what is more than looking needs a code that was sent to the member's address."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from jobs.purge import purge
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.members.tables import Member
from loyalty.outbox import PROOF_EMAIL_ASKED, OutboxEvent
from loyalty.proofs.challenges import GOOD_FOR, PER_DAY, TRIES_MAX
from mailing.addresses import address_hash, lock_address
from tests.wallet.cast import Cardholder
from tests.wallet.proving import (
    OURS,
    ask,
    challenges_of,
    code_for,
    let_pass,
    path,
    type_code,
    wrong_code_for,
)

pytestmark = pytest.mark.usefixtures("emailing")


def asked_emails(member: Cardholder) -> list[OutboxEvent]:
    with shop_transaction(member.shop_id) as session:
        kind = OutboxEvent.kind == PROOF_EMAIL_ASKED
        return list(session.scalars(select(OutboxEvent).where(kind)))


def test_button_asks_for_an_email_that_holds_no_code_until_it_is_written(
    client: FlaskClient, alice: Cardholder
) -> None:
    place = ask(client, alice, "data")

    (challenge,), (event,) = challenges_of(alice), asked_emails(alice)
    assert event.body == {
        "challenge_id": str(challenge.id),
        "purpose": "data",
        "is_asked_for": True,
    }
    assert code_for(alice, place) not in f"{event.body}{challenge.body}"
    page = client.get(place)
    assert page.status_code == 200 and "5•••@example.com" in page.text
    assert "Type it" in client.get(path(alice)).text


def test_two_taps_are_one_code(client: FlaskClient, alice: Cardholder) -> None:
    assert ask(client, alice, "data") == ask(client, alice, "data")
    assert len(asked_emails(alice)) == 1


def test_right_code_opens_however_it_is_spaced(client: FlaskClient, alice: Cardholder) -> None:
    place = ask(client, alice, "data")
    code = code_for(alice, place)

    answer = type_code(client, place, f" {code[:3]} {code[3:]}")

    assert answer.status_code == 200
    assert challenges_of(alice)[0].proved_at is not None


def test_wrong_code_is_told_and_counted_and_shows_nothing(
    client: FlaskClient, alice: Cardholder
) -> None:
    place = ask(client, alice, "data")

    answer = type_code(client, place, wrong_code_for(alice, place))

    assert answer.status_code == 422
    assert "You can try 4 more times" in answer.text and "Codes sent to you" not in answer.text
    assert challenges_of(alice)[0].wrong_tries == 1
    assert type_code(client, place, code_for(alice, place)).status_code == 200


def test_after_five_wrong_ones_even_the_right_code_is_over(
    client: FlaskClient, alice: Cardholder
) -> None:
    place = ask(client, alice, "data")

    said = [
        type_code(client, place, wrong_code_for(alice, place)).status_code for _ in range(TRIES_MAX)
    ]

    assert said == [422, 422, 422, 422, 410]
    assert type_code(client, place, code_for(alice, place)).status_code == 410
    assert client.get(place).status_code == 410
    assert challenges_of(alice)[0].proved_at is None


def test_guesses_sent_at_once_are_five_all_the_same(
    app: Flask, client: FlaskClient, alice: Cardholder
) -> None:
    place = ask(client, alice, "data")
    wrong = wrong_code_for(alice, place)

    def guess(_: int) -> int:
        return type_code(app.test_client(), place, wrong).status_code

    with ThreadPoolExecutor(4) as phones:
        said = sorted(phones.map(guess, range(12)))

    assert said == [410] * 8 + [422] * 4
    assert challenges_of(alice)[0].wrong_tries == TRIES_MAX


def test_code_is_over_after_a_quarter_of_an_hour(client: FlaskClient, alice: Cardholder) -> None:
    place = ask(client, alice, "data")
    let_pass(alice, GOOD_FOR)

    assert type_code(client, place, code_for(alice, place)).status_code == 410
    assert client.get(place).status_code == 410
    assert "Type it" not in client.get(path(alice)).text


def test_code_dies_with_the_address_it_was_sent_to(client: FlaskClient, alice: Cardholder) -> None:
    place = ask(client, alice, "data")
    code = code_for(alice, place)
    with shop_transaction(alice.shop_id) as session:
        member = session.get_one(Member, (alice.shop_id, alice.member_id))
        member.email = member.email_norm = "alice@new.example"

    assert type_code(client, place, code).status_code == 422


def test_code_of_one_purpose_opens_no_other(client: FlaskClient, alice: Cardholder) -> None:
    place = ask(client, alice, "erase")
    challenge = challenges_of(alice)[0]
    form = {"challenge": str(challenge.id), "code": code_for(alice, place)}

    answer = client.post(f"{path(alice)}/data/json", data=form, headers=OURS)

    assert answer.status_code == 403


def test_code_of_another_member_opens_nothing(
    client: FlaskClient, alice: Cardholder, bob: Cardholder
) -> None:
    place = ask(client, bob, "data")
    code = code_for(bob, place)
    there = f"{path(alice)}/codes/{place.rsplit('/', 1)[-1]}"

    assert type_code(client, there, code).status_code == 410
    assert client.get(there).status_code == 410


def test_more_than_ten_a_day_are_not_sent(client: FlaskClient, alice: Cardholder) -> None:
    for _ in range(PER_DAY):
        ask(client, alice, "data")
        let_pass(alice, timedelta(minutes=2))

    answer = client.post(f"{path(alice)}/codes", data={"purpose": "data"}, headers=OURS)

    assert answer.status_code == 429 and "enough for today" in answer.text
    assert len(asked_emails(alice)) == PER_DAY


def test_who_has_no_address_is_told_to_ask_the_shop(client: FlaskClient, alice: Cardholder) -> None:
    with shop_transaction(alice.shop_id) as session:
        member = session.get_one(Member, (alice.shop_id, alice.member_id))
        member.email, member.email_norm = None, ""

    answer = client.post(f"{path(alice)}/codes", data={"purpose": "data"}, headers=OURS)

    assert answer.status_code == 409
    assert "ask <bdi>Aurora</bdi>" in client.get(path(alice)).text
    assert challenges_of(alice) == []


def test_no_code_is_asked_for_that_would_not_arrive(client: FlaskClient, alice: Cardholder) -> None:
    with shop_transaction(alice.shop_id) as session:
        address = lock_address(
            session, alice.shop_id, address_hash(alice.shop_id, "501@example.com")
        )
        address.hard_bounced_at, address.hard_bounce_reason = utc_now(), "550 5.1.1"

    answer = client.post(f"{path(alice)}/codes", data={"purpose": "data"}, headers=OURS)

    assert answer.status_code == 409 and "no address that emails reach" in answer.text
    assert "ask <bdi>Aurora</bdi>" in client.get(path(alice)).text
    assert challenges_of(alice) == []


@pytest.mark.parametrize(
    ("data", "headers", "status"),
    [
        ({"purpose": "data"}, {"Sec-Fetch-Site": "cross-site"}, 403),
        ({"purpose": "redeem"}, OURS, 422),
        ({"purpose": "everything"}, OURS, 422),
        ({}, OURS, 422),
        ({"purpose": "x" * 5000}, OURS, 413),
    ],
)
def test_form_that_is_not_ours_asks_for_nothing(
    client: FlaskClient,
    alice: Cardholder,
    data: dict[str, str],
    headers: dict[str, str],
    status: int,
) -> None:
    answer = client.post(f"{path(alice)}/codes", data=data, headers=headers)

    assert answer.status_code == status
    assert challenges_of(alice) == []


@pytest.mark.parametrize("code", ["", "12345", "١٢٣٤٥٦", "\x00", "1234567", "null"])
def test_what_is_no_code_is_wrong(client: FlaskClient, alice: Cardholder, code: str) -> None:
    place = ask(client, alice, "data")

    assert type_code(client, place, code).status_code == 422


def test_what_was_asked_for_a_month_ago_is_forgotten(
    client: FlaskClient, alice: Cardholder
) -> None:
    ask(client, alice, "data")
    purge(alice.shop_id, now=utc_now())
    kept = len(challenges_of(alice))

    purge(alice.shop_id, now=utc_now() + timedelta(days=31))

    assert (kept, challenges_of(alice)) == (1, [])
