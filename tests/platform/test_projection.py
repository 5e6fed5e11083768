"""Shopify shows the points, tier, card link and tag of each member, and nothing older (R152)."""

import json
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import requests
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from config import Settings
from jobs.relay import relay_batch
from jobs.subscribers import SUBSCRIBERS
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.base.ids import new_id
from loyalty.members.enrolment import record_customer
from loyalty.members.facts import CustomerFacts
from loyalty.members.tables import Customer, Member
from loyalty.outbox import SHOWN_ASKED, OutboxEvent, stage
from loyalty.reconciliation.tables import Finding
from loyalty.shops.directory import get_shop
from shopify_app.platform import backfill_runs, inbox, inbox_writer, installations
from shopify_app.platform.backfill.steps import take_step
from shopify_app.platform.errors import ShopifyError
from shopify_app.platform.inbox_insert import Arrival
from shopify_app.platform.projection import definitions, flood, planning, sheets, shown, writing
from shopify_app.platform.projection.shown import Shown
from shopify_app.platform.projection.tables import ShownCustomer
from shopify_app.platform.session_tokens import verify
from tests.platform.shopify import Shopify

NAMESPACE = "$app:loyalty"


@pytest.fixture
def shop_id(shopify: Shopify, connected: Settings) -> int:
    """Aurora, installed."""
    return installations.ensure_installed(verify(shopify.id_token(), connected))


@pytest.fixture
def said() -> Iterator[dict[UUID, Shown]]:
    """What is to be shown of each member."""
    wanted: dict[UUID, Shown] = {}

    def read(_: Session, __: int, members: Collection[UUID]) -> Mapping[UUID, Shown]:
        return {member: wanted[member] for member in members if member in wanted}

    shown.register(read)
    yield wanted
    shown.register(None)


class Alice:
    """A new customer of Shopify's who is our member."""

    def __init__(self, shopify: Shopify, shop_id: int) -> None:
        self.shopify, self.shop_id = shopify, shop_id
        made = shopify.tell("customers", first_name="Alice")
        self.customer_id: int = made["id"]
        facts = CustomerFacts(
            self.customer_id, "Alice", None, None, None, True, False, None, None, utc_now()
        )
        with db.shop_transaction(shop_id) as session:
            shop = get_shop(session, shop_id)
            customer = record_customer(session, shop, facts, now=utc_now(), is_backfill=False)
            assert customer.member_id is not None
            self.member_id: UUID = customer.member_id

    def shows(self) -> dict[str, Any]:
        """Key → value of our metafields, and the tags."""
        customer = self._ask()
        fields = {one["key"]: one["value"] for one in customer["metafields"]}
        return fields | {"tags": customer["tags"]}

    def change_by_hand(self, key: str, value: str | None, **more: Any) -> None:
        """Somebody else writes over a metafield of ours."""
        told = {"namespace": NAMESPACE, "key": key, "value": value, **more}
        self.shopify.tell(f"customers/{self.customer_id}/metafields", **told)

    def let_pause_end(self) -> None:
        """As if she had been written a while ago."""
        with db.shop_transaction(self.shop_id) as session:
            session.execute(
                update(ShownCustomer).values(written_at=utc_now() - timedelta(minutes=1))
            )

    def _ask(self) -> Any:
        return self.shopify.tell(f"customers/{self.customer_id}/tags")


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


def test_one_who_is_gone_keeps_nobody_else_from_being_shown(
    shopify: Shopify, shop_id: int, alice: Alice, said: dict[UUID, Shown]
) -> None:
    _leave_history(shop_id)
    gone = Alice(shopify, shop_id)
    said[gone.member_id] = Shown(5, None, "https://encore.example/card/g", None)
    requests.delete(f"{shopify.url}/_control/customers/{gone.customer_id}", timeout=30)

    errors = writing.write_members(shop_id, [gone.member_id, alice.member_id])

    assert errors == {gone.member_id: None, alice.member_id: None}
    assert alice.shows()["balance"] == "120"
    assert _state(shop_id, gone.customer_id) == "gone"
    # and what no webhook told of her is found out
    _run_to_the_end(shop_id)
    with db.shop_transaction(shop_id) as session:
        assert session.get_one(Customer, (shop_id, gone.customer_id)).deleted_at is not None
        assert session.get_one(Member, (shop_id, gone.member_id)).state == "archived"
    assert [finding.kind for finding in _findings(shop_id)] == ["customer_deleted"]


def test_one_who_is_gone_keeps_nobody_elses_tier_from_being_taken_away(
    shopify: Shopify, shop_id: int, alice: Alice, said: dict[UUID, Shown]
) -> None:
    # given a customer who is gone before both lose their tier
    _leave_history(shop_id)
    gone = Alice(shopify, shop_id)
    said[gone.member_id] = Shown(5, "Gold", "https://encore.example/card/g", None)
    writing.write_members(shop_id, [gone.member_id, alice.member_id])
    alice.let_pause_end()
    requests.delete(f"{shopify.url}/_control/customers/{gone.customer_id}", timeout=30)
    said[gone.member_id] = Shown(5, None, "https://encore.example/card/g", None)
    said[alice.member_id] = Shown(120, None, "https://encore.example/card/a", None)
    # when
    errors = writing.write_members(shop_id, [gone.member_id, alice.member_id])
    # then
    assert errors == {gone.member_id: None, alice.member_id: None}
    assert "tier" not in alice.shows()
    assert _state(shop_id, gone.customer_id) == "gone"


def test_one_who_leaves_and_is_gone_is_tried_but_once(
    shopify: Shopify, shop_id: int, alice: Alice, said: dict[UUID, Shown]
) -> None:
    # given somebody erased whose customer is gone in Shopify, too
    _leave_history(shop_id)
    writing.write_member(shop_id, alice.member_id)
    _let_leave(shop_id, alice)
    requests.delete(f"{shopify.url}/_control/customers/{alice.customer_id}", timeout=30)
    other = Alice(shopify, shop_id)
    said[other.member_id] = Shown(5, None, "https://encore.example/card/o", None)
    # when
    errors = writing.write_members(shop_id, [other.member_id])
    # then
    assert errors == {other.member_id: None}
    assert other.shows()["balance"] == "5"
    assert _state(shop_id, alice.customer_id) == "gone"


def test_a_refusal_that_names_nobody_is_only_theirs_who_were_asked_for(
    shopify: Shopify, shop_id: int, alice: Alice, said: dict[UUID, Shown]
) -> None:
    # given one who is leaving, whose metafields Shopify does not delete, and a tier that is lost
    writing.write_member(shop_id, alice.member_id)
    _let_leave(shop_id, alice)
    other, loser = Alice(shopify, shop_id), Alice(shopify, shop_id)
    said[other.member_id] = Shown(5, None, "https://encore.example/card/o", "Pass installed")
    said[loser.member_id] = Shown(6, "Gold", "https://encore.example/card/l", None)
    shopify.fail("metafields", "refuse")
    # when
    try:
        errors = writing.write_members(shop_id, [other.member_id, loser.member_id])
        loser.let_pause_end()
        said[loser.member_id] = Shown(6, None, "https://encore.example/card/l", None)
        said[other.member_id] = Shown(9, None, "https://encore.example/card/o", "Pass removed")
        refused = writing.write_members(shop_id, [other.member_id, loser.member_id])
    finally:
        shopify.fail("metafields", "off")
    # then what comes after a refused deletion is done for everybody else
    assert errors == {other.member_id: None, loser.member_id: None}
    assert _state(shop_id, alice.customer_id) == "leaving"
    assert refused[other.member_id] is None and refused[loser.member_id] is not None
    shows = other.shows()
    assert (shows["balance"], shows["tags"]) == ("9", ["Pass removed"])


def test_who_leaves_and_cannot_be_cleared_keeps_nobody_from_it(
    shopify: Shopify, shop_id: int, said: dict[UUID, Shown], monkeypatch: pytest.MonkeyPatch
) -> None:
    # given room for one at a time, and one who leaves and whom Shopify refuses to clear
    monkeypatch.setattr(sheets, "LEAVING_MAX", 1)
    first, second = Alice(shopify, shop_id), Alice(shopify, shop_id)
    for one in (first, second):
        said[one.member_id] = Shown(5, None, "https://encore.example/card/x", None)
    writing.write_members(shop_id, [first.member_id, second.member_id])
    said.clear()
    for one in (first, second):
        _let_leave(shop_id, one)
    shopify.fail("metafields", "refuse", count=1)
    # when
    for _ in range(2):
        writing.write_members(shop_id, [])
    # then the other was cleared, and the one will be
    assert _state(shop_id, first.customer_id) == "leaving"
    assert _state(shop_id, second.customer_id) is None
    writing.write_members(shop_id, [])
    assert first.shows() == {"tags": []} and second.shows() == {"tags": []}


def test_who_leaves_and_shows_nothing_keeps_nobody_from_being_cleared(
    shopify: Shopify, shop_id: int, said: dict[UUID, Shown], monkeypatch: pytest.MonkeyPatch
) -> None:
    # given room for one at a time, and one who leaves and shows nothing of ours already
    monkeypatch.setattr(sheets, "LEAVING_MAX", 1)
    empty, full = Alice(shopify, shop_id), Alice(shopify, shop_id)
    for one in (empty, full):
        said[one.member_id] = Shown(5, None, "https://encore.example/card/x", None)
    writing.write_members(shop_id, [empty.member_id, full.member_id])
    said.clear()
    for one in (empty, full):
        _let_leave(shop_id, one)
    with db.shop_transaction(shop_id) as session:
        hers = ShownCustomer.customer_id == empty.customer_id
        session.execute(update(ShownCustomer).where(hers).values(held={}, digests={}))
    # when
    for _ in range(2):
        writing.write_members(shop_id, [])
    # then
    assert _state(shop_id, empty.customer_id) is None
    assert full.shows() == {"tags": []}


def test_who_leaves_while_it_is_not_known_what_they_show_is_looked_at(
    shopify: Shopify, alice: Alice, said: dict[UUID, Shown]
) -> None:
    # given that the answer was lost to what was written of somebody who is erased now
    writing.write_member(alice.shop_id, alice.member_id)
    said.clear()
    _let_leave(alice.shop_id, alice)
    with db.shop_transaction(alice.shop_id) as session:
        hers = ShownCustomer.customer_id == alice.customer_id
        session.execute(update(ShownCustomer).where(hers).values(held={}, digests=None))

    writing.write_members(alice.shop_id, [])

    assert alice.shows() == {"tags": []}
    assert _state(alice.shop_id, alice.customer_id) is None


def test_one_who_turns_out_to_be_gone_is_not_written(
    shopify: Shopify, shop_id: int, alice: Alice, said: dict[UUID, Shown]
) -> None:
    # given that Shopify must be asked first how the customer looks
    _leave_history(shop_id)
    writing.write_member(shop_id, alice.member_id)
    alice.let_pause_end()
    with db.shop_transaction(shop_id) as session:
        session.execute(update(ShownCustomer).values(digests=None))
    said[alice.member_id] = Shown(130, "Gold", "https://encore.example/card/a", None)
    requests.delete(f"{shopify.url}/_control/customers/{alice.customer_id}", timeout=30)
    before = shopify.calls("mutation MetafieldsSet")
    # when
    writing.write_member(shop_id, alice.member_id)
    # then
    assert shopify.calls("mutation MetafieldsSet") == before
    assert _state(shop_id, alice.customer_id) == "gone"


def test_who_is_leaving_is_not_forgotten_while_nothing_can_be_written(
    alice: Alice, shop_id: int
) -> None:
    writing.write_member(shop_id, alice.member_id)
    _let_leave(shop_id, alice)
    with db.shop_transaction(shop_id) as session:
        [leaving] = sheets.load(session, shop_id, [])
        sheets.store(session, shop_id, [leaving], now=utc_now())

    assert _state(shop_id, alice.customer_id) == "leaving"


def test_a_lost_answer_is_tried_again_and_ends_right(shopify: Shopify, alice: Alice) -> None:
    definitions.make(alice.shop_id)
    shopify.fail("graphql", "cut", count=1)

    with pytest.raises(ShopifyError) as caught:
        writing.write_member(alice.shop_id, alice.member_id)
    assert caught.value.retryable
    writing.write_member(alice.shop_id, alice.member_id)

    assert alice.shows()["balance"] == "120"


def test_what_shows_somebody_who_was_erased_is_taken_away(
    alice: Alice, shopify: Shopify, said: dict[UUID, Shown]
) -> None:
    writing.write_member(alice.shop_id, alice.member_id)
    _let_leave(alice.shop_id, alice)
    said.clear()

    writing.write_member(alice.shop_id, alice.member_id)

    assert alice.shows() == {"tags": []}
    assert _state(alice.shop_id, alice.customer_id) is None


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


def test_very_many_are_shown_by_one_bulk_operation(
    shopify: Shopify, shop_id: int, said: dict[UUID, Shown], monkeypatch: pytest.MonkeyPatch
) -> None:
    # given thirty who wait, and twenty make a flood
    monkeypatch.setattr(flood, "BULK_FROM", 20)
    people = [Alice(shopify, shop_id) for _ in range(30)]
    for number, one in enumerate(people):
        said[one.member_id] = Shown(number, None, f"https://encore.example/{number}", None)
    _let_wait(shop_id, people)
    before = shopify.calls("mutation MetafieldsSet")
    # when
    errors = writing.write_members(shop_id, [one.member_id for one in people])
    assert set(errors.values()) == {None}
    _run_to_the_end(shop_id)
    # then nothing went one by one, and all of it is there
    assert shopify.calls("mutation MetafieldsSet") == before
    assert [one.shows()["balance"] for one in people] == [str(n) for n in range(30)]
    assert {_state(shop_id, one.customer_id) for one in people} == {"kept"}


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
    _let_wait(shop_id, people)
    # when
    writing.write_members(shop_id, [one.member_id for one in people])
    _run_to_the_end(shop_id)
    asked = _asked(shop_id)
    people[0].let_pause_end()
    monkeypatch.setattr(flood, "BULK_FROM", 1_000)
    writing.write_members(shop_id, sorted(asked))
    # then the whole line was refused, and asked for again
    assert asked == {one.member_id for one in people}
    assert [one.shows()["balance"] for one in people] == ["2", "2", "2"]


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


def test_a_bulk_operation_that_fails_is_sent_again(
    shopify: Shopify, shop_id: int, said: dict[UUID, Shown], monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [Alice(shopify, shop_id) for _ in range(2)]
    for one in people:
        said[one.member_id] = Shown(3, None, "https://encore.example/x", None)
    monkeypatch.setattr(flood, "BULK_FROM", 2)
    _let_wait(shop_id, people)
    shopify.fail("bulk", "fail", count=1, after=0)

    writing.write_members(shop_id, [one.member_id for one in people])
    _run_to_the_end(shop_id)

    assert [one.shows()["balance"] for one in people] == ["3", "3"]


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
    _run_to_the_end(alice.shop_id)
    # then it is found, asked for, written and reported as mended
    [finding] = _findings(alice.shop_id)
    assert (finding.kind, finding.thing, finding.mended_at) == (
        "shown_changed",
        str(alice.customer_id),
        None,
    )
    assert _asked(alice.shop_id) == {alice.member_id}
    writing.write_member(alice.shop_id, alice.member_id)
    assert alice.shows()["balance"] == "120"
    [finding] = _findings(alice.shop_id)
    assert finding.mended_at is not None


def test_who_was_never_shown_is_found_at_night(shopify: Shopify, alice: Alice) -> None:
    with db.shop_transaction(alice.shop_id) as session:
        session.execute(delete(OutboxEvent))
        backfill_runs.cancel(session, alice.shop_id, reason="not of this test", now=utc_now())
        backfill_runs.ask_for_shown(session, alice.shop_id, now=utc_now())

    _run_to_the_end(alice.shop_id)

    assert _asked(alice.shop_id) == {alice.member_id} and _findings(alice.shop_id) == []


def test_the_plan_of_a_hundred_thousand_comes_from_the_shops_budget(shop_id: int) -> None:
    plan = planning.plan(shop_id, members=100_000, metafields=1)

    assert (plan.bucket_max, plan.restored_per_s) == (2_000, 100)
    assert plan.one_by_one.calls == 4_000 and plan.one_by_one.points >= 40_000
    assert plan.one_by_one.seconds >= 380 and plan.in_bulk.seconds == 0
    assert plan.chosen is plan.in_bulk


def _wait_until(is_so: Callable[[], bool]) -> None:
    """Wait for a fact; a minute is the last resort."""
    ends_at = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < ends_at
        time.sleep(0.1)


def _let_wait(shop_id: int, people: list[Alice]) -> None:
    """All of them have changed, and are waiting for the projection."""
    with db.shop_transaction(shop_id) as session:
        session.execute(delete(OutboxEvent))
        backfill_runs.cancel(session, shop_id, reason="not of this test", now=utc_now())
        for one in people:
            stage(session, shop_id, SHOWN_ASKED, member_id=one.member_id, now=utc_now())
    relay_batch(shop_id, [one for one in SUBSCRIBERS if one.name == "projection"])


def _leave_history(shop_id: int) -> None:
    """The history of the shop is not of this test."""
    with db.shop_transaction(shop_id) as session:
        backfill_runs.cancel(session, shop_id, reason="not of this test", now=utc_now())


def _let_leave(shop_id: int, alice: Alice) -> None:
    """She was erased: nobody of ours is behind her customer any more."""
    with db.shop_transaction(shop_id) as session:
        hers = ShownCustomer.customer_id == alice.customer_id
        session.execute(update(ShownCustomer).where(hers).values(state="leaving"))
        session.execute(
            update(Customer)
            .where(Customer.customer_id == alice.customer_id)
            .values(member_id=None, redacted_at=utc_now())
        )


def _run_to_the_end(shop_id: int) -> None:
    """Every step of the back-fill's runs."""
    for _ in range(200):
        wait_s = take_step(shop_id)
        if wait_s is None:
            return
        time.sleep(min(wait_s, 5.5))
    raise AssertionError("the runs do not end")


def _asked(shop_id: int) -> set[UUID]:
    """Whom the projection is asked for and has not been told of yet."""
    with db.shop_transaction(shop_id) as session:
        found = session.scalars(
            select(OutboxEvent.member_id).where(
                OutboxEvent.kind == SHOWN_ASKED, OutboxEvent.state == "new"
            )
        )
        return {member for member in found if member is not None}


def _findings(shop_id: int) -> Sequence[Finding]:
    with db.shop_transaction(shop_id) as session:
        return session.scalars(select(Finding)).all()


def _state(shop_id: int, customer_id: int) -> str | None:
    with db.shop_transaction(shop_id) as session:
        row = session.get(ShownCustomer, (shop_id, customer_id))
        return row.state if row else None


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
