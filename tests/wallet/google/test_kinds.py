"""Tier and reward in Google Wallet: told once, by rank, among the three that Google shows a day."""

from uuid import UUID

from tests.wallet.google.conftest import Card
from tests.wallet.test_reward_push import offer, spend
from tests.wallet.test_tier import begin_tiers, lift


def texts(card: Card) -> dict[str, str]:
    """What Google shows besides the balance, by the id of the text."""
    return {one["id"]: one["body"] for one in card.theirs["content"]["textModulesData"]}


def test_reward_in_reach_is_shown_and_told_as_a_reward(alices: Card) -> None:
    offer(alices.holder, "Free coffee", 100)
    alices.refresh()

    alices.holder.earn(120)
    alices.refresh()

    assert texts(alices)["reward"] == "Free coffee"
    assert alices.notices() == ["reward"]
    assert alices.pushes() == ["push_created", "push_sent"]


def test_falling_back_to_a_cheaper_reward_is_told_as_a_balance(alices: Card) -> None:
    offer(alices.holder, "Free coffee", 100)
    offer(alices.holder, "Free cake", 300)
    alices.holder.earn(350)
    alices.refresh()

    spend(alices.holder, 150)
    alices.refresh()

    assert texts(alices)["reward"] == "Free coffee"
    assert alices.notices() == ["reward", "balance"]


def test_reward_is_heard_where_a_balance_has_no_place_any_more(alices: Card) -> None:
    offer(alices.holder, "Free coffee", 100)
    alices.refresh()
    for points in (10, 20, 30):
        alices.holder.earn(points)
        alices.refresh()
    assert alices.notices() == ["balance", "balance"]

    alices.holder.earn(60)
    alices.refresh()

    assert alices.notices() == ["balance", "balance", "reward"]
    assert texts(alices)["reward"] == "Free coffee"


def test_tier_comes_before_the_reward(alices: Card) -> None:
    tiers: dict[str, UUID] = begin_tiers(alices.holder)
    offer(alices.holder, "Free coffee", 100)
    alices.refresh()

    lift(alices.holder, tiers["Silver"])
    alices.holder.earn(120)
    alices.refresh()

    assert alices.notices()[-1] == "tier"
    assert texts(alices)["tier"] == "Silver"


def test_paused_reward_is_told_as_a_balance(alices: Card) -> None:
    offer(alices.holder, "Free coffee", 100)
    alices.refresh()
    alices.holder.prefer("reward", False)

    alices.holder.earn(120)
    alices.refresh()

    assert alices.notices() == ["balance"]
