"""Cards of two members who were made one: both work, both show the survivor; and home again."""

from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from loyalty.audit import Actor
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.members.tables import Member
from loyalty.merging.merging import merge
from loyalty.merging.undoing import undo
from loyalty.shops.directory import get_shop
from sandbox.apple.world import World
from tests.wallet.cast import Cardholder, join
from wallet.clicks import count_clicks
from wallet.google.tables import GoogleClass, GoogleObject
from wallet.queries import count_installed
from wallet.subscriber import refresh_member
from wallet.tables import WalletPass
from wallet.tokens import find_scanned, get_token

STAFF = Actor("staff", "42")
BROWSER = {"User-Agent": "Mozilla/5.0 (iPhone)"}


@pytest.fixture
def other(alice: Cardholder) -> Cardholder:
    """Alice's second account, Alicia by name."""
    return join(alice.shop_id, "Alicia", customer_id=777)


def make_one(survivor: Cardholder, merged: Cardholder) -> UUID:
    with shop_transaction(survivor.shop_id) as session:
        shop = get_shop(session, survivor.shop_id)
        ids = (survivor.member_id, merged.member_id)
        return merge(session, shop, *ids, actor=STAFF, now=utc_now()).id


def make_two(survivor: Cardholder, merge_id: UUID) -> None:
    with shop_transaction(survivor.shop_id) as session:
        shop = get_shop(session, survivor.shop_id)
        undo(session, shop, merge_id, actor=STAFF, now=utc_now())


def cards(holder: Cardholder) -> dict[UUID, WalletPass]:
    """All passes of the shop, by id."""
    with shop_transaction(holder.shop_id) as session:
        return {card.id: card for card in session.scalars(select(WalletPass))}


def code_of(holder: Cardholder) -> str:
    with shop_transaction(holder.shop_id) as session:
        return get_token(session, holder.shop_id, holder.member_id, now=utc_now()).token


def test_both_passes_show_the_survivor_and_keep_their_serials(
    client: FlaskClient, alice: Cardholder, other: Cardholder
) -> None:
    alice.earn(100)
    other.earn(40)
    own, theirs = alice.open_pass(), other.open_pass()

    make_one(alice, other)
    refresh_member(alice.shop_id, alice.member_id)

    found = cards(alice)
    for card in (own, theirs):
        now = found[card.id]
        assert now.voided_at is None and now.serial == card.serial
        assert (now.content["balance"], now.content["name"]) == ("140", "Alice Archer")
        assert now.content["token"] == code_of(alice)


def test_a_later_change_reaches_both_phones(
    client: FlaskClient, alice: Cardholder, other: Cardholder
) -> None:
    alice.open_pass()
    other.open_pass()
    make_one(alice, other)
    refresh_member(alice.shop_id, alice.member_id)

    alice.earn(7)
    refresh_member(alice.shop_id, alice.member_id)

    assert {card.content["balance"] for card in cards(alice).values()} == {"7"}


def test_the_survivor_can_still_make_a_pass_of_their_own(
    client: FlaskClient, alice: Cardholder, other: Cardholder
) -> None:
    theirs = other.open_pass()
    make_one(alice, other)

    own = alice.open_pass()

    assert own.id != theirs.id
    assert alice.open_pass().id == own.id


def test_both_codes_find_the_survivor_and_only_their_own_is_the_newest(
    client: FlaskClient, alice: Cardholder, other: Cardholder
) -> None:
    old, own = code_of(other), code_of(alice)
    make_one(alice, other)

    with shop_transaction(alice.shop_id) as session:
        by_old = find_scanned(session, alice.shop_id, old)
        by_own = find_scanned(session, alice.shop_id, own)

    assert by_old is not None and by_own is not None
    assert (by_old.member_id, by_old.is_newest) == (alice.member_id, False)
    assert (by_own.member_id, by_own.is_newest) == (alice.member_id, True)


def test_an_old_link_opens_the_survivors_page(
    client: FlaskClient, alice: Cardholder, other: Cardholder
) -> None:
    other.earn(40)
    path = other.url().removeprefix("https://encore.example")
    make_one(alice, other)

    page = client.get(path)

    assert page.status_code == 200
    assert "Alice Archer" in page.text and "Alicia" not in page.text


def test_a_click_on_the_old_pass_is_the_survivors(
    client: FlaskClient, alice: Cardholder, other: Cardholder
) -> None:
    from wallet.card_links import click_url

    address = click_url(other.shop_id, other.member_id, platform="apple")
    make_one(alice, other)

    answer = client.get(address.removeprefix("https://encore.example"), headers=BROWSER)

    assert answer.status_code == 303
    with shop_transaction(alice.shop_id) as session:
        assert count_clicks(session, alice.shop_id, alice.member_id)["apple"] == 1


def test_phones_of_both_are_counted(
    client: FlaskClient, alice: Cardholder, other: Cardholder, apple: World
) -> None:
    with shop_transaction(alice.shop_id) as session:
        now = utc_now()
        session.add(GoogleClass(shop_id=alice.shop_id, class_id="i.1"))
        session.flush()
        for number, holder in enumerate((alice, other)):
            session.add(
                GoogleObject(
                    shop_id=alice.shop_id,
                    id=holder.member_id,
                    member_id=holder.member_id,
                    class_id="i.1",
                    object_id=f"i.1-{number}",
                    saved_at=now,
                    created_at=now,
                )
            )

    make_one(alice, other)

    with shop_transaction(alice.shop_id) as session:
        assert count_installed(session, alice.shop_id, alice.member_id)["google"] == 2
        assert count_installed(session, alice.shop_id, other.member_id)["google"] == 0


def test_after_an_undo_each_pass_shows_its_own_member_again(
    client: FlaskClient, alice: Cardholder, other: Cardholder
) -> None:
    alice.earn(100)
    other.earn(40)
    own, theirs = alice.open_pass(), other.open_pass()
    merge_id = make_one(alice, other)
    refresh_member(alice.shop_id, alice.member_id)

    make_two(alice, merge_id)
    for holder in (alice, other):
        refresh_member(holder.shop_id, holder.member_id)

    found = cards(alice)
    assert (found[own.id].content["balance"], found[theirs.id].content["balance"]) == ("100", "40")
    assert found[theirs.id].content["name"] == "Alicia Archer"
    assert (found[theirs.id].member_id, found[theirs.id].home_member_id) == (other.member_id, None)


def test_who_leaves_has_seen_the_survivors_code_so_it_is_the_newest_no_more(
    client: FlaskClient, alice: Cardholder, other: Cardholder
) -> None:
    merge_id = make_one(alice, other)
    seen = code_of(alice)

    make_two(alice, merge_id)

    with shop_transaction(alice.shop_id) as session:
        scan = find_scanned(session, alice.shop_id, seen)
    assert scan is not None and not scan.is_newest
    assert code_of(alice) != seen


def test_the_merged_member_is_in_no_list_of_members(
    client: FlaskClient, alice: Cardholder, other: Cardholder
) -> None:
    from loyalty.queries.members import list_members

    make_one(alice, other)

    with shop_transaction(alice.shop_id) as session:
        rows = list_members(session, alice.shop_id).rows
        states = set(session.scalars(select(Member.state)))
    assert [row.id for row in rows] == [alice.member_id]
    assert states == {"active", "merged"}
