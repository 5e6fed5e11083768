"""What was given back of history before the install is known when the merchant has it credited."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from config import Settings
from jobs import history
from jobs.operating import OPERATOR
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.ledger.tables import LedgerEntry
from loyalty.orders.tables import Order, Refund
from loyalty.programme.rules import get_programme
from loyalty.shops.tables import Shop
from shopify_app.platform import installations
from shopify_app.platform.backfill import steps
from shopify_app.platform.session_tokens import verify
from shopify_app.platform.tables import BackfillRun
from tests.platform.shopify import Shopify

SINCE = date(2020, 1, 1)


@pytest.fixture
def shop_id(shopify: Shopify, connected: Settings) -> int:
    """Aurora, which has installed us and earns from tomorrow on: all orders of now are history."""
    shop_id = installations.ensure_installed(verify(shopify.id_token(), connected))
    with db.shop_transaction(shop_id) as session:
        session.get_one(Shop, shop_id).earning_since = utc_now() + timedelta(days=1)
    return shop_id


def sold(shopify: Shopify, **more: Any) -> dict[str, Any]:
    """A paid order of three pieces for 10.00 each."""
    customer = shopify.ask("customers")[0]
    wanted = {
        "customer_id": customer["id"],
        "lines": [{"title": "Oat soap", "price": "10.00", "quantity": 3}],
        "tax_rate": "0",
    }
    order: dict[str, Any] = shopify.tell("orders", **wanted | more)
    return order


def give_back(shopify: Shopify, order: dict[str, Any], **refund: Any) -> None:
    shopify.tell(f"orders/{order['id']}/refunds", **refund)


def a_piece_of(order: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"line_id": order["line_items"][0]["id"], "quantity": 1}]


def read_all(shop_id: int) -> None:
    """The whole back-fill, and what it leads to."""
    for _ in range(80):
        now = utc_now()
        with db.shop_transaction(shop_id) as session:
            due = BackfillRun.next_at < now + timedelta(hours=2)
            session.execute(update(BackfillRun).where(due).values(next_at=now))
        if steps.take_step(shop_id) is None:
            return
    raise AssertionError("the back-fill does not end")


def earned_by(shop_id: int, order: dict[str, Any]) -> int:
    """What the order earns when all history is credited."""
    history.credit(shop_id, SINCE, actor=OPERATOR)
    with db.shop_transaction(shop_id) as session:
        points = select(func.sum(LedgerEntry.points)).where(LedgerEntry.order_id == order["id"])
        return int(session.scalar(points) or 0)


def test_pieces_given_back_before_earn_nothing(shopify: Shopify, shop_id: int) -> None:
    order = sold(shopify)
    give_back(shopify, order, lines=a_piece_of(order))
    read_all(shop_id)

    # 30 − floor(30 × 1/3)
    assert earned_by(shop_id, order) == 20


def test_money_given_back_without_pieces_takes_its_share(shopify: Shopify, shop_id: int) -> None:
    order = sold(shopify)
    give_back(shopify, order, amount="12.00")
    read_all(shop_id)

    # 30 − floor(30 × 12.00 ÷ 30.00)
    assert earned_by(shop_id, order) == 18


def test_what_was_paid_later_was_paid_with_its_payment(shopify: Shopify, shop_id: int) -> None:
    order = sold(shopify, paid=False)
    paid = shopify.tell(f"orders/{order['id']}/pay")
    give_back(shopify, order, amount="12.00")
    read_all(shop_id)

    with db.shop_transaction(shop_id) as session:
        kept = session.get_one(Order, (shop_id, order["id"])).paid_at
    assert kept is not None
    assert kept.replace(microsecond=0) == datetime.fromisoformat(paid["updated_at"])


def test_both_take_theirs(shopify: Shopify, shop_id: int) -> None:
    order = sold(shopify, tax_rate="0.21")
    give_back(shopify, order, lines=a_piece_of(order))
    give_back(shopify, order, amount="3.63")
    read_all(shop_id)

    # 30 − floor(30 × (1/3 + 3.63 ÷ 36.30))
    assert earned_by(shop_id, order) == 17


def test_shipping_given_back_takes_shippings_own_points(shopify: Shopify, shop_id: int) -> None:
    order = sold(shopify, shipping="5.00")
    give_back(shopify, order, shipping="5.00", amount="5.00")
    with db.shop_transaction(shop_id) as session:
        get_programme(session, shop_id).counts_shipping = True
    read_all(shop_id)

    assert earned_by(shop_id, order) == 30


def test_a_cancelled_order_earns_nothing(shopify: Shopify, shop_id: int) -> None:
    order = sold(shopify)
    shopify.tell(f"orders/{order['id']}/cancel")
    read_all(shop_id)

    assert earned_by(shop_id, order) == 0


def test_only_whose_money_the_pieces_do_not_explain_is_asked_for(
    shopify: Shopify, shop_id: int
) -> None:
    # given one of each, and pieces whose price does not divide
    whole, pieces, money = (sold(shopify, tax_rate="0.21") for _ in range(3))
    give_back(shopify, pieces, lines=a_piece_of(pieces))
    give_back(shopify, money, amount="0.50")
    gone = sold(shopify)
    shopify.tell(f"orders/{gone['id']}/cancel")
    # when
    read_all(shop_id)
    # then that one was read whole, with its refund
    ids = [order["id"] for order in (whole, pieces, money, gone)]
    with db.shop_transaction(shop_id) as session:
        statement = select(Refund.order_id).where(Refund.order_id.in_(ids))
        assert session.scalars(statement).all() == [money["id"]]
        still = select(Order.is_history).where(Order.order_id.in_(ids))
        assert session.scalars(still).all() == [True] * 4
