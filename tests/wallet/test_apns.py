"""The pump against an APNs over TLS and HTTP/2: what is pushed, and what each answer means."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from flask import Flask

from sandbox.apple.world import World
from tests.wallet.certificates import PASS_TYPE_ID, PassChain
from wallet import setup
from wallet.apple.apns import Outcome, Pump, classify, shared_pump


@pytest.fixture
def pump(app: Flask) -> Pump:
    return Pump(setup.apple())


def test_push_is_an_empty_payload_for_the_topic(apple: World, pump: Pump) -> None:
    token = apple.tokens.issue()

    outcomes = pump.push([token])

    assert outcomes == {token: Outcome("ok")}
    received = apple.apns.as_json(1)[0]
    assert (received["token"], received["topic"], received["payload"]) == (
        token,
        PASS_TYPE_ID,
        "{}",
    )


def test_many_pushes_share_one_connection(apple: World, pump: Pump) -> None:
    tokens = [apple.tokens.issue() for _ in range(300)]
    before = set(apple.server._connections)

    first, second = pump.push(tokens), pump.push(tokens)

    for outcomes in (first, second):
        assert set(outcomes) == set(tokens)
        assert {outcome.verdict for outcome in outcomes.values()} == {"ok"}
    assert len(apple.server._connections - before) == 1


def test_token_that_stands_twice_is_pushed_once(apple: World, pump: Pump) -> None:
    token = apple.tokens.issue()

    pump.push([token, token])

    assert [push["token"] for push in apple.apns.as_json()].count(token) == 1


def test_token_that_died_is_gone_since_then(apple: World, pump: Pump) -> None:
    token = apple.tokens.issue()
    apple.tokens.unregister(token)

    outcome = pump.push([token])[token]

    assert outcome.verdict == "gone"
    assert outcome.gone_at is not None
    assert abs((datetime.now(UTC) - outcome.gone_at).total_seconds()) < 60


def test_token_that_apns_never_gave_out_is_gone(apple: World, pump: Pump) -> None:
    token = "0" * 64

    assert pump.push([token])[token] == Outcome("gone", "400 BadDeviceToken")


@pytest.mark.parametrize("status", [429, 500, 503])
def test_busy_apns_is_asked_again_later(apple: World, pump: Pump, status: int) -> None:
    token = apple.tokens.issue()
    apple.faults.add({"kind": "status", "status": status, "reason": "Busy", "token": token})

    assert pump.push([token])[token] == Outcome("retry", f"{status} Busy")
    assert pump.push([token])[token].verdict == "ok"


@pytest.mark.parametrize("kind", ["cut", "drop"])
def test_pump_goes_on_after_a_lost_connection(apple: World, pump: Pump, kind: str) -> None:
    tokens = [apple.tokens.issue() for _ in range(20)]
    pump.push(tokens)
    apple.faults.add({"kind": kind})

    first = pump.push(tokens)
    lost = [token for token, outcome in first.items() if outcome.verdict != "ok"]
    second = pump.push(lost)

    assert {outcome.verdict for outcome in first.values()} <= {"ok", "retry"}
    assert {outcome.verdict for outcome in second.values()} <= {"ok"}


def test_unreachable_apns_is_asked_again_later(app: Flask) -> None:
    nowhere = Pump(replace(setup.apple(), apns_url="https://localhost:1"))

    outcome = nowhere.push(["0" * 64])["0" * 64]

    assert outcome.verdict == "retry"
    assert outcome.reason.startswith("no answer")


def test_server_that_is_not_apples_gets_no_push(apple: World, app: Flask, chain: PassChain) -> None:
    suspicious, token = Pump(replace(setup.apple(), apns_ca_file=chain.root)), apple.tokens.issue()

    assert suspicious.push([token])[token].verdict == "retry"
    assert token not in [push["token"] for push in apple.apns.as_json()]


def test_process_has_one_pump_for_its_certificate(app: Flask) -> None:
    assert shared_pump() is shared_pump()


@pytest.mark.parametrize(
    ("status", "body", "verdict"),
    [
        (200, b"", "ok"),
        (400, b'{"reason":"DeviceTokenNotForTopic"}', "dead"),
        (403, b'{"reason":"BadCertificate"}', "dead"),
        (410, b'{"reason":"Unregistered","timestamp":"soon"}', "gone"),
        (502, b"<html>", "retry"),
        (400, b"[]", "dead"),
    ],
)
def test_answer_has_one_meaning(status: int, body: bytes, verdict: str) -> None:
    assert classify(status, body).verdict == verdict
