"""At night orders of no customer go to who has proved their email, shop by shop."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from jobs import strays
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.members.tables import Member, MemberBalance
from loyalty.orders.recording import record_order
from loyalty.orders.tables import Order
from loyalty.shops.directory import get_shop
from tests.factories.facts import an_order
from tests.jobs.conftest import Aurora, install_committed


def buy(shop_id: int, order_id: int) -> None:
    """Somebody bought with Alice's address, and as no customer, before she proved it."""
    at = utc_now() - timedelta(hours=1)
    told = {"created_at": at, "processed_at": at, "updated_at": at}
    facts = an_order(order_id, customer_id=None, email="alice@example.com", **told)
    with db.shop_transaction(shop_id) as session:
        record_order(session, get_shop(session, shop_id), facts, now=utc_now(), is_backfill=False)


def prove(who: Aurora) -> None:
    """Alice has proved her address, and nobody looked at her orders."""
    with db.shop_transaction(who.shop_id) as session:
        session.add(MemberBalance(shop_id=who.shop_id, member_id=who.alice))
        session.execute(
            update(Member)
            .where(Member.shop_id == who.shop_id, Member.id == who.alice)
            .values(email_norm="alice@example.com", email_verified_at=utc_now())
        )


def owner_of(shop_id: int, order_id: int) -> object:
    with db.shop_transaction(shop_id) as session:
        return session.get_one(Order, (shop_id, order_id)).member_id


@pytest.fixture
def borealis(aurora: Aurora) -> Aurora:
    """Another shop, where an order has the same address and nobody has proved it."""
    shop = install_committed("borealis")
    buy(shop.shop_id, 1)
    return shop


def test_all_that_is_left_is_given_however_many_batches_it_takes(
    aurora: Aurora, borealis: Aurora, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strays, "BATCH", 2)
    for order_id in range(1, 6):
        buy(aurora.shop_id, order_id)
    prove(aurora)

    strays.run_all()

    assert {owner_of(aurora.shop_id, order_id) for order_id in range(1, 6)} == {aurora.alice}
    assert owner_of(borealis.shop_id, 1) is None
    assert strays.run_shop(aurora.shop_id) == 0


def test_a_shop_that_fails_keeps_none_from_theirs(
    aurora: Aurora, borealis: Aurora, monkeypatch: pytest.MonkeyPatch
) -> None:
    buy(aurora.shop_id, 1)
    for who in (aurora, borealis):
        prove(who)
    whole = strays.claim_left

    def fail_once(session: object, shop: object, **given: object) -> object:
        if shop.shop_id == aurora.shop_id:  # type: ignore[attr-defined]
            raise RuntimeError("the database is away")
        return whole(session, shop, **given)  # type: ignore[arg-type]

    monkeypatch.setattr(strays, "claim_left", fail_once)
    strays.run_all()

    assert owner_of(aurora.shop_id, 1) is None
    assert owner_of(borealis.shop_id, 1) == borealis.alice
