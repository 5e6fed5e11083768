"""Orders that Shopify deletes: as cancelled for good, late, twice and before they were heard of."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from loyalty.base import db
from loyalty.members.tables import Member, MemberBalance
from loyalty.orders.tables import Order, Refund
from loyalty.queries.profile import get_profile, list_orders
from shopify_app.platform import inbox
from tests.factories import payloads
from tests.factories.payloads import Line
from tests.platform.deliveries import deliver, inbox_rows

HOUR = timedelta(hours=1)


def balances(shop_id: int) -> list[int]:
    with db.shop_transaction(shop_id) as session:
        return list(session.scalars(select(MemberBalance.available)))


def spend(shop_id: int) -> int:
    """The total spend that Alice's page shows, in minor units."""
    with db.shop_transaction(shop_id) as session:
        alice = session.scalars(select(Member.id)).one()
        return get_profile(session, shop_id, alice).total_spend.amount_minor


@pytest.mark.parametrize("at_once", [True, False])
def test_a_deleted_order_loses_its_points_and_its_spend(
    client: FlaskClient, aurora: int, at_once: bool
) -> None:
    order = payloads.order([Line("10.00", 3)])
    deliver(client, order, "orders/paid")
    if not at_once:
        inbox.drain(aurora)
        assert (balances(aurora), spend(aurora)) == ([30], 3000)
    deliver(client, {"id": order["id"]}, "orders/delete")

    inbox.drain(aurora)

    assert (balances(aurora), spend(aurora)) == ([0], 0)


def test_nothing_late_brings_a_deleted_order_back(client: FlaskClient, aurora: int) -> None:
    order = payloads.order([Line("10.00", 3)])
    deliver(client, order, "orders/paid")
    deliver(client, {"id": order["id"]}, "orders/delete")
    inbox.drain(aurora)

    later = payloads.order([Line("10.00", 5)], id=order["id"], at=payloads.NOON + HOUR)
    deliver(client, later, "orders/updated")
    inbox.drain(aurora)
    assert (balances(aurora), spend(aurora)) == ([0], 0)
    deliver(client, {"id": order["id"]}, "orders/delete")
    inbox.drain(aurora)

    assert (balances(aurora), spend(aurora)) == ([0], 0)
    assert {row.state for row in inbox_rows(aurora)} == {"done"}


def test_an_order_deleted_before_it_was_heard_of_never_earns(
    client: FlaskClient, aurora: int
) -> None:
    line = Line("10.00", 3)
    order = payloads.order([line])
    deliver(client, {"id": order["id"]}, "orders/delete")
    deliver(client, order, "orders/paid")
    deliver(client, payloads.refund(order, {line.id: 1}), "refunds/create")

    inbox.drain(aurora)

    assert sum(balances(aurora)) == 0
    with db.shop_transaction(aurora) as session:
        known = session.scalars(select(Order)).one()
        members = session.scalars(select(Member.id)).all()
    assert known.cancelled_at is not None and (known.member_id, known.customer_id) == (None, None)
    assert members == []


def test_the_other_orders_of_a_member_stay(client: FlaskClient, aurora: int) -> None:
    buyer = payloads.customer()
    gone, stays = (payloads.order([Line("10.00", n)], buyer=buyer) for n in (1, 2))
    for order in (gone, stays):
        deliver(client, order, "orders/paid")
    deliver(client, {"id": gone["id"]}, "orders/delete")

    inbox.drain(aurora)

    assert (balances(aurora), spend(aurora)) == ([20], 2000)


def test_a_deletion_without_an_id_is_parked(client: FlaskClient, aurora: int) -> None:
    deliver(client, {}, "orders/delete")

    inbox.drain(aurora)

    assert [row.state for row in inbox_rows(aurora)] == ["parked"]


def test_a_deleted_order_stands_on_no_page(client: FlaskClient, aurora: int) -> None:
    buyer = payloads.customer()
    gone, stays = (payloads.order([Line("10.00", n)], buyer=buyer) for n in (1, 2))
    for order in (gone, stays):
        deliver(client, order, "orders/paid")
    deliver(client, {"id": gone["id"]}, "orders/delete")

    inbox.drain(aurora)

    with db.shop_transaction(aurora) as session:
        alice = session.scalars(select(Member.id)).one()
        page = list_orders(session, aurora, alice)
        assert get_profile(session, aurora, alice).order_count == 1
    assert [row.order_id for row in page.rows] == [stays["id"]]
    assert (page.lifetime_spend.amount_minor, page.average_order.amount_minor) == (2000, 2000)


def test_a_refund_that_comes_after_the_deletion_is_not_kept(
    client: FlaskClient, aurora: int
) -> None:
    line = Line("10.00", 3)
    order = payloads.order([line])
    deliver(client, order, "orders/paid")
    deliver(client, {"id": order["id"]}, "orders/delete")
    inbox.drain(aurora)

    deliver(client, payloads.refund(order, {line.id: 1}), "refunds/create")
    inbox.drain(aurora)

    with db.shop_transaction(aurora) as session:
        assert session.scalars(select(Refund)).all() == []
    assert balances(aurora) == [0]
