"""Shopify shows the points, tier, card link and tag of each member, and nothing older (R152)."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, select

from config import Settings
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.base.ids import new_id
from loyalty.outbox import OutboxEvent
from loyalty.shops.directory import get_shop
from shopify_app.platform import backfill_runs, inbox, inbox_writer, installations
from shopify_app.platform.errors import ShopifyError
from shopify_app.platform.inbox_insert import Arrival
from shopify_app.platform.projection import definitions, flood, shown, writing
from shopify_app.platform.projection.shown import Shown
from shopify_app.platform.projection.tables import ShownCustomer
from shopify_app.platform.session_tokens import verify
from tests.platform.projection_cast import (
    Alice,
    asked_for,
    findings,
    reading,
    run_to_the_end,
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


@pytest.fixture
def alice(shopify: Shopify, shop_id: int, said: dict[UUID, Shown]) -> Alice:
    """Alice with 120 points, gold, without a pass."""
    alice = Alice(shopify, shop_id)
    said[alice.member_id] = Shown(120, "Gold", "https://encore.example/card/a", None)
    return alice


def test_points_tier_and_card_link_are_shown(alice: Alice) -> None:
    writing.write_member(alice.shop_id, alice.member_id)

    assert alice.shows() == {
        "balance": "120",
        "tier": "Gold",
        "card": "https://encore.example/card/a",
        "tags": [],
    }


def test_only_what_differs_is_written(
    shopify: Shopify, alice: Alice, said: dict[UUID, Shown]
) -> None:
    writing.write_member(alice.shop_id, alice.member_id)
    alice.let_pause_end()
    before = shopify.calls("MetafieldsSet")

    writing.write_member(alice.shop_id, alice.member_id)
    assert shopify.calls("MetafieldsSet") == before
    said[alice.member_id] = Shown(130, "Gold", "https://encore.example/card/a", None)
    writing.write_member(alice.shop_id, alice.member_id)

    assert shopify.calls("MetafieldsSet") == before + 1
    assert alice.shows()["balance"] == "130"


def test_a_second_change_waits_for_the_pause(alice: Alice, said: dict[UUID, Shown]) -> None:
    writing.write_member(alice.shop_id, alice.member_id)
    said[alice.member_id] = Shown(140, "Gold", "https://encore.example/card/a", None)

    with pytest.raises(writing.TooSoon) as caught:
        writing.write_member(alice.shop_id, alice.member_id)

    assert timedelta(0) < caught.value.retry_after <= writing.PAUSE
    assert alice.shows()["balance"] == "120"


def test_a_tier_that_is_lost_is_shown_no_more(alice: Alice, said: dict[UUID, Shown]) -> None:
    writing.write_member(alice.shop_id, alice.member_id)
    alice.let_pause_end()
    said[alice.member_id] = Shown(0, None, "https://encore.example/card/a", None)

    writing.write_member(alice.shop_id, alice.member_id)

    assert "tier" not in alice.shows() and alice.shows()["balance"] == "0"


def test_the_tag_says_whether_the_pass_is_installed(
    shopify: Shopify, alice: Alice, said: dict[UUID, Shown]
) -> None:
    shopify.tell(f"customers/{alice.customer_id}/tags", add=["vip"])
    card = "https://encore.example/card/a"
    seen = []
    for tag in (shown.INSTALLED, shown.REMOVED):
        said[alice.member_id] = Shown(120, "Gold", card, tag)
        writing.write_member(alice.shop_id, alice.member_id)
        seen.append(alice.shows()["tags"])
        alice.let_pause_end()

    assert seen == [["Pass installed", "vip"], ["Pass removed", "vip"]]


def test_many_members_share_calls_of_twenty_five(
    shopify: Shopify, shop_id: int, said: dict[UUID, Shown]
) -> None:
    people = [Alice(shopify, shop_id) for _ in range(10)]
    for number, one in enumerate(people):
        said[one.member_id] = Shown(number, None, f"https://encore.example/{number}", None)
    before = shopify.calls("MetafieldsSet")

    errors = writing.write_members(shop_id, [one.member_id for one in people])

    assert set(errors.values()) == {None}
    assert shopify.calls("MetafieldsSet") == before + 1  # ten people, two metafields each
    assert [one.shows()["balance"] for one in people] == [str(n) for n in range(10)]


def test_who_wrote_meanwhile_is_seen_and_the_newest_wins(
    alice: Alice, said: dict[UUID, Shown]
) -> None:
    # given another writer whose answer we never heard of
    writing.write_member(alice.shop_id, alice.member_id)
    alice.let_pause_end()
    alice.change_by_hand("balance", "999")
    # when
    said[alice.member_id] = Shown(125, "Gold", "https://encore.example/card/a", None)
    writing.write_member(alice.shop_id, alice.member_id)
    # then
    assert alice.shows()["balance"] == "125"


def test_a_write_that_was_overtaken_never_replaces_the_newer_one(
    shopify: Shopify, alice: Alice, said: dict[UUID, Shown]
) -> None:
    # given a write of 130 points that Shopify is slow to take
    writing.write_member(alice.shop_id, alice.member_id)
    alice.let_pause_end()
    said[alice.member_id] = Shown(130, "Gold", "https://encore.example/card/a", None)
    shopify.fail("graphql", "stall", topic="MetafieldsSet", seconds=8, count=1)
    slow = threading.Thread(target=writing.write_member, args=(alice.shop_id, alice.member_id))
    slow.start()
    _wait_until(lambda: "graphql" not in shopify.state()["faults"])
    # when 140 are shown meanwhile
    said[alice.member_id] = Shown(140, "Gold", "https://encore.example/card/a", None)
    writing.write_member(alice.shop_id, alice.member_id)
    overtaken = alice.shows()["balance"]
    slow.join(60)
    # then
    assert (overtaken, slow.is_alive()) == ("140", False)
    assert alice.shows()["balance"] == "140"


def test_a_lost_answer_is_tried_again_and_ends_right(shopify: Shopify, alice: Alice) -> None:
    definitions.make(alice.shop_id)
    shopify.fail("graphql", "cut", count=1)

    with pytest.raises(ShopifyError) as caught:
        writing.write_member(alice.shop_id, alice.member_id)
    assert caught.value.retryable
    writing.write_member(alice.shop_id, alice.member_id)

    assert alice.shows()["balance"] == "120"


def test_definitions_are_made_once(shopify: Shopify, alice: Alice) -> None:
    before = shopify.calls("MetafieldDefinitionCreate")
    definitions.make(alice.shop_id)
    definitions.make(alice.shop_id)

    assert shopify.calls("MetafieldDefinitionCreate") == before + 3


def test_nothing_is_written_for_a_shop_that_left(alice: Alice, shopify: Shopify) -> None:
    with db.shop_transaction(alice.shop_id) as session:
        get_shop(session, alice.shop_id).status = "uninstalled"
    before = shopify.calls("graphql.json")

    writing.write_member(alice.shop_id, alice.member_id)

    assert shopify.calls("graphql.json") == before


def test_our_own_writing_comes_back_by_webhook_and_asks_for_nothing(
    shopify: Shopify, alice: Alice
) -> None:
    # given the webhook that our own metafields lead to
    writing.write_member(alice.shop_id, alice.member_id)
    payload = shopify.tell(f"customers/{alice.customer_id}/tags")
    with db.shop_transaction(alice.shop_id) as session:
        before = session.scalars(select(OutboxEvent.id)).all()
    # when
    _arrive(alice.shop_id, payload, "customers/update")
    inbox.drain(alice.shop_id)
    # then
    with db.shop_transaction(alice.shop_id) as session:
        assert session.scalars(select(OutboxEvent.id)).all() == before


def test_the_link_itself_is_not_kept(alice: Alice) -> None:
    writing.write_member(alice.shop_id, alice.member_id)

    with db.shop_transaction(alice.shop_id) as session:
        held = session.get_one(ShownCustomer, (alice.shop_id, alice.customer_id)).held
    assert held["balance"] == "120" and "encore.example" not in str(held)


def test_what_was_written_since_an_operation_was_sent_outlives_its_result(alice: Alice) -> None:
    # given the result of an operation that read an older balance
    writing.write_member(alice.shop_id, alice.member_id)
    field = {
        "owner": {"id": f"gid://shopify/Customer/{alice.customer_id}"},
        "key": "balance",
        "value": "7",
        "compareDigest": "older",
    }
    line = {"data": {"metafieldsSet": {"metafields": [field], "userErrors": []}}}
    # when
    flood.take_result(alice.shop_id, [json.dumps(line).encode()])
    # then
    with db.shop_transaction(alice.shop_id) as session:
        row = session.get_one(ShownCustomer, (alice.shop_id, alice.customer_id))
    assert row.held["balance"] == "120" and (row.digests or {})["balance"] != "older"


def test_what_somebody_changed_by_hand_is_found_at_night_and_mended(
    shopify: Shopify, alice: Alice
) -> None:
    # given a balance and a tag that somebody else changed, with no webhook of it
    writing.write_member(alice.shop_id, alice.member_id)
    alice.let_pause_end()
    alice.change_by_hand("balance", "5000", quietly=True)
    with db.shop_transaction(alice.shop_id) as session:
        session.execute(delete(OutboxEvent))
        backfill_runs.cancel(session, alice.shop_id, reason="not of this test", now=utc_now())
        backfill_runs.ask_for_shown(session, alice.shop_id, now=utc_now())
    # when
    run_to_the_end(alice.shop_id)
    # then it is found, asked for, written and reported as mended
    [finding] = findings(alice.shop_id)
    assert (finding.kind, finding.thing, finding.mended_at) == (
        "shown_changed",
        str(alice.customer_id),
        None,
    )
    assert asked_for(alice.shop_id) == {alice.member_id}
    writing.write_member(alice.shop_id, alice.member_id)
    assert alice.shows()["balance"] == "120"
    [finding] = findings(alice.shop_id)
    assert finding.mended_at is not None


def test_who_was_never_shown_is_found_at_night(shopify: Shopify, alice: Alice) -> None:
    with db.shop_transaction(alice.shop_id) as session:
        session.execute(delete(OutboxEvent))
        backfill_runs.cancel(session, alice.shop_id, reason="not of this test", now=utc_now())
        backfill_runs.ask_for_shown(session, alice.shop_id, now=utc_now())

    run_to_the_end(alice.shop_id)

    assert asked_for(alice.shop_id) == {alice.member_id} and findings(alice.shop_id) == []


def _wait_until(is_so: Callable[[], bool]) -> None:
    """Wait for a fact; a minute is the last resort."""
    ends_at = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < ends_at
        time.sleep(0.1)


def _arrive(shop_id: int, payload: dict[str, Any], topic: str) -> None:
    """A webhook that is already in the inbox."""
    now = utc_now()
    arrival = Arrival(
        shop_id=shop_id,
        webhook_id=str(new_id()),
        event_id=None,
        topic=topic,
        api_version="2026-07",
        triggered_at=now,
        received_at=now,
        body=json.dumps(payload).encode(),
    )
    inbox_writer.of_this_process().store(arrival)
