"""Whatever order webhooks arrive in, and however often, the books end the same.

The model here knows only the rule: floor of the basis, less floor of the removed share.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from math import floor

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from loyalty.ledger.selfcheck import find_differences
from loyalty.members.tables import Member
from loyalty.orders.facts import OrderFacts, RefundFacts
from loyalty.orders.recording import record_order, record_refund
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON, a_line, a_refund, an_order
from tests.loyalty.conftest import balance_of


@dataclass(frozen=True)
class History:
    """An order's states and refunds as Shopify sends them, oldest first."""

    states: list[OrderFacts]
    refunds: list[RefundFacts]
    points: int


@st.composite
def histories(draw: st.DrawFn) -> History:
    """An order of one to three lines, up to four refunds of single pieces, perhaps cancelled."""
    amounts = draw(st.lists(st.integers(0, 9999), min_size=1, max_size=3))
    quantities = [draw(st.integers(1, 4)) for _ in amounts]
    pieces = [(n, 1) for n, quantity in enumerate(quantities, 1) for _ in range(quantity)]
    taken = draw(st.permutations(pieces))[: draw(st.integers(0, min(4, len(pieces))))]
    is_cancelled = draw(st.booleans())
    states, refunds, removed = [_state(amounts, quantities, {}, [], 0)], [], {}
    for step, (line, piece) in enumerate(taken, 1):
        removed[line] = removed.get(line, 0) + piece
        moment = NOON + timedelta(seconds=step)
        refunds.append(a_refund(step, lines=((line, piece),), created_at=moment))
        states.append(_state(amounts, quantities, removed, refunds, step))
    if is_cancelled:
        states.append(_state(amounts, quantities, removed, refunds, 99, is_cancelled=True))
    return History(states, refunds, _points(amounts, quantities, removed, is_cancelled))


@given(histories(), st.data())
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_arrival_order_with_repeats_gives_the_same_balance(
    session: Session, aurora: Shop, alice: Member, history: History, data: st.DataObject
) -> None:
    sendings: list[Callable[[], object]] = [_order(session, aurora, s) for s in history.states]
    sendings += [_refund(session, aurora, refund) for refund in history.refunds]
    repeats = data.draw(st.lists(st.sampled_from(sendings), max_size=4))
    arrivals = data.draw(st.permutations(sendings + repeats))

    with session.begin_nested() as savepoint:
        for arrive in arrivals:
            arrive()

        figures = balance_of(session, alice)
        assert (figures.available, figures.lifetime_earned) == (history.points, history.points)
        assert find_differences(session, aurora.shop_id) == []
        savepoint.rollback()
    session.expire_all()


def _order(session: Session, shop: Shop, facts: OrderFacts) -> Callable[[], object]:
    return lambda: record_order(session, shop, facts, now=NOON, is_backfill=False)


def _refund(session: Session, shop: Shop, facts: RefundFacts) -> Callable[[], object]:
    return lambda: record_refund(session, shop, facts, now=NOON)


def _state(
    amounts: list[int],
    quantities: list[int],
    removed: dict[int, int],
    refunds: list[RefundFacts],
    second: int,
    *,
    is_cancelled: bool = False,
) -> OrderFacts:
    lines = [
        a_line(n, quantity=q, current_quantity=q - removed.get(n, 0), gross_minor=amount * q)
        for n, (amount, q) in enumerate(zip(amounts, quantities, strict=True), 1)
    ]
    moment = NOON + timedelta(seconds=second)
    cancelled_at = moment if is_cancelled else None
    return an_order(
        5123, *lines, refunds=tuple(refunds), updated_at=moment, cancelled_at=cancelled_at
    )


def _points(
    amounts: list[int], quantities: list[int], removed: dict[int, int], is_cancelled: bool
) -> int:
    basis = sum(a * q for a, q in zip(amounts, quantities, strict=True))
    award = basis // 100
    gone = sum(amounts[line - 1] * pieces for line, pieces in removed.items())
    if is_cancelled or basis == 0:
        return 0
    return award - floor(award * Fraction(gone, basis))
