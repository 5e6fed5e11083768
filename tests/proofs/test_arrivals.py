"""In a programme without order-dependent rules any arrival order gives the same balances.

Order-dependent are a minimum order and a first order (asked once, when an award is first made),
a balance that clamps, and pieces added later: their award is rounded by itself and counts from
when they came, so they are added here only where nothing is rounded, paused or looked at when
only some holds are over. So is a cancelled order that is opened again, which
Shopify does not do, where codes are: what came back for it stays.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from loyalty.earning.saving import add_rule
from loyalty.programme.pausing import pause, resume
from loyalty.redemption.issuing import issue
from tests.factories.facts import NOON
from tests.proofs.counter import Counter
from tests.proofs.shop import CUSTOMERS, STAFF, Shop, Terms
from tests.proofs.shopify_side import Back, Sale, SoldLine, State

CODES = ("CODE1-25", "CODE2-25")
"""Redeemed before the first order, by the first two customers."""
Message = tuple[Sale, State | Back]
Figures = list[tuple[int, ...]]


@dataclass(frozen=True)
class Story:
    """A programme, and all that Shopify sends of some orders, in the order of happening.

    `pause`: the minutes after noon of a pause that nothing earns for. `at_minute`: which minute
    of the last day of the holds is looked at, between one payment's and the next one's.
    """

    hold_days: int
    pause: tuple[int, int] | None
    at_minute: int
    rules: list[dict[str, object]]
    messages: list[Message]


@st.composite
def _stories(draw: st.DrawFn) -> Story:
    is_even = draw(st.booleans())
    rates = st.sampled_from(["1", "2", "3"] if is_even else ["0.5", "1.1", "0.07", "3"])
    rules = [
        {
            "name": f"Rule {number}",
            "points_per_unit": Decimal(draw(rates)),
            "rounding": draw(st.sampled_from(["floor", "half_up", "ceil"])),
        }
        for number in range(draw(st.integers(0, 2)))
    ]
    messages: list[Message] = []
    for number in range(1, draw(st.integers(1, 3)) + 1):
        messages += _life_of_an_order(draw, number * 1000, is_even)
    pauses = st.sampled_from([None, (0, 2), (1, 3), (2, 4)])
    return Story(
        draw(st.sampled_from([0, 14])),
        None if is_even else draw(pauses),
        6 if is_even else draw(st.integers(0, 6)),
        rules,
        messages,
    )


def _life_of_an_order(draw: st.DrawFn, first_id: int, is_even: bool) -> list[Message]:
    ids = iter(range(first_id, first_id + 1000))

    def line() -> SoldLine:
        price = draw(st.integers(0, 40)) * 100 if is_even else draw(st.integers(0, 4000))
        pieces = draw(st.integers(1, 3))
        return SoldLine(next(ids), price, pieces, pieces)

    lines = tuple(line() for _ in range(draw(st.integers(1, 2))))
    customer_id = draw(st.sampled_from(CUSTOMERS))
    codes = tuple(
        (code, tuple(line.line_id for line in lines if draw(st.booleans())))
        for code in draw(st.sets(st.sampled_from(CODES)))
    )
    is_paid = draw(st.booleans())
    state = State(first_id, customer_id, NOON, NOON, lines, is_paid=is_paid, codes=codes)
    sale, at = Sale(state), NOON
    kinds = ["pay", "refund", "edit", "cancel", "add" if is_even else "money"]
    if not codes:
        kinds.append("open")
    for kind in draw(st.lists(st.sampled_from(kinds), max_size=5)):
        at += timedelta(minutes=1)
        if kind == "refund" and sale.pieces:
            taken = draw(st.permutations(sale.pieces))
            sale.refund_pieces(next(ids), list(taken[: draw(st.integers(1, 2))]), at)
        elif kind == "edit" and sale.pieces:
            sale.remove_piece(draw(st.sampled_from(sale.pieces)), at)
        elif kind == "money" and sale.state.total_minor:
            money = draw(st.integers(1, sale.state.total_minor))
            sale.refund_money(next(ids), money, at)
        elif kind == "add":
            sale.add_line(line(), at)
        elif kind == "cancel":
            sale.cancel(at)
        elif kind == "open":
            sale.open_again(at)
        elif kind == "pay":
            sale.pay(at)
    return [(sale, message) for message in sale.sent]


def test_any_arrival_order_gives_the_same_balances(engine: Engine) -> None:
    _compare(engine, examples=8)


@pytest.mark.proof
def test_any_arrival_order_gives_the_same_balances_at_length(engine: Engine) -> None:
    _compare(engine, examples=500)


def _compare(engine: Engine, *, examples: int) -> None:
    @given(_stories(), st.data())
    @settings(
        max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    def compare(story: Story, data: st.DataObject) -> None:
        twice = data.draw(st.lists(st.sampled_from(story.messages), max_size=4))
        shuffled = data.draw(st.permutations(story.messages + twice))
        assert _figures_after(engine, story, shuffled) == (
            _figures_after(engine, story, story.messages)
        )

    compare()


def _figures_after(engine: Engine, story: Story, arrivals: Sequence[Message]) -> Figures:
    """Each customer's figures once all has arrived, when some holds are over and when all are."""
    shop = Shop(engine, Terms(hold_days=story.hold_days))
    try:
        for rule in story.rules:
            add_rule(shop.session, shop.shop.shop_id, rule, actor=STAFF, now=shop.now)
        counter = _redeem(shop)
        if story.pause is not None:
            _pause(shop, *story.pause)
        shop.wait(timedelta(hours=1))
        for sale, message in arrivals:
            shop.tell(message, sale.state.order_id)
        counter.agree()
        counter.sweep()
        counter.agree()
        during = shop.figures()
        last_day = NOON + timedelta(days=14, minutes=story.at_minute, seconds=30)
        shop.wait(last_day - shop.now)
        during += shop.figures()
        shop.wait(timedelta(days=30))
        return [*during, *shop.figures()]
    finally:
        shop.close()


def _pause(shop: Shop, start: int, end: int) -> None:
    """The programme was paused from one minute to another."""
    shop_id = shop.shop.shop_id
    begun_at, ended_at = (NOON + timedelta(minutes=minute) for minute in (start, end))
    pause(shop.session, shop_id, resume_mode="skip", actor=STAFF, now=begun_at)
    resume(shop.session, shop_id, actor=STAFF, now=ended_at)


def _redeem(shop: Shop) -> Counter:
    """Two customers have 25 points each, and spend them on a code."""
    counter = Counter(shop, stock="CODE1\nCODE2")
    for customer_id, code in zip(CUSTOMERS, CODES, strict=False):
        shop.grant(customer_id, 25)
        made = counter.reserve(shop.member(customer_id), 25)
        assert made is not None and made.code == code
        issue(shop.session, shop.shop.shop_id, made.id, discount_gid=None, now=shop.now)
    return counter
