"""Reward Redeemable on the card: shown while it can be had, told once when it is in reach."""

from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from loyalty.audit import Actor
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.ledger.posting import Cause, debit, lock_balance
from loyalty.rewards.saving import add_reward, change_reward
from loyalty.shops.directory import get_shop
from sandbox.apple.world import World
from tests.wallet.cast import Cardholder
from tests.wallet.test_subscriber import PHONE, _install, _pushes
from wallet.apple.card import apple_pass
from wallet.apple.revisions import loud_field
from wallet.content import card_content
from wallet.notices import Kind, differing, said_by
from wallet.pacing import PAUSE
from wallet.subscriber import refresh_member
from wallet.tables import AppleRegistration

DANA = Actor("staff", "1")


@pytest.fixture
def push_token(apple: World, client: FlaskClient, alice: Cardholder) -> str:
    """Alice's pass is on her phone; this is its push token."""
    alice.open_pass()
    return _install(apple, alice, PHONE)


def offer(holder: Cardholder, name: str, cost_points: int, **settings: Any) -> UUID:
    given = {"name": name, "kind": "free_shipping", "cost_points": cost_points} | settings
    with shop_transaction(holder.shop_id) as session:
        shop = get_shop(session, holder.shop_id)
        return add_reward(session, shop, given, actor=DANA, now=utc_now()).id


def spend(holder: Cardholder, points: int) -> None:
    with shop_transaction(holder.shop_id) as session:
        balance = lock_balance(session, holder.shop_id, holder.member_id)
        key = f"test:{utc_now().isoformat()}"
        cause = Cause("deduct", key, "test", "1", "system:test", utc_now())
        debit(session, balance, cause, points=points, now=utc_now())


def refresh(holder: Cardholder) -> None:
    """As the subscriber does it, once the pause after the last push is over."""
    with shop_transaction(holder.shop_id) as session:
        for row in session.query(AppleRegistration):
            if row.pushed_at is not None:
                row.pushed_at -= 2 * PAUSE
    refresh_member(holder.shop_id, holder.member_id)


def news(holder: Cardholder) -> Kind | None:
    """Bring the card up to date; which one change its phone may speak of."""
    held_at = holder.the_pass().last_modified_at
    refresh(holder)
    with shop_transaction(holder.shop_id) as session:
        return loud_field(session, holder.the_pass(), held_at)


def reward_on(holder: Cardholder) -> str | None:
    """What the card says that can be redeemed."""
    with shop_transaction(holder.shop_id) as session:
        content = card_content(
            session, holder.shop_id, holder.member_id, voided=False, now=utc_now()
        )
    return content.get("reward")


def test_card_of_a_shop_without_rewards_says_nothing_of_them(
    client: FlaskClient, alice: Cardholder
) -> None:
    card = alice.open_pass()

    assert "reward" not in card.content
    assert apple_pass(card).json_dict()["storeCard"].get("auxiliaryFields", []) == []


def test_reward_in_reach_is_told_with_its_name_before_the_balance(
    apple: World, alice: Cardholder, push_token: str
) -> None:
    offer(alice, "Free coffee", 100)
    refresh(alice)
    alice.earn(120)

    assert news(alice) == "reward"

    fields = apple_pass(alice.the_pass(), "reward").json_dict()["storeCard"]
    (field,) = fields["auxiliaryFields"]
    assert (field["value"], field["changeMessage"]) == ("Free coffee", "You can now redeem %@")
    assert all("changeMessage" not in one for one in fields["primaryFields"])
    assert _pushes(apple, push_token)[-1] == 200
    assert alice.timeline()[-3:] == ["reward_redeemable", "push_created", "push_sent"]


def test_more_points_above_the_cost_tell_only_the_balance(
    apple: World, alice: Cardholder, push_token: str
) -> None:
    offer(alice, "Free coffee", 100)
    alice.earn(120)
    refresh(alice)

    alice.earn(10)

    assert news(alice) == "balance"


def test_falling_back_to_a_cheaper_reward_is_no_news_of_it(
    apple: World, alice: Cardholder, push_token: str
) -> None:
    offer(alice, "Free coffee", 100)
    offer(alice, "Free cake", 300)
    alice.earn(350)
    refresh(alice)
    assert reward_on(alice) == "Free cake"

    spend(alice, 150)

    assert news(alice) == "balance"
    assert reward_on(alice) == "Free coffee"


def test_reward_is_told_anew_when_it_is_reached_anew(
    apple: World, alice: Cardholder, push_token: str
) -> None:
    offer(alice, "Free coffee", 100)
    alice.earn(120)
    refresh(alice)
    spend(alice, 100)
    refresh(alice)
    assert reward_on(alice) == "–"

    alice.earn(90)

    assert news(alice) == "reward"


def test_reward_that_came_and_went_before_it_was_told_is_not_told(
    apple: World, alice: Cardholder, push_token: str
) -> None:
    offer(alice, "Free coffee", 100)
    refresh(alice)
    alice.earn(120)
    spend(alice, 100)

    assert news(alice) == "balance"


def test_paused_preference_leaves_the_balance_to_be_told(
    apple: World, alice: Cardholder, push_token: str
) -> None:
    offer(alice, "Free coffee", 100)
    refresh(alice)
    alice.prefer("reward", False)
    alice.earn(120)

    assert news(alice) == "balance"
    assert reward_on(alice) == "Free coffee"


@pytest.mark.parametrize("settings", [{"visibility": "hidden"}, {"is_active": False}])
def test_reward_that_they_cannot_have_stands_on_no_card(
    client: FlaskClient, alice: Cardholder, settings: dict[str, Any]
) -> None:
    offer(alice, "Free coffee", 100, **settings)
    alice.earn(120)

    assert reward_on(alice) == "–"


def test_reward_that_ends_leaves_the_cards(client: FlaskClient, alice: Cardholder) -> None:
    reward_id = offer(alice, "Free coffee", 100)
    alice.earn(120)
    assert reward_on(alice) == "Free coffee"

    with shop_transaction(alice.shop_id) as session:
        shop = get_shop(session, alice.shop_id)
        off = {"is_active": False}
        change_reward(session, shop, reward_id, off, actor=DANA, now=utc_now())

    assert reward_on(alice) == "–"


def test_rewards_of_another_shop_stand_on_no_card(
    client: FlaskClient, alice: Cardholder, bob: Cardholder
) -> None:
    offer(bob, "Free tea", 100)
    alice.earn(120)

    assert reward_on(alice) is None


def test_void_card_says_nothing_of_rewards(client: FlaskClient, alice: Cardholder) -> None:
    offer(alice, "Free coffee", 100)
    alice.earn(120)
    with shop_transaction(alice.shop_id) as session:
        void = card_content(session, alice.shop_id, alice.member_id, voided=True, now=utc_now())

    assert "reward" not in void and said_by(void) == {}
    assert differing({"reward": "e1", "has_reward": True}, said_by(void)) == []
