"""Who is gone, or nobody's any more: Shopify shows nothing of theirs, and of others all (R152)."""

from collections.abc import Iterator
from uuid import UUID

import pytest
import requests
from sqlalchemy import update

from config import Settings
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.members.tables import Customer, Member
from shopify_app.platform import installations
from shopify_app.platform.projection import sheets, writing
from shopify_app.platform.projection.shown import Shown
from shopify_app.platform.projection.tables import ShownCustomer
from shopify_app.platform.session_tokens import verify
from tests.platform.projection_cast import (
    Alice,
    findings,
    leave_history,
    let_leave,
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


@pytest.fixture
def alice(shopify: Shopify, shop_id: int, said: dict[UUID, Shown]) -> Alice:
    """Alice with 120 points, gold, without a pass."""
    alice = Alice(shopify, shop_id)
    said[alice.member_id] = Shown(120, "Gold", "https://encore.example/card/a", None)
    return alice


def test_one_who_is_gone_keeps_nobody_else_from_being_shown(
    shopify: Shopify, shop_id: int, alice: Alice, said: dict[UUID, Shown]
) -> None:
    leave_history(shop_id)
    gone = Alice(shopify, shop_id)
    said[gone.member_id] = Shown(5, None, "https://encore.example/card/g", None)
    requests.delete(f"{shopify.url}/_control/customers/{gone.customer_id}", timeout=30)

    errors = writing.write_members(shop_id, [gone.member_id, alice.member_id])

    assert errors == {gone.member_id: None, alice.member_id: None}
    assert alice.shows()["balance"] == "120"
    assert state_of(shop_id, gone.customer_id) == "gone"
    # and what no webhook told of her is found out
    run_to_the_end(shop_id)
    with db.shop_transaction(shop_id) as session:
        assert session.get_one(Customer, (shop_id, gone.customer_id)).deleted_at is not None
        assert session.get_one(Member, (shop_id, gone.member_id)).state == "archived"
    assert [finding.kind for finding in findings(shop_id)] == ["customer_deleted"]


def test_one_who_is_gone_keeps_nobody_elses_tier_from_being_taken_away(
    shopify: Shopify, shop_id: int, alice: Alice, said: dict[UUID, Shown]
) -> None:
    # given a customer who is gone before both lose their tier
    leave_history(shop_id)
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
    assert state_of(shop_id, gone.customer_id) == "gone"


def test_one_who_leaves_and_is_gone_is_tried_but_once(
    shopify: Shopify, shop_id: int, alice: Alice, said: dict[UUID, Shown]
) -> None:
    # given somebody erased whose customer is gone in Shopify, too
    leave_history(shop_id)
    writing.write_member(shop_id, alice.member_id)
    let_leave(shop_id, alice)
    requests.delete(f"{shopify.url}/_control/customers/{alice.customer_id}", timeout=30)
    other = Alice(shopify, shop_id)
    said[other.member_id] = Shown(5, None, "https://encore.example/card/o", None)
    # when
    errors = writing.write_members(shop_id, [other.member_id])
    # then
    assert errors == {other.member_id: None}
    assert other.shows()["balance"] == "5"
    assert state_of(shop_id, alice.customer_id) == "gone"


def test_a_refusal_that_names_nobody_is_only_theirs_who_were_asked_for(
    shopify: Shopify, shop_id: int, alice: Alice, said: dict[UUID, Shown]
) -> None:
    # given one who is leaving, whose metafields Shopify does not delete, and a tier that is lost
    writing.write_member(shop_id, alice.member_id)
    let_leave(shop_id, alice)
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
    assert state_of(shop_id, alice.customer_id) == "leaving"
    assert refused[other.member_id] is None and refused[loser.member_id] is not None
    shows = other.shows()
    assert (shows["balance"], shows["tags"]) == ("9", ["Pass removed"])


def test_who_leaves_and_cannot_be_cleared_keeps_nobody_from_it(
    shopify: Shopify, shop_id: int, said: dict[UUID, Shown], monkeypatch: pytest.MonkeyPatch
) -> None:
    # given room for one at a time, and one who leaves and whom Shopify refuses to clear
    monkeypatch.setattr(sheets, "LEAVING_MAX", 1)
    first, second = _two_who_leave(shopify, shop_id, said)
    shopify.fail("metafields", "refuse", count=1)
    # when
    for _ in range(2):
        writing.write_members(shop_id, [])
    # then the other was cleared, and the one will be
    assert state_of(shop_id, first.customer_id) == "leaving"
    assert state_of(shop_id, second.customer_id) is None
    writing.write_members(shop_id, [])
    assert first.shows() == {"tags": []} and second.shows() == {"tags": []}


def test_who_leaves_and_shows_nothing_keeps_nobody_from_being_cleared(
    shopify: Shopify, shop_id: int, said: dict[UUID, Shown], monkeypatch: pytest.MonkeyPatch
) -> None:
    # given room for one at a time, and one who leaves and shows nothing of ours already
    monkeypatch.setattr(sheets, "LEAVING_MAX", 1)
    empty, full = _two_who_leave(shopify, shop_id, said)
    with db.shop_transaction(shop_id) as session:
        hers = ShownCustomer.customer_id == empty.customer_id
        session.execute(update(ShownCustomer).where(hers).values(held={}, digests={}))
    # when
    for _ in range(2):
        writing.write_members(shop_id, [])
    # then
    assert state_of(shop_id, empty.customer_id) is None
    assert full.shows() == {"tags": []}


def test_who_leaves_while_it_is_not_known_what_they_show_is_looked_at(
    shopify: Shopify, alice: Alice, said: dict[UUID, Shown]
) -> None:
    # given that the answer was lost to what was written of somebody who is erased now
    writing.write_member(alice.shop_id, alice.member_id)
    said.clear()
    let_leave(alice.shop_id, alice)
    with db.shop_transaction(alice.shop_id) as session:
        hers = ShownCustomer.customer_id == alice.customer_id
        session.execute(update(ShownCustomer).where(hers).values(held={}, digests=None))

    writing.write_members(alice.shop_id, [])

    assert alice.shows() == {"tags": []}
    assert state_of(alice.shop_id, alice.customer_id) is None


def test_one_who_turns_out_to_be_gone_is_not_written(
    shopify: Shopify, shop_id: int, alice: Alice, said: dict[UUID, Shown]
) -> None:
    # given that Shopify must be asked first how the customer looks
    leave_history(shop_id)
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
    assert state_of(shop_id, alice.customer_id) == "gone"


def test_who_is_leaving_is_not_forgotten_while_nothing_can_be_written(
    alice: Alice, shop_id: int
) -> None:
    writing.write_member(shop_id, alice.member_id)
    let_leave(shop_id, alice)
    with db.shop_transaction(shop_id) as session:
        [leaving] = sheets.load(session, shop_id, [])
        sheets.store(session, shop_id, [leaving], now=utc_now())

    assert state_of(shop_id, alice.customer_id) == "leaving"


def test_what_shows_somebody_who_was_erased_is_taken_away(
    alice: Alice, shopify: Shopify, said: dict[UUID, Shown]
) -> None:
    writing.write_member(alice.shop_id, alice.member_id)
    let_leave(alice.shop_id, alice)
    said.clear()

    writing.write_member(alice.shop_id, alice.member_id)

    assert alice.shows() == {"tags": []}
    assert state_of(alice.shop_id, alice.customer_id) is None


def _two_who_leave(shopify: Shopify, shop_id: int, said: dict[UUID, Shown]) -> tuple[Alice, Alice]:
    """Both were shown, and nobody of ours is behind them any more."""
    two = Alice(shopify, shop_id), Alice(shopify, shop_id)
    for one in two:
        said[one.member_id] = Shown(5, None, "https://encore.example/card/x", None)
    writing.write_members(shop_id, [one.member_id for one in two])
    said.clear()
    for one in two:
        let_leave(shop_id, one)
    return two
