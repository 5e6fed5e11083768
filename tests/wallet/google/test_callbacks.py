"""What Google tells of saved and deleted cards, over HTTP: each counts once, forgeries never."""

import threading
from dataclasses import replace
from typing import Any

import pytest
import requests
from sqlalchemy import func, select

from loyalty.base.db import shop_transaction
from sandbox.google.signing import Keyring
from tests.sandbox.google.stand_in import StandIn
from tests.wallet.cast import Cardholder
from tests.wallet.google.conftest import Card, open_card
from wallet.google import root_keys
from wallet.google.ecv2 import RootKey
from wallet.google.tables import GoogleCallback
from wallet.queries import count_installed


@pytest.fixture
def card(app_url: str, google: StandIn, alice: Cardholder) -> Card:
    """Alice's card, made and not yet saved."""
    return open_card(google, alice)


def state(card: Card) -> tuple[int, list[str], int]:
    """Installed cards, the timeline, and how many callbacks were written down."""
    shop_id = card.holder.shop_id
    with shop_transaction(shop_id) as session:
        heard = session.scalar(select(func.count()).select_from(GoogleCallback)) or 0
        installed = count_installed(session, shop_id, card.holder.member_id)["google"]
    return installed, card.holder.timeline(), heard


def test_saved_card_counts_as_installed(card: Card) -> None:
    card.save()

    assert state(card) == (1, ["pass_installed"], 1)
    assert card.details("pass_installed") == [{"platform": "google"}]
    assert card.hops() == [(1, "callback")]


def test_deleted_card_counts_no_more(card: Card) -> None:
    card.save()
    card.delete()

    assert state(card) == (0, ["pass_installed", "pass_removed"], 2)


def test_card_saved_again_counts_again(card: Card) -> None:
    card.save()
    card.delete()
    card.save()

    assert state(card)[:2] == (1, ["pass_installed", "pass_removed", "pass_installed"])


def test_void_card_counts_no_more(card: Card) -> None:
    card.save()
    card.holder.erase()
    card.refresh()

    assert state(card)[0] == 0


def test_message_that_comes_twice_counts_once(card: Card) -> None:
    card.google.set_fault("repeat", surface="callbacks")
    card.save()

    assert state(card) == (1, ["pass_installed"], 1)


def test_replayed_message_is_answered_and_changes_nothing(card: Card) -> None:
    card.save()
    before = state(card)

    assert card.callback("replayed") == 200
    assert state(card) == before


def test_old_message_that_comes_late_changes_nothing(card: Card) -> None:
    card.save()
    card.delete()

    assert card.callback("late", "save") == 200
    assert state(card)[:2] == (0, ["pass_installed", "pass_removed"])


def test_deletion_before_its_save_leaves_the_card_not_installed(card: Card) -> None:
    assert card.callback("non_ascii", "del") == 200
    assert card.callback("late", "save") == 200
    assert state(card)[:2] == (0, [])


def test_messages_held_back_are_heard_in_the_end(card: Card) -> None:
    card.google.set_fault("hold", surface="callbacks", times=None)
    card.google.call("POST", "/_control/save", {"object_id": card.object_id})
    assert state(card) == (0, [], 0)

    card.google.call("DELETE", "/_control/faults")
    card.google.settle()

    assert state(card)[0] == 1


def test_message_beyond_ascii_is_heard(card: Card) -> None:
    assert card.callback("non_ascii") == 200
    assert state(card) == (1, ["pass_installed"], 1)


@pytest.mark.parametrize(
    "mutation", ["expired", "tampered", "foreign_key", "expired_key", "other_recipient"]
)
def test_message_that_proves_nothing_is_refused_and_writes_nothing(
    card: Card, mutation: str
) -> None:
    assert card.callback(mutation) == 401
    assert state(card) == (0, [], 0)


def test_message_of_another_class_is_refused_and_writes_nothing(card: Card) -> None:
    assert card.callback("other_class") == 404
    assert state(card) == (0, [], 0)


def test_card_of_another_shop_is_unknown_here(card: Card, bob: Cardholder) -> None:
    bobs = open_card(card.google, bob)
    genuine = _envelope(bobs)
    url = f"{_base(card)}/google/callbacks"
    before = state(card)

    answers = [requests.post(f"{url}/{shop}", json=genuine).status_code for shop in _shops(card)]

    assert answers == [404, 404, 404, 404, 404]
    assert state(card) == before
    assert requests.post(f"{url}/{bob.shop_id}", json=genuine).status_code == 200


def test_garbage_is_refused(card: Card) -> None:
    url = f"{_base(card)}/google/callbacks/{card.holder.shop_id}"

    answers = [
        requests.post(url, data=body).status_code for body in (b"", b"{}", b"\0", b"[" * 9000)
    ]

    assert answers == [401] * 4
    assert requests.post(url, data=b"x" * 20_000).status_code == 413
    assert state(card) == (0, [], 0)


def test_new_root_key_of_googles_is_fetched(card: Card) -> None:
    card.save()
    kept = root_keys._kept
    assert kept is not None
    unfit = [RootKey(str(Keyring().public_keys()["keys"][0]["keyValue"]), kept.stale_at)]
    old = kept.fetched_at - root_keys.APART
    root_keys._kept = replace(kept, keys=unfit, fetched_at=old)

    card.delete()

    assert state(card)[0] == 0


def test_flood_of_forgeries_fetches_the_keys_once(card: Card) -> None:
    before = len(card.google.requests_in("/gp/m/"))

    for _ in range(5):
        card.callback("foreign_key")

    assert len(card.google.requests_in("/gp/m/")) == before + 1


def test_google_is_asked_to_come_again_while_its_keys_cannot_be_had(card: Card) -> None:
    card.google.set_fault("status", surface="keys")
    card.google.call("POST", "/_control/save", {"object_id": card.object_id})
    card.google.settle()

    answers = [
        entry["status"]
        for entry in card.google.call("GET", "/received")["entries"]
        if entry["direction"] == "out" and entry["path"].startswith(_base(card))
    ]
    assert set(answers[:-1]) == {503} and answers[-1] == 200
    assert state(card)[0] == 1


def test_old_keys_serve_on_while_new_ones_cannot_be_had(card: Card) -> None:
    card.save()
    kept = root_keys._kept
    assert kept is not None
    root_keys._kept = replace(kept, stale_at=kept.fetched_at)
    card.google.set_fault("down", surface="keys", times=None)

    card.delete()

    assert state(card)[0] == 0


def test_two_copies_at_once_count_once(card: Card) -> None:
    envelope = _envelope(card)
    url = f"{_base(card)}/google/callbacks/{card.holder.shop_id}"

    threads = [threading.Thread(target=lambda: requests.post(url, json=envelope)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert state(card) == (1, ["pass_installed"], 1)


def _envelope(card: Card) -> Any:
    """A genuine save of the card that never reached us."""
    asked = {"object_id": card.object_id, "event": "save"}
    return card.google.call("POST", "/_control/envelope", asked)


def _base(card: Card) -> str:
    found = card.google.call("GET", "/_control/state")["classes"]
    [url] = [one["callbackOptions"]["url"] for one in found if one["id"] == card.row.class_id]
    return str(url).split("/google/")[0]


def _shops(card: Card) -> list[str]:
    return [str(card.holder.shop_id), "999999", "0", "x", "1" * 30]
