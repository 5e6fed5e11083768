"""What operators type about rules, orders and the programme."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select, update

from jobs import earning
from jobs.operating import OPERATOR
from jobs.order_commands import order_commands
from jobs.rule_commands import rule_commands
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.base.errors import CannotClaim
from loyalty.ledger.tables import LedgerEntry
from loyalty.members.tables import MemberBalance
from loyalty.orders.claiming import claim_order
from loyalty.orders.recording import record_order
from loyalty.programme.tables import EarningRule
from loyalty.shops.tables import Shop
from shopify_app.platform.tables import BackfillRun
from tests.factories.facts import a_line, an_order
from tests.jobs.conftest import Aurora, add_member

SHOP = ("--shop", "aurora.myshopify.com")


def typed(command: str, *arguments: str) -> Result:
    group = rule_commands if command in rule_commands.commands else order_commands
    return CliRunner().invoke(group, (command, *SHOP, *arguments))


def said(command: str, *arguments: str) -> str:
    result = typed(command, *arguments)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def shop(aurora: Aurora) -> Aurora:
    """Aurora, whose Alice has books."""
    with db.shop_transaction(aurora.shop_id) as session:
        session.add(MemberBalance(shop_id=aurora.shop_id, member_id=aurora.alice))
    return aurora


def comes(shop: Aurora, order_id: int = 1, **changes: Any) -> None:
    """A paid order of just now that names no customer."""
    at = utc_now().replace(microsecond=0)
    with db.shop_transaction(shop.shop_id) as session:
        row = session.get_one(Shop, shop.shop_id)
        row.earning_since = at - timedelta(days=1)
        told: dict[str, Any] = {"customer_id": None, "currency": row.currency}
        told |= {"created_at": at, "processed_at": at, "updated_at": at} | changes
        record_order(session, row, an_order(order_id, **told), now=at, is_backfill=False)


def points(shop: Aurora) -> list[int]:
    with db.shop_transaction(shop.shop_id) as session:
        return list(session.scalars(select(LedgerEntry.points).order_by(LedgerEntry.id)))


def claim(shop: Aurora, order_id: int = 1) -> str:
    member = ("--member", str(shop.alice))
    return said("claim-order", "--order", str(order_id), *member, "--proof", "scan")


def test_rules_are_added_changed_and_listed(shop: Aurora) -> None:
    added = said("add-rule", '{"name": "Double", "points_per_unit": "2"}')
    rule_id = added.split()[0]

    changed = said("change-rule", "--id", rule_id, '{"is_active": false}')
    promotion = said("add-promotion", '{"name": "Week", "multiplier": "2"}')
    said("change-promotion", "--id", promotion.split()[0], '{"multiplier": "3"}')

    assert "v1 rule of order 'Double' 2 per unit, floor" in added
    assert changed.strip().endswith("v2 rule of order 'Double' 2 per unit, floor off")
    assert "x3" in said("rules")


@pytest.mark.parametrize(
    ("command", "settings", "reason"),
    [
        ("add-rule", '{"name": "X", "points_per_unit": "0"}', "points_per_unit: is not above 0"),
        ("add-rule", "no json", "settings: is no JSON"),
        ("add-rule", "[]", "settings: is no JSON object"),
        ("add-promotion", '{"name": "X"}', "multiplier: is missing"),
        ("earning", '{"hold_days": -1}', "hold_days: is no whole number from 0 to 365"),
        ("earning", '{"hold_days": true}', "hold_days: is no whole number from 0 to 365"),
        ("earning", '{"counts_tax": "yes"}', "counts_tax: is neither true nor false"),
        ("earning", '{"money_refunds": "half"}', "money_refunds: is none of prorate, ignore"),
        ("earning", '{"colour": "red"}', "colour: is no setting of earning"),
    ],
)
def test_what_cannot_work_is_refused_with_field_and_reason(
    shop: Aurora, command: str, settings: str, reason: str
) -> None:
    result = typed(command, settings)

    assert result.exit_code == 1
    assert reason in result.output


def test_a_rule_that_the_shop_does_not_have_is_not_found(shop: Aurora) -> None:
    result = typed("change-rule", "--id", str(UUID(int=1)), "{}")

    assert (result.exit_code, "rule_not_found" in result.output) == (1, True)


def test_a_broken_rule_is_marked_in_the_list(shop: Aurora) -> None:
    comes(shop)
    with db.shop_transaction(shop.shop_id) as session:
        session.execute(update(EarningRule).values(rounding="ceil", conditions={"colour": 1}))
    claim(shop)

    assert "EARNS NOTHING: conditions.colour" in said("rules")


def test_a_rule_is_tried_on_the_past(shop: Aurora) -> None:
    comes(shop)
    claim(shop)
    today = utc_now().date()
    days = ("--from", str(today - timedelta(days=1)), "--to", str(today + timedelta(days=1)))

    tried = said("try-rule", *days, '{"name": "Triple", "points_per_unit": "3"}')

    assert tried.startswith("30 points for 1 of 1 orders, 1 members; other rules 10 -> 10")
    assert points(shop) == [10]


def test_an_order_is_claimed_and_explained(shop: Aurora) -> None:
    comes(shop, 1, lines=(a_line(gross_minor=1050, title="Candle"),))

    assert claim(shop) == "1: 10 points\n"
    assert claim(shop) == "no order: 0 points\n"
    assert said("explain-order", "--order", "1").splitlines() == [
        "#1: 10 points (earned)",
        "  Points for every order v1 (1 per unit, floor): 10 - 0 = 10",
        "    1 x Candle: 10.50 x 1 = 10.5",
    ]
    unknown = typed("explain-order", "--order", "2")
    assert (unknown.exit_code, "order_not_found" in unknown.output) == (1, True)


def test_of_two_members_who_claim_an_order_at_once_one_gets_it(shop: Aurora) -> None:
    # given
    bob = add_member(shop.shop_id)
    with db.shop_transaction(shop.shop_id) as session:
        session.add(MemberBalance(shop_id=shop.shop_id, member_id=bob))
    comes(shop)
    ready = Barrier(2)

    def ask(member_id: UUID) -> str:
        ready.wait(timeout=10)
        try:
            with db.shop_transaction(shop.shop_id) as session:
                row = session.get_one(Shop, shop.shop_id)
                claim_order(session, row, 1, member_id, proof="scan", actor=OPERATOR, now=utc_now())
        except CannotClaim as refusal:
            return refusal.reason
        return "given"

    # when
    with ThreadPoolExecutor(2) as pool:
        answers = sorted(pool.map(ask, (shop.alice, bob)))
    # then
    assert (answers, points(shop)) == (["given", "owned"], [10])


def test_the_last_sale_of_a_place_is_claimed(shop: Aurora) -> None:
    comes(shop, 7, location_id=31)

    told = said("claim-last-sale", "--location", "31", "--member", str(shop.alice))

    assert told == "7: 10 points\n"


def test_a_paused_programme_goes_on_as_was_chosen(shop: Aurora) -> None:
    said("pause-programme", "--resume", "catch_up")
    comes(shop)
    claim(shop)
    assert points(shop) == []
    waiting = said("earning")
    assert "paused since" in waiting
    assert "1 orders wait: paused" in waiting

    gone_on = said("resume-programme")

    assert "1 orders and 0 actions" in gone_on
    assert points(shop) == [10]
    again = typed("resume-programme")
    assert (again.exit_code, "not_paused" in again.output) == (1, True)


def test_the_settings_of_earning_are_changed(shop: Aurora) -> None:
    told = said("earning", json.dumps({"hold_days": 14, "counts_shipping": True}))

    assert told.startswith("hold_days=14 counts_tax=False counts_shipping=True")


def test_products_that_orders_wait_for_are_asked_for_again(shop: Aurora) -> None:
    said("add-rule", '{"name": "Sale", "points_per_unit": "2", "conditions": {"tags": ["sale"]}}')
    comes(shop)
    claim(shop)
    assert points(shop) == []

    assert earning.run_shop(shop.shop_id) == 0

    with db.shop_transaction(shop.shop_id) as session:
        assert session.scalars(select(BackfillRun.subject)).all() == ["product:9001"]
