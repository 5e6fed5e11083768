"""Orders with codes, refunds, voids and merges fall upon the same redemptions at once.

Never points and code both: what the ledger took is what stands of the redemptions in the end.
"""

import random
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import update

from loyalty.audit import SYSTEM
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.base.errors import InsufficientPoints, MemberHasMoved, NotReturnable
from loyalty.ledger.posting import Cause, credit, lock_balance
from loyalty.ledger.selfcheck import find_differences
from loyalty.members.enrolment import record_customer
from loyalty.members.identity import survivor_of
from loyalty.programme.tables import EarningRule
from loyalty.redemption.issuing import issue
from loyalty.redemption.reserving import Wish, reserve
from loyalty.redemption.returning import begin, finish
from loyalty.redemption.selfcheck import find_unlike_ledger
from loyalty.rewards.saving import add_reward
from loyalty.rewards.stock import import_codes
from loyalty.shops.directory import get_shop, install, register_shop_id
from tests.factories import payloads
from tests.factories.facts import a_customer
from tests.factories.payloads import Line, Terms
from tests.proofs import hammer
from tests.proofs.hammer import STAFF, Field

pytestmark = pytest.mark.proof

CUSTOMERS = (501, 502, 503, 504)
COST, CODES_EACH, POINTS = 40, 12, 1000
SPARE = 200
"""Codes that are redeemed while the hammer falls."""


@dataclass(frozen=True)
class Codes:
    """Where the blows fall, and the codes that members have."""

    field: Field
    reward_id: UUID
    redemptions: dict[UUID, str]


@pytest.fixture
def codes(database: None) -> Codes:
    """A shop with four members; each has codes of a reward, and points left. Nothing is earned."""
    with db.shopless_transaction() as session:
        shop_id = register_shop_id(session, "aurora.myshopify.com")
    with db.shop_transaction(shop_id) as session:
        now = utc_now()
        shop = install(
            session,
            shop_id,
            domain="aurora.myshopify.com",
            name="Aurora",
            currency="USD",
            timezone="Europe/Madrid",
            email=None,
            now=now - timedelta(days=60),
        )
        session.execute(update(EarningRule).values(is_active=False))
        given = {"name": "Off", "kind": "fixed_amount", "cost_points": COST, "amount_minor": 100}
        given["code_source"] = "stock"
        reward = add_reward(session, shop, given, actor=STAFF, now=now)
        stock = "\n".join(f"C{n}" for n in range(len(CUSTOMERS) * CODES_EACH + SPARE))
        import_codes(session, shop_id, reward.id, stock, actor=STAFF, now=now)
        members = tuple(_member(session, shop, customer_id) for customer_id in CUSTOMERS)
    url = db.engine().url.set(drivername="postgresql").render_as_string(hide_password=False)
    made = Codes(Field(url, shop_id, members), reward.id, {})
    for member_id in members:
        for _ in range(CODES_EACH):
            _redeem(made, member_id)
    return made


def test_codes_and_points_are_never_both_when_all_fall_on_the_same(codes: Codes) -> None:
    # given
    field = codes.field
    messages = _orders(list(codes.redemptions.values()))
    hammer.post_webhooks(field.database_url, field.shop_id, messages)
    known = dict(codes.redemptions)

    def void(field: Field, number: int) -> int:
        """Merchants and sweeps: void any code, and hear later that it is dead; how many were."""
        chance, done = random.Random(number), 0
        while not field.is_over.is_set():
            redemption_id = chance.choice(list(known))
            done += _void(field, redemption_id)
        return done

    def redeem(field: Field, number: int) -> int:
        """Members: redeem until the points are gone; how many codes that were."""
        chance, done = random.Random(number), 0
        while not field.is_over.is_set() and done < SPARE // 2:
            try:
                _redeem(codes, chance.choice(field.members))
            except (InsufficientPoints, MemberHasMoved):
                continue
            done += 1
        return done

    # when
    blows = [
        *(hammer.drain_webhooks, hammer.drain_webhooks),
        *(void, void, redeem, redeem),
        *(hammer.merge_there_and_back, hammer.merge_there_and_back),
    ]
    done = hammer.strike(field, blows)
    for redemption_id in codes.redemptions:
        _finish(field, redemption_id)

    # then
    print("\n" + ", ".join(f"{b.__name__} {n}" for b, n in zip(blows, done, strict=True)))
    assert _ask(field, "SELECT count(*) FROM inbox_row WHERE state <> 'done'") == 0
    with db.shop_transaction(field.shop_id) as session:
        assert find_differences(session, field.shop_id) == []
        assert find_unlike_ledger(session, field.shop_id) == []
    assert _ask(field, _BOTH_OR_NEITHER) == 0
    # Each code that an order of the story carries was used, whatever else befell it.
    assert _ask(field, "SELECT count(*) FROM redemption_use") == len(_pairs(known.values()))
    away = _ask(field, "SELECT -sum(points) FROM ledger_entry WHERE source_kind = 'redemption'")
    held = _ask(field, "SELECT sum(available + pending) FROM member_balance")
    assert held == len(CUSTOMERS) * POINTS - away
    assert min(done[2:6]) > 0


_BOTH_OR_NEITHER = """
SELECT count(*) FROM redemption WHERE state IN ('reserved', 'returning')
    OR (state = 'issued' AND points_returned <> 0)
    OR (state = 'returned') <> (points_returned = points)
"""


def _pairs(known: Any) -> set[tuple[int, str]]:
    """The number of an order and the code that it carries: every fifth code is on two orders."""
    pairs = set()
    for number, code in enumerate(sorted(known)):
        if number % 4 != 3:
            pairs.add((number, code))
        if number % 5 == 0:
            pairs.add((1000 + number, code))
    return pairs


def _orders(known: list[str]) -> list[tuple[str, Any]]:
    """Paid orders with codes, and what comes after them."""
    messages: list[tuple[str, Any]] = []
    at = utc_now() - timedelta(days=1)
    for number, code in sorted(_pairs(known)):
        customer_id = CUSTOMERS[number % len(CUSTOMERS)]
        buyer = payloads.customer(id=customer_id, email=f"{customer_id}@example.com")
        line = Line("10.00", 3)
        terms = Terms(order_discount="3.00", discount_code=code.lower())
        order = payloads.order([line], terms, buyer=buyer, at=at, number=1001 + number)
        messages.append(("orders/paid", order))
        later = at + timedelta(minutes=5)
        if number % 3 == 0:
            refund = payloads.refund(order, {line.id: 1 + number % 2}, at=later)
            messages.append(("refunds/create", refund))
            messages.append(("orders/updated", payloads.refunded(order, refund, at=later)))
        elif number % 3 == 1:
            messages.append(("orders/cancelled", payloads.cancelled(order, at=later)))
    return messages


def _member(session: Any, shop: Any, customer_id: int) -> UUID:
    facts = a_customer(customer_id, email=f"{customer_id}@example.com")
    customer = record_customer(session, shop, facts, now=utc_now(), is_backfill=False)
    assert customer.member_id
    cause = Cause("grant", f"grant:{customer_id}", "proof", "1", str(STAFF), utc_now())
    balance = lock_balance(session, shop.shop_id, customer.member_id)
    credit(session, balance, cause, points=POINTS, now=utc_now())
    return customer.member_id


def _redeem(codes: Codes, member_id: UUID) -> None:
    shop_id = codes.field.shop_id
    with db.shop_transaction(shop_id) as session:
        who = survivor_of(session, shop_id, member_id)
        wish = Wish(codes.reward_id, "online", uuid4())
        shop = get_shop(session, shop_id)
        made = reserve(session, shop, who, wish, actor=STAFF, now=utc_now())
        issue(session, shop_id, made.id, discount_gid=None, now=utc_now())
        assert made.code
        codes.redemptions[made.id] = made.code


def _void(field: Field, redemption_id: UUID) -> int:
    """Begin, and finish in a transaction of its own; 1 when the code was being taken back."""
    try:
        with db.shop_transaction(field.shop_id) as session:
            row = begin(
                *(session, field.shop_id, redemption_id),
                reason="voided",
                actor=SYSTEM,
                now=utc_now(),
            )
            is_news = row.state == "returning"
    except NotReturnable:
        return 0
    if is_news:
        _finish(field, redemption_id)
    return int(is_news)


def _finish(field: Field, redemption_id: UUID) -> None:
    with db.shop_transaction(field.shop_id) as session:
        finish(session, field.shop_id, redemption_id, now=utc_now())


def _ask(field: Field, query: str) -> int:
    with psycopg.connect(field.database_url) as connection:
        connection.execute(f"SET LOCAL encore.shop = '{field.shop_id}'")
        row = connection.execute(query).fetchone()
        assert row
        return int(row[0])
