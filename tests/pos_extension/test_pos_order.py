"""The customer on the paid order earns, whoever was scanned; and their card follows."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.outbox import MEMBER_CHANGED, OutboxEvent
from loyalty.shops.directory import get_shop
from loyalty.shops.tables import Shop
from shopify_app.platform.deliveries import Delivery
from shopify_app.platform.handlers import orders
from tests.factories import payloads
from tests.factories.order_lines import Line, Terms
from tests.pos_extension.cast import MAIN_STREET, Till
from wallet import setup
from wallet.passes import open_apple_pass
from wallet.setup import AppleSettings
from wallet.subscriber import refresh_member
from wallet.tables import WalletPass


@pytest.fixture(autouse=True)
def _apple(app: object) -> Iterator[None]:
    """An installation that makes Apple passes; none is signed here."""
    before, none = setup.current(), Path("nowhere.pem")
    setup.configure(replace(before, apple=AppleSettings("pass.test", "TEAM", none, none, none)))
    yield
    setup.configure(before)


def ring_up(till: Till, customer_id: int | None, **changes: Any) -> None:
    """The till takes the money for 20.00 of soap; Shopify's webhook comes and is handled."""
    buyer = payloads.customer(id=customer_id) if customer_id else None
    terms = Terms(currency="EUR", source_name="pos", location_id=MAIN_STREET, user_id=7)
    payload = payloads.order(
        [Line(price="20.00", title="Soap")], terms, buyer=buyer, guest=buyer is None, **changes
    )
    with shop_transaction(till.shop_id) as session:
        shop: Shop = get_shop(session, till.shop_id)
        told = orders.tell_order(shop, Delivery(payload, utc_now(), utc_now()))
        orders.record(session, shop, [told], now=utc_now())


def balance_on_card(till: Till, member: UUID) -> str:
    """What the member's Apple pass says once the wallet has caught up."""
    refresh_member(till.shop_id, member)
    with shop_transaction(till.shop_id) as session:
        [card] = [one for one in session.query(WalletPass) if one.member_id == member]
        balance: str = card.content["balance"]
        return balance


def with_card(till: Till, member: UUID) -> None:
    """The member has their card on a phone."""
    with shop_transaction(till.shop_id) as session:
        open_apple_pass(session, till.shop_id, member, now=utc_now())


def test_whom_the_scan_put_on_the_cart_earns_and_their_card_follows(
    aurora: Till, alice: UUID
) -> None:
    with_card(aurora, alice)
    scan = aurora.post("scans", code=aurora.code_of(alice).token).get_json()

    ring_up(aurora, scan["member"]["customer_id"])

    assert aurora.points_of(alice) == 20
    changed = [one.member_id for one in aurora.rows(OutboxEvent) if one.kind == MEMBER_CHANGED]
    assert alice in changed
    assert balance_on_card(aurora, alice) == "20"
    again = aurora.post("scans", code=aurora.code_of(alice).token).get_json()
    assert (again["member"]["points"], again["member"]["last_order"]["points"]) == (20, 20)


def test_who_was_only_scanned_earns_nothing(aurora: Till, alice: UUID) -> None:
    carol = aurora.enrol("Carol", 502)
    aurora.post("scans", code=aurora.code_of(alice).token)

    ring_up(aurora, 502)

    assert (aurora.points_of(alice), aurora.points_of(carol)) == (0, 20)


def test_an_order_without_a_customer_earns_nobody_anything(aurora: Till, alice: UUID) -> None:
    aurora.post("scans", code=aurora.code_of(alice).token)

    ring_up(aurora, None)

    assert aurora.points_of(alice) == 0


def test_a_grant_at_the_till_reaches_the_card(aurora: Till, alice: UUID) -> None:
    with_card(aurora, alice)
    scan = aurora.post("scans", code=aurora.code_of(alice).token).get_json()

    aurora.post(f"members/{scan['member']['id']}/grants", points=50, reason="other")

    assert balance_on_card(aurora, alice) == "50"
