"""The facts of criteria that only the wallet knows: who has the card on a phone now."""

from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from tests.wallet.cast import Cardholder
from tests.wallet.device import own, register, registration_path
from wallet.google.tables import GoogleClass, GoogleObject
from wallet.held_cards import select_held


def held(who: Cardholder, member_ids: list[UUID] | None = None) -> dict[UUID, dict[str, Any]]:
    with shop_transaction(who.shop_id) as session:
        rows = session.execute(select_held(session, who.shop_id, member_ids)).mappings()
        return {row["member_id"]: dict(row) for row in rows}


def save_to_google(who: Cardholder, **changes: Any) -> None:
    now = utc_now()
    with shop_transaction(who.shop_id) as session:
        session.merge(GoogleClass(shop_id=who.shop_id, class_id="1.c"))
        session.flush()
        facts = {"id": who.member_id, "member_id": who.member_id, "object_id": "1.o"}
        card = {"class_id": "1.c", "created_at": now, "saved_at": now} | changes
        session.merge(GoogleObject(shop_id=who.shop_id, **facts, **card))


def test_card_counts_from_its_registration_to_its_removal(
    client: FlaskClient, alice: Cardholder
) -> None:
    card = alice.open_pass()
    assert held(alice) == {}
    register(client, card)
    expected = {"has_apple_card": True, "has_google_card": False, "has_card_now": True}
    assert held(alice) == {alice.member_id: {"member_id": alice.member_id} | expected}
    client.delete(registration_path(card), headers=own(card))

    assert held(alice) == {}


@pytest.mark.parametrize("changes", [{"removed_at": utc_now()}, {"saved_at": None}])
def test_card_that_google_has_not_counts_for_nothing(
    client: FlaskClient, alice: Cardholder, changes: dict[str, Any]
) -> None:
    save_to_google(alice)
    assert held(alice)[alice.member_id]["has_google_card"]

    save_to_google(alice, **changes)

    assert held(alice) == {}


def test_member_with_both_cards_is_one_row(client: FlaskClient, alice: Cardholder) -> None:
    register(client, alice.open_pass())
    save_to_google(alice)

    [row] = held(alice).values()

    assert row["has_apple_card"] and row["has_google_card"] and row["has_card_now"]
    assert held(alice, [alice.member_id]) == held(alice)
    assert held(alice, []) == {}


def test_nobodys_card_of_another_shop_counts(
    client: FlaskClient, alice: Cardholder, bob: Cardholder
) -> None:
    register(client, bob.open_pass())

    assert held(alice) == held(alice, [bob.member_id]) == {}
