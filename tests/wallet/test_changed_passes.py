"""A device asks which of its passes changed: no change is ever skipped."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask.testing import FlaskClient

from loyalty.base.db import shop_transaction
from tests.wallet.cast import Cardholder
from tests.wallet.certificates import PASS_TYPE_ID
from tests.wallet.device import (
    PHONE,
    TABLET,
    another_member,
    earn_and_revise,
    list_changed,
    pass_of,
    register,
)
from wallet.passes import next_tag


def test_device_is_told_every_serial_changed_since_its_tag_not_only_the_newest(
    client: FlaskClient, alice: Cardholder
) -> None:
    cards = [alice.open_pass()] + [another_member(alice, n).open_pass() for n in (2, 3)]
    for card in cards:
        register(client, card)
    first = list_changed(client, cards[0]).json["lastUpdated"]

    for number, card in enumerate(cards):
        earn_and_revise(Cardholder(card.shop_id, card.member_id), 10 + number)

    changed = list_changed(client, cards[0], since=first).json
    assert sorted(changed["serialNumbers"]) == sorted(card.serial for card in cards)
    assert isinstance(changed["lastUpdated"], str)
    assert list_changed(client, cards[0], since=changed["lastUpdated"]).status_code == 204


def test_device_that_asks_with_a_tag_is_told_only_what_changed_after_it(
    client: FlaskClient, alice: Cardholder
) -> None:
    other = another_member(alice, 2)
    cards = [alice.open_pass(), other.open_pass()]
    for card in cards:
        register(client, card)
    tag = list_changed(client, cards[0]).json["lastUpdated"]

    earn_and_revise(other, 5)

    assert list_changed(client, cards[0], since=tag).json["serialNumbers"] == [cards[1].serial]


@pytest.mark.parametrize("tag", ["yesterday", "-1", "9" * 40, "1;drop"])
def test_tag_that_is_not_ours_lists_everything(
    client: FlaskClient, alice: Cardholder, tag: str
) -> None:
    card = alice.open_pass()
    register(client, card)

    assert list_changed(client, card, since=tag).json["serialNumbers"] == [card.serial]


@pytest.mark.parametrize("device", [TABLET, "%00", "x" * 500])
def test_unknown_device_has_no_passes(client: FlaskClient, alice: Cardholder, device: str) -> None:
    card = alice.open_pass()
    register(client, card)

    assert list_changed(client, card, device=device).status_code == 204


def test_another_shop_sees_nothing_of_the_device(
    client: FlaskClient, alice: Cardholder, bob: Cardholder
) -> None:
    card = alice.open_pass()
    register(client, card)

    answer = client.get(f"/passkit/{bob.shop_id}/v1/devices/{PHONE}/registrations/{PASS_TYPE_ID}")

    assert answer.status_code == 204


@pytest.mark.parametrize("shop_key", ["0", "-1", "abc", "1%00", "9" * 30])
def test_shop_key_that_is_none_is_not_found(client: FlaskClient, shop_key: str) -> None:
    for path in (f"devices/{PHONE}/registrations/{PASS_TYPE_ID}", f"passes/{PASS_TYPE_ID}/1-a"):
        assert client.get(f"/passkit/{shop_key}/v1/{path}").status_code == 404


def test_registration_of_an_outdated_download_lists_the_pass_anew(
    client: FlaskClient, alice: Cardholder
) -> None:
    other = another_member(alice, 2)
    card = alice.open_pass()
    earn_and_revise(alice, 5)
    newest = other.open_pass()
    register(client, newest)
    tag = list_changed(client, newest).json["lastUpdated"]

    register(client, card)

    assert list_changed(client, card, since=tag).json["serialNumbers"] == [card.serial]


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
    other = another_member(alice, 2)
    writers = {alice.open_pass().serial: alice, other.open_pass().serial: other}
    for holder in writers.values():
        register(client, pass_of(holder))
    seen: dict[str, int] = {}
    tag = list_changed(client, pass_of(alice)).json["lastUpdated"]
    done = threading.Event()

    def write(holder: Cardholder) -> None:
        for points in range(1, 16):
            earn_and_revise(holder, points)

    def look() -> None:
        nonlocal tag
        answer = list_changed(client, pass_of(alice), since=tag)
        if answer.status_code == 200:
            tag = answer.json["lastUpdated"]
            for serial in answer.json["serialNumbers"]:
                seen[serial] = pass_of(writers[serial]).revision

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
