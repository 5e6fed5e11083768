"""A device registers passes and takes them off: who may, and what is remembered."""

import pytest
from flask.testing import FlaskClient

from tests.wallet.cast import Cardholder
from tests.wallet.device import (
    OTHER_TOKEN,
    PHONE,
    PUSH_TOKEN,
    list_changed,
    own,
    push_tokens_of,
    register,
    registration_path,
)


def test_new_registration_is_created_and_the_same_again_is_known(
    client: FlaskClient, alice: Cardholder
) -> None:
    card = alice.open_pass()

    statuses = [register(client, card).status_code for _ in range(2)]

    assert statuses == [201, 200]
    assert alice.timeline() == ["pass_installed"]


def test_registering_again_renews_the_push_token(client: FlaskClient, alice: Cardholder) -> None:
    card = alice.open_pass()
    register(client, card)

    register(client, card, push_token=OTHER_TOKEN)

    assert push_tokens_of(alice) == [OTHER_TOKEN]


def test_wrong_token_registers_nothing(client: FlaskClient, alice: Cardholder) -> None:
    card = alice.open_pass()
    card.authentication_token = "x" * 43

    assert register(client, card).status_code == 401
    assert alice.registrations() == []


@pytest.mark.parametrize("change", ["shop", "serial", "type", "scheme"])
def test_nothing_of_a_registration_may_be_wrong(
    client: FlaskClient, alice: Cardholder, bob: Cardholder, change: str
) -> None:
    card = alice.open_pass()
    parts = {"shop": str(card.shop_id), "type": card.pass_type_id, "serial": card.serial}
    parts["scheme"] = "ApplePass"
    parts[change] = {
        "shop": str(bob.shop_id),
        "serial": card.serial[:-1] + ("0" if card.serial[-1] != "0" else "1"),
        "type": "pass.com.example.other",
        "scheme": "Bearer",
    }[change]

    answer = client.post(
        f"/passkit/{parts['shop']}/v1/devices/{PHONE}/registrations/{parts['type']}/{parts['serial']}",
        json={"pushToken": PUSH_TOKEN},
        headers={"Authorization": f"{parts['scheme']} {card.authentication_token}"},
    )

    assert answer.status_code == 401


@pytest.mark.parametrize("body", [b"", b"[]", b'{"pushToken": 5}', b'{"pushToken": "a/../b"}'])
def test_registration_without_a_sane_push_token_is_malformed(
    client: FlaskClient, alice: Cardholder, body: bytes
) -> None:
    card = alice.open_pass()

    answer = client.post(
        registration_path(card), data=body, content_type="application/json", headers=own(card)
    )

    assert answer.status_code == 400


def test_unregistering_removes_the_pass_from_the_device_once(
    client: FlaskClient, alice: Cardholder
) -> None:
    card = alice.open_pass()
    register(client, card)

    statuses = [
        client.delete(registration_path(card), headers=own(card)).status_code for _ in range(2)
    ]

    assert statuses == [200, 200]
    assert alice.timeline() == ["pass_installed", "pass_removed"]
    assert list_changed(client, card).status_code == 204


def test_unregistering_needs_the_token(client: FlaskClient, alice: Cardholder) -> None:
    card = alice.open_pass()
    register(client, card)

    answer = client.delete(registration_path(card), headers={"Authorization": "ApplePass no"})

    assert answer.status_code == 401
    assert list_changed(client, card).status_code == 200


def test_pass_put_back_on_a_device_counts_as_installed_again(
    client: FlaskClient, alice: Cardholder
) -> None:
    card = alice.open_pass()
    register(client, card)
    client.delete(registration_path(card), headers=own(card))

    assert register(client, card).status_code == 201
