"""How a day's three notices are shared out: tier before reward, balance and marketing."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from loyalty.base.db import shop_transaction
from loyalty.preferences import Preferences
from tests.factories.facts import NOON
from tests.sandbox.google.stand_in import StandIn
from tests.wallet.cast import Cardholder
from tests.wallet.google.conftest import Card, open_card
from wallet.google.notices import Kind, give_back, highest, take_place
from wallet.google.tables import GoogleNotice


@pytest.fixture
def card(google: StandIn, alice: Cardholder) -> Card:
    return open_card(google, alice)


def ask(card: Card, kinds: list[Kind], *, revision: int = 1, hours: float = 0) -> list[bool]:
    """Ask for a place for each of `kinds`, one revision after the other."""
    with shop_transaction(card.holder.shop_id) as session:
        return [
            take_place(
                session,
                card.holder.shop_id,
                card.row_id,
                revision + number,
                kind,
                now=NOON + timedelta(hours=hours),
            )
            for number, kind in enumerate(kinds)
        ]


def test_balance_leaves_the_last_place_to_a_tier_or_a_reward(card: Card) -> None:
    assert ask(card, ["balance", "balance", "balance", "reward", "tier"]) == [
        *(True, True, False),
        *(True, False),
    ]


def test_marketing_only_ever_has_the_first_place(card: Card) -> None:
    assert ask(card, ["marketing", "marketing", "balance", "tier"]) == [True, False, True, True]


def test_nothing_is_heard_after_the_third(card: Card) -> None:
    assert ask(card, ["tier"] * 3 + ["tier", "reward", "balance", "marketing"]) == [
        *(True, True, True),
        *(False, False, False, False),
    ]


def test_place_is_free_again_after_24_hours(card: Card) -> None:
    ask(card, ["tier", "tier", "tier"])

    assert ask(card, ["tier"], revision=4, hours=23.9) == [False]
    assert ask(card, ["tier"], revision=5, hours=24) == [True]


def test_revision_that_has_its_place_keeps_it_without_taking_another(card: Card) -> None:
    assert [ask(card, ["balance"], revision=7) for _ in range(4)] == [[True]] * 4
    assert ask(card, ["tier", "tier"], revision=8) == [True, True]


def test_place_that_was_given_back_is_free(card: Card) -> None:
    ask(card, ["tier", "tier", "tier"])
    with shop_transaction(card.holder.shop_id) as session:
        give_back(session, card.holder.shop_id, card.row_id, 2)

    assert ask(card, ["tier", "tier"], revision=4) == [True, False]


def test_places_are_each_cards_own(card: Card, google: StandIn, bob: Cardholder) -> None:
    ask(card, ["tier", "tier", "tier"])

    assert ask(open_card(google, bob), ["tier"]) == [True]


def test_old_places_are_forgotten(card: Card) -> None:
    ask(card, ["tier", "tier"])
    ask(card, ["tier"], revision=3, hours=24 * 8)

    with shop_transaction(card.holder.shop_id) as session:
        assert [row.revision for row in session.scalars(select(GoogleNotice))] == [3]


def test_most_important_kind_that_is_not_paused_is_told() -> None:
    paused = Preferences(tier=False)

    assert highest(["marketing", "balance", "tier"], Preferences()) == "tier"
    assert highest(["marketing", "balance", "tier"], paused) == "balance"
    assert highest(["tier", None], paused) is None
