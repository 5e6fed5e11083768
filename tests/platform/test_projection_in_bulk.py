"""Very many changed members are shown by one bulk operation, as the shop's budget allows (R152)."""

from collections.abc import Iterator
from uuid import UUID

import pytest

from config import Settings
from shopify_app.platform import installations
from shopify_app.platform.projection import flood, planning, writing
from shopify_app.platform.projection.shown import Shown
from shopify_app.platform.session_tokens import verify
from tests.platform.projection_cast import (
    Alice,
    asked_for,
    let_wait,
    reading,
    run_to_the_end,
    state_of,
)
from tests.platform.shopify import Shopify


@pytest.fixture
def shop_id(shopify: Shopify, connected: Settings) -> int:
    """Aurora, installed."""
    return installations.ensure_installed(verify(shopify.id_token(), connected))


@pytest.fixture
def said() -> Iterator[dict[UUID, Shown]]:
    """What is to be shown of each member."""
    with reading() as wanted:
        yield wanted


def test_very_many_are_shown_by_one_bulk_operation(
    shopify: Shopify, shop_id: int, said: dict[UUID, Shown], monkeypatch: pytest.MonkeyPatch
) -> None:
    # given thirty who wait, and twenty make a flood
    monkeypatch.setattr(flood, "BULK_FROM", 20)
    people = [Alice(shopify, shop_id) for _ in range(30)]
    for number, one in enumerate(people):
        said[one.member_id] = Shown(number, None, f"https://encore.example/{number}", None)
    let_wait(shop_id, people)
    before = shopify.calls("mutation MetafieldsSet")
    # when
    errors = writing.write_members(shop_id, [one.member_id for one in people])
    assert set(errors.values()) == {None}
    run_to_the_end(shop_id)
    # then nothing went one by one, and all of it is there
    assert shopify.calls("mutation MetafieldsSet") == before
    assert [one.shows()["balance"] for one in people] == [str(n) for n in range(30)]
    assert {state_of(shop_id, one.customer_id) for one in people} == {"kept"}


def test_a_line_that_was_refused_is_shown_one_by_one(
    shopify: Shopify, shop_id: int, said: dict[UUID, Shown], monkeypatch: pytest.MonkeyPatch
) -> None:
    # given three who were shown, one of whom somebody else has changed since
    people = [Alice(shopify, shop_id) for _ in range(3)]
    for one in people:
        said[one.member_id] = Shown(1, None, "https://encore.example/x", None)
    writing.write_members(shop_id, [one.member_id for one in people])
    people[0].change_by_hand("balance", "77")
    for one in people:
        said[one.member_id] = Shown(2, None, "https://encore.example/x", None)
    monkeypatch.setattr(flood, "BULK_FROM", 3)
    let_wait(shop_id, people)
    # when
    writing.write_members(shop_id, [one.member_id for one in people])
    run_to_the_end(shop_id)
    asked = asked_for(shop_id)
    people[0].let_pause_end()
    monkeypatch.setattr(flood, "BULK_FROM", 1_000)
    writing.write_members(shop_id, sorted(asked))
    # then the whole line was refused, and asked for again
    assert asked == {one.member_id for one in people}
    assert [one.shows()["balance"] for one in people] == ["2", "2", "2"]


def test_a_bulk_operation_that_fails_is_sent_again(
    shopify: Shopify, shop_id: int, said: dict[UUID, Shown], monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [Alice(shopify, shop_id) for _ in range(2)]
    for one in people:
        said[one.member_id] = Shown(3, None, "https://encore.example/x", None)
    monkeypatch.setattr(flood, "BULK_FROM", 2)
    let_wait(shop_id, people)
    shopify.fail("bulk", "fail", count=1, after=0)

    writing.write_members(shop_id, [one.member_id for one in people])
    run_to_the_end(shop_id)

    assert [one.shows()["balance"] for one in people] == ["3", "3"]


def test_the_plan_of_a_hundred_thousand_comes_from_the_shops_budget(shop_id: int) -> None:
    plan = planning.plan(shop_id, members=100_000, metafields=1)

    assert (plan.bucket_max, plan.restored_per_s) == (2_000, 100)
    assert plan.one_by_one.calls == 4_000 and plan.one_by_one.points >= 40_000
    assert plan.one_by_one.seconds >= 380 and plan.in_bulk.seconds == 0
    assert plan.chosen is plan.in_bulk
