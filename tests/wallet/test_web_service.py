"""What a device may ask of the PassKit web service, and what it is told."""

import io
import json
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.http import parse_date
from werkzeug.test import TestResponse

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from tests.wallet.cast import Cardholder, enrol
from tests.wallet.certificates import PASS_TYPE_ID
from wallet.passes import list_changes, lock_passes, next_tag, revise
from wallet.tables import AppleDevice, AppleLog, WalletPass

PHONE, TABLET = "a" * 32, "b" * 32
PUSH_TOKEN, OTHER_TOKEN = "1" * 64, "2" * 64


def test_new_registration_is_created_and_the_same_again_is_known(
    client: FlaskClient, alice: Cardholder
) -> None:
    card = alice.open_pass()

    statuses = [_register(client, card).status_code for _ in range(2)]

    assert statuses == [201, 200]
    assert alice.timeline() == ["pass_installed"]


def test_registering_again_renews_the_push_token(client: FlaskClient, alice: Cardholder) -> None:
    card = alice.open_pass()
    _register(client, card)

    _register(client, card, push_token=OTHER_TOKEN)

    assert _push_tokens(alice) == [OTHER_TOKEN]


def test_wrong_token_registers_nothing(client: FlaskClient, alice: Cardholder) -> None:
    card = alice.open_pass()
    card.authentication_token = "x" * 43

    assert _register(client, card).status_code == 401
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
        _registration(card), data=body, content_type="application/json", headers=_own(card)
    )

    assert answer.status_code == 400


def test_unregistering_removes_the_pass_from_the_device_once(
    client: FlaskClient, alice: Cardholder
) -> None:
    card = alice.open_pass()
    _register(client, card)

    statuses = [
        client.delete(_registration(card), headers=_own(card)).status_code for _ in range(2)
    ]

    assert statuses == [200, 200]
    assert alice.timeline() == ["pass_installed", "pass_removed"]
    assert _list(client, card).status_code == 204


def test_unregistering_needs_the_token(client: FlaskClient, alice: Cardholder) -> None:
    card = alice.open_pass()
    _register(client, card)

    answer = client.delete(_registration(card), headers={"Authorization": "ApplePass no"})

    assert answer.status_code == 401
    assert _list(client, card).status_code == 200


def test_pass_put_back_on_a_device_counts_as_installed_again(
    client: FlaskClient, alice: Cardholder
) -> None:
    card = alice.open_pass()
    _register(client, card)
    client.delete(_registration(card), headers=_own(card))

    assert _register(client, card).status_code == 201


def test_device_is_told_every_serial_changed_since_its_tag_not_only_the_newest(
    client: FlaskClient, alice: Cardholder
) -> None:
    cards = [alice.open_pass()] + [_another_member(alice, n).open_pass() for n in (2, 3)]
    for card in cards:
        _register(client, card)
    first = _list(client, cards[0]).json["lastUpdated"]

    for number, card in enumerate(cards):
        _earn_and_revise(Cardholder(card.shop_id, card.member_id), 10 + number)

    changed = _list(client, cards[0], since=first).json
    assert sorted(changed["serialNumbers"]) == sorted(card.serial for card in cards)
    assert isinstance(changed["lastUpdated"], str)
    assert _list(client, cards[0], since=changed["lastUpdated"]).status_code == 204


def test_device_that_asks_with_a_tag_is_told_only_what_changed_after_it(
    client: FlaskClient, alice: Cardholder
) -> None:
    other = _another_member(alice, 2)
    cards = [alice.open_pass(), other.open_pass()]
    for card in cards:
        _register(client, card)
    tag = _list(client, cards[0]).json["lastUpdated"]

    _earn_and_revise(other, 5)

    assert _list(client, cards[0], since=tag).json["serialNumbers"] == [cards[1].serial]


@pytest.mark.parametrize("tag", ["yesterday", "-1", "9" * 40, "1;drop"])
def test_tag_that_is_not_ours_lists_everything(
    client: FlaskClient, alice: Cardholder, tag: str
) -> None:
    card = alice.open_pass()
    _register(client, card)

    assert _list(client, card, since=tag).json["serialNumbers"] == [card.serial]


@pytest.mark.parametrize("device", [TABLET, "%00", "x" * 500])
def test_unknown_device_has_no_passes(client: FlaskClient, alice: Cardholder, device: str) -> None:
    card = alice.open_pass()
    _register(client, card)

    assert _list(client, card, device=device).status_code == 204


def test_another_shop_sees_nothing_of_the_device(
    client: FlaskClient, alice: Cardholder, bob: Cardholder
) -> None:
    card = alice.open_pass()
    _register(client, card)

    answer = client.get(f"/passkit/{bob.shop_id}/v1/devices/{PHONE}/registrations/{PASS_TYPE_ID}")

    assert answer.status_code == 204


@pytest.mark.parametrize("shop_key", ["0", "-1", "abc", "1%00", "9" * 30])
def test_shop_key_that_is_none_is_not_found(client: FlaskClient, shop_key: str) -> None:
    for path in (f"devices/{PHONE}/registrations/{PASS_TYPE_ID}", f"passes/{PASS_TYPE_ID}/1-a"):
        assert client.get(f"/passkit/{shop_key}/v1/{path}").status_code == 404


def test_fetched_pass_shows_the_balance_and_its_date(
    client: FlaskClient, alice: Cardholder
) -> None:
    alice.earn(1240)
    card = alice.open_pass()

    answer = _fetch(client, card)

    assert answer.mimetype == "application/vnd.apple.pkpass"
    assert parse_date(answer.headers["Last-Modified"]) == card.last_modified_at
    assert _shown(answer)["balance"] == "1,240"


def test_fetching_needs_the_token_of_this_very_pass(client: FlaskClient, alice: Cardholder) -> None:
    card, other = alice.open_pass(), _another_member(alice, 2).open_pass()

    answer = client.get(_pass(card), headers=_own(other))

    assert answer.status_code == 401


@pytest.mark.parametrize("token", ["", "\u00e9\u00e9", "x"])
def test_fetching_with_an_odd_token_is_refused(
    client: FlaskClient, alice: Cardholder, token: str
) -> None:
    card = alice.open_pass()

    answer = client.get(_pass(card), headers={"Authorization": f"ApplePass {token}"})

    assert answer.status_code == 401


def test_device_that_has_the_revision_gets_304(client: FlaskClient, alice: Cardholder) -> None:
    card = alice.open_pass()
    dated = _fetch(client, card).headers["Last-Modified"]

    assert _fetch(client, card, modified=dated).status_code == 304


def test_two_changes_within_one_second_have_different_dates(
    client: FlaskClient, alice: Cardholder
) -> None:
    card = alice.open_pass()
    dates = []
    for points in (1, 2):
        _earn_and_revise(alice, points)
        dates.append(_fetch(client, card).headers["Last-Modified"])

    assert dates[0] != dates[1]
    assert _fetch(client, card, modified=dates[0]).status_code == 200


def test_fetch_with_a_date_that_is_none_gets_the_pass(
    client: FlaskClient, alice: Cardholder
) -> None:
    card = alice.open_pass()

    assert _fetch(client, card, modified="the other day").status_code == 200


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


def test_registration_of_an_outdated_download_lists_the_pass_anew(
    client: FlaskClient, alice: Cardholder
) -> None:
    other = _another_member(alice, 2)
    card = alice.open_pass()
    _earn_and_revise(alice, 5)
    newest = other.open_pass()
    _register(client, newest)
    tag = _list(client, newest).json["lastUpdated"]

    _register(client, card)

    assert _list(client, card, since=tag).json["serialNumbers"] == [card.serial]


def test_tag_of_a_later_change_waits_for_the_earlier_one_to_be_committed(
    client: FlaskClient, alice: Cardholder
) -> None:
    card = alice.open_pass()
    has_first, may_commit = threading.Event(), threading.Event()
    order: list[str] = []

    def slow_writer() -> int:
        with shop_transaction(alice.shop_id) as session:
            tag = next_tag(session, alice.shop_id, card.pass_type_id)
            has_first.set()
            assert may_commit.wait(10)
            order.append("first committed")
        return tag

    def quick_writer() -> int:
        with shop_transaction(alice.shop_id) as session:
            tag = next_tag(session, alice.shop_id, card.pass_type_id)
            order.append("second has its tag")
        return tag

    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(slow_writer)
        assert has_first.wait(10)
        quick = pool.submit(quick_writer)
        threading.Event().wait(0.3)
        assert not quick.done()
        may_commit.set()

    assert order == ["first committed", "second has its tag"]
    assert quick.result() == slow.result() + 1


def test_device_that_asks_all_the_time_misses_no_change_of_two_writers(
    client: FlaskClient, alice: Cardholder
) -> None:
    other = _another_member(alice, 2)
    writers = {alice.open_pass().serial: alice, other.open_pass().serial: other}
    for holder in writers.values():
        _register(client, _pass_of(holder))
    seen: dict[str, int] = {}
    tag = _list(client, _pass_of(alice)).json["lastUpdated"]
    done = threading.Event()

    def write(holder: Cardholder) -> None:
        for points in range(1, 16):
            _earn_and_revise(holder, points)

    def look() -> None:
        nonlocal tag
        answer = _list(client, _pass_of(alice), since=tag)
        if answer.status_code == 200:
            tag = answer.json["lastUpdated"]
            for serial in answer.json["serialNumbers"]:
                seen[serial] = _pass_of(writers[serial]).revision

    def watch() -> None:
        while not done.is_set():
            look()

    with ThreadPoolExecutor(3) as pool:
        watcher = pool.submit(watch)
        for writer in [pool.submit(write, holder) for holder in writers.values()]:
            writer.result()
        done.set()
        watcher.result()
    look()

    assert seen == dict.fromkeys(writers, 16)
    assert int(tag) == 2 + 2 * 15


def _register(
    client: FlaskClient, card: WalletPass, *, push_token: str = PUSH_TOKEN
) -> TestResponse:
    return client.post(_registration(card), json={"pushToken": push_token}, headers=_own(card))


def _list(
    client: FlaskClient, card: WalletPass, *, device: str = PHONE, since: str | None = None
) -> TestResponse:
    query = {} if since is None else {"passesUpdatedSince": since}
    path = f"/passkit/{card.shop_id}/v1/devices/{device}/registrations/{card.pass_type_id}"
    return client.get(path, query_string=query)


def _fetch(client: FlaskClient, card: WalletPass, *, modified: str | None = None) -> TestResponse:
    conditions = {} if modified is None else {"If-Modified-Since": modified}
    return client.get(_pass(card), headers=_own(card) | conditions)


def _registration(card: WalletPass) -> str:
    base = f"/passkit/{card.shop_id}/v1/devices/{PHONE}/registrations"
    return f"{base}/{card.pass_type_id}/{card.serial}"


def _pass(card: WalletPass) -> str:
    return f"/passkit/{card.shop_id}/v1/passes/{card.pass_type_id}/{card.serial}"


def _own(card: WalletPass) -> dict[str, str]:
    return {"Authorization": f"ApplePass {card.authentication_token}"}


def _shown(answer: TestResponse) -> dict[str, str]:
    archive = zipfile.ZipFile(io.BytesIO(answer.data))
    card = json.loads(archive.read("pass.json"))["storeCard"]
    return {field["key"]: field["value"] for group in card.values() for field in group}


def _push_tokens(holder: Cardholder) -> list[str]:
    with shop_transaction(holder.shop_id) as session:
        return list(session.scalars(select(AppleDevice.push_token)))


def _another_member(holder: Cardholder, number: int) -> Cardholder:
    return enrol("aurora", f"Alice {number}", customer_id=600 + number)


def _pass_of(holder: Cardholder) -> WalletPass:
    with shop_transaction(holder.shop_id) as session:
        return session.scalars(
            select(WalletPass).where(WalletPass.member_id == holder.member_id)
        ).one()


def _earn_and_revise(holder: Cardholder, points: int) -> None:
    holder.earn(points)
    with shop_transaction(holder.shop_id) as session:
        cards = lock_passes(session, holder.shop_id, [holder.member_id])
        changes = list_changes(session, holder.shop_id, cards, now=utc_now())
        assert changes
        revise(session, holder.shop_id, cards, changes, now=utc_now())
