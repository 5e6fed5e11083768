"""A device fetches its pass, and complains: what it gets, and what is kept."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.http import parse_date

from loyalty.base.db import shop_transaction
from tests.wallet.cast import Cardholder
from tests.wallet.device import another_member, earn_and_revise, fetch, own, pass_path, shown
from wallet.tables import AppleLog


def test_fetched_pass_shows_the_balance_and_its_date(
    client: FlaskClient, alice: Cardholder
) -> None:
    alice.earn(1240)
    card = alice.open_pass()

    answer = fetch(client, card)

    assert answer.mimetype == "application/vnd.apple.pkpass"
    assert parse_date(answer.headers["Last-Modified"]) == card.last_modified_at
    assert shown(answer)["balance"] == "1,240"


def test_fetching_needs_the_token_of_this_very_pass(client: FlaskClient, alice: Cardholder) -> None:
    card, other = alice.open_pass(), another_member(alice, 2).open_pass()

    answer = client.get(pass_path(card), headers=own(other))

    assert answer.status_code == 401


@pytest.mark.parametrize("token", ["", "\u00e9\u00e9", "x"])
def test_fetching_with_an_odd_token_is_refused(
    client: FlaskClient, alice: Cardholder, token: str
) -> None:
    card = alice.open_pass()

    answer = client.get(pass_path(card), headers={"Authorization": f"ApplePass {token}"})

    assert answer.status_code == 401


def test_device_that_has_the_revision_gets_304(client: FlaskClient, alice: Cardholder) -> None:
    card = alice.open_pass()
    dated = fetch(client, card).headers["Last-Modified"]

    assert fetch(client, card, modified=dated).status_code == 304


def test_two_changes_within_one_second_have_different_dates(
    client: FlaskClient, alice: Cardholder
) -> None:
    card = alice.open_pass()
    dates = []
    for points in (1, 2):
        earn_and_revise(alice, points)
        dates.append(fetch(client, card).headers["Last-Modified"])

    assert dates[0] != dates[1]
    assert fetch(client, card, modified=dates[0]).status_code == 200


def test_fetch_with_a_date_that_is_none_gets_the_pass(
    client: FlaskClient, alice: Cardholder
) -> None:
    card = alice.open_pass()

    assert fetch(client, card, modified="the other day").status_code == 200


def test_log_lines_are_kept_and_cleaned(client: FlaskClient, alice: Cardholder) -> None:
    lines = ["the lastUpdated tag remained the same", "nul\0byte", 7]

    answer = client.post(f"/passkit/{alice.shop_id}/v1/log", json={"logs": lines})

    assert answer.status_code == 200
    with shop_transaction(alice.shop_id) as session:
        kept = set(session.scalars(select(AppleLog.message)))
    assert kept == {"the lastUpdated tag remained the same", "nulbyte"}


@pytest.mark.parametrize("body", [b"", b"[]", b'{"logs": "x"}', b"\xff"])
def test_log_that_is_none_is_malformed(client: FlaskClient, alice: Cardholder, body: bytes) -> None:
    answer = client.post(
        f"/passkit/{alice.shop_id}/v1/log", data=body, content_type="application/json"
    )

    assert answer.status_code == 400


def test_log_of_an_unknown_shop_is_not_found(client: FlaskClient, alice: Cardholder) -> None:
    answer = client.post(f"/passkit/{alice.shop_id + 1000}/v1/log", json={"logs": ["x"]})

    assert answer.status_code == 404
