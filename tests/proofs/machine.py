"""A shop lives at random: what buyers, merchants, staff and nights do to the books, late and twice.

After every step the books must say what the model says, and agree with themselves. The
machine speaks to the product through its entry functions alone and reads plain tables.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from loyalty.adjustments import adjust
from loyalty.audit import Actor
from loyalty.base.errors import InsufficientPoints
from loyalty.ledger.posting import release_due
from loyalty.ledger.selfcheck import find_differences
from loyalty.members.enrolment import record_customer
from loyalty.orders.recording import record_order, record_refund
from tests.factories.facts import NOON, a_customer
from tests.loyalty.conftest import install_shop
from tests.proofs.model import NEVER, Account, KnownOrder, held_until
from tests.proofs.shopify_side import Back, Sale, SoldLine, State, refund_facts

STAFF = Actor("staff", "42")
CUSTOMERS = (501, 502, 503)
_prices = st.integers(1, 6000)
_lines = st.tuples(_prices, st.integers(1, 4), st.integers(0, 150))
_FIGURES = "SELECT available, pending, lifetime_earned FROM member_balance WHERE member_id = :id"
# Each of these sums to what available + pending must be.
_SUMS = """
SELECT coalesce((SELECT sum(points) FROM ledger_entry WHERE member_id = :id), 0),
    coalesce((SELECT sum(points_left) FROM lot WHERE member_id = :id), 0)
        - coalesce((SELECT sum(points_left) FROM deficit WHERE member_id = :id), 0)
"""
_REVERSED_TOO_MUCH = """
SELECT order_id, sum(points) FROM ledger_entry
WHERE kind IN ('earn_order', 'earn_reversal') AND order_id IS NOT NULL
GROUP BY order_id, source_id HAVING sum(points) < 0
"""
_WRITTEN = """
SELECT (SELECT count(*) FROM ledger_entry), (SELECT count(*) FROM lot),
    (SELECT count(*) FROM lot_debit), (SELECT count(*) FROM deficit),
    (SELECT count(*) FROM outbox_event), (SELECT count(*) FROM timeline_event)
"""


class Books(RuleBasedStateMachine):
    """One shop, three customers, any number of orders."""

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self.connection = engine.connect()
        self.undone = self.connection.begin()
        self.session = Session(
            self.connection, join_transaction_mode="create_savepoint", expire_on_commit=False
        )
        self.now: datetime = NOON
        self.sales: list[Sale] = []
        self.waiting: list[tuple[Sale, State | Back]] = []
        self.arrived: list[tuple[Sale, State | Back]] = []
        self.known: dict[int, KnownOrder] = {}
        self.next_id = 1

    def teardown(self) -> None:
        self.session.close()
        self.undone.rollback()
        self.connection.close()

    @initialize(
        hold_days=st.sampled_from([0, 14]), money_refunds=st.sampled_from(["prorate", "ignore"])
    )
    def install(self, hold_days: int, money_refunds: str) -> None:
        self.shop = install_shop(self.session, "aurora", currency="EUR", timezone="Europe/Madrid")
        self._set_programme(hold_days=hold_days, money_refunds=money_refunds)
        self.hold_days, self.counts_money = hold_days, money_refunds == "prorate"
        self.accounts: dict[Any, Account] = {}
        self.owner: dict[int, Any] = {}
        for customer_id in CUSTOMERS:
            facts = a_customer(customer_id, email=f"{customer_id}@example.com")
            customer = record_customer(
                self.session, self.shop, facts, now=self.now, is_backfill=False
            )
            self.owner[customer_id] = customer.member_id
            self.accounts[customer.member_id] = Account()

    # What happens at Shopify: nothing of it is known here before it arrives.

    @rule(customer_id=st.sampled_from(CUSTOMERS), lines=st.lists(_lines, min_size=1, max_size=3))
    def buy(self, customer_id: int, lines: list[tuple[int, int, int]]) -> None:
        self._pass(seconds=1)
        sold = tuple(self._line(*line) for line in lines)
        sale = Sale(State(self._id(), customer_id, self.now, self.now, sold))
        self.sales.append(sale)
        self.waiting.append((sale, sale.state))

    @rule(customer_id=st.sampled_from(CUSTOMERS), line=_lines)
    def order_unpaid(self, customer_id: int, line: tuple[int, int, int]) -> None:
        self._pass(seconds=1)
        state = State(
            self._id(), customer_id, self.now, self.now, (self._line(*line),), is_paid=False
        )
        sale = Sale(state)
        self.sales.append(sale)
        self.waiting.append((sale, state))

    @precondition(lambda self: self._sales(lambda sale: not sale.state.is_paid))
    @rule(data=st.data())
    def pay(self, data: st.DataObject) -> None:
        self._change(data, lambda sale: not sale.state.is_paid, lambda sale: sale.pay(self.now))

    @precondition(lambda self: self._sales(lambda sale: sale.pieces))
    @rule(data=st.data())
    def refund_pieces(self, data: st.DataObject) -> None:
        def change(sale: Sale) -> None:
            order = data.draw(st.permutations(sale.pieces))
            count = data.draw(st.integers(1, len(order)))
            sale.refund_pieces(self._id(), list(order[:count]), self.now)

        self._change(data, lambda sale: sale.pieces, change)

    @precondition(lambda self: self.sales)
    @rule(data=st.data(), money_minor=st.integers(1, 4000))
    def refund_money(self, data: st.DataObject, money_minor: int) -> None:
        def change(sale: Sale) -> None:
            sale.refund_money(self._id(), min(money_minor, sale.state.total_minor), self.now)

        self._change(data, lambda sale: sale.state.total_minor > 0, change)

    @precondition(lambda self: self._sales(lambda sale: sale.pieces))
    @rule(data=st.data())
    def edit_a_piece_out(self, data: st.DataObject) -> None:
        def change(sale: Sale) -> None:
            sale.remove_piece(data.draw(st.sampled_from(sale.pieces)), self.now)

        self._change(data, lambda sale: sale.pieces, change)

    @precondition(lambda self: self.sales)
    @rule(data=st.data(), line=_lines)
    def edit_a_line_in(self, data: st.DataObject, line: tuple[int, int, int]) -> None:
        self._change(data, lambda _: True, lambda s: s.add_line(self._line(*line), self.now))

    @precondition(lambda self: self._sales(lambda sale: sale.state.cancelled_at is None))
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        self._change(
            data, lambda s: s.state.cancelled_at is None, lambda sale: sale.cancel(self.now)
        )

    @precondition(lambda self: self._sales(lambda sale: sale.state.cancelled_at is not None))
    @rule(data=st.data())
    def open_again(self, data: st.DataObject) -> None:
        self._change(
            data, lambda s: s.state.cancelled_at is not None, lambda s: s.open_again(self.now)
        )

    # What arrives, in whatever order, and again.

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def arrive(self, data: st.DataObject) -> None:
        index = data.draw(st.integers(0, len(self.waiting) - 1))
        message = self.waiting.pop(index)
        self.arrived.append(message)
        self._receive(*message)

    @precondition(lambda self: self.waiting)
    @rule()
    def arrive_all_newest_first(self) -> None:
        while self.waiting:
            message = self.waiting.pop()
            self.arrived.append(message)
            self._receive(*message)

    @precondition(lambda self: self.arrived)
    @rule(data=st.data())
    def arrive_again(self, data: st.DataObject) -> None:
        self._receive(*data.draw(st.sampled_from(self.arrived)))

    @precondition(lambda self: self.arrived and not self.waiting)
    @rule()
    def arrive_all_again(self) -> None:
        before = self._row(_WRITTEN)
        for message in self.arrived:
            self._receive(*message)
        assert self._row(_WRITTEN) == before

    # What staff and time do.

    @rule(customer_id=st.sampled_from(CUSTOMERS), points=st.integers(1, 120))
    def grant(self, customer_id: int, points: int) -> None:
        self._pass(seconds=1)
        member_id = self.owner[customer_id]
        self._adjust(member_id, points)
        self.accounts[member_id].credit(points, self.now, self.now)
        self._free(self.accounts[member_id])

    @rule(customer_id=st.sampled_from(CUSTOMERS), points=st.integers(1, 60))
    def deduct(self, customer_id: int, points: int) -> None:
        self._pass(seconds=1)
        member_id = self.owner[customer_id]
        has_enough = self.accounts[member_id].debit(points)
        try:
            self._adjust(member_id, -points)
        except InsufficientPoints:
            assert not has_enough
        else:
            assert has_enough

    @rule(days=st.integers(1, 20))
    def wait(self, days: int) -> None:
        self._pass(seconds=86_400 * days)

    # What must be true after every step.

    @invariant()
    def figures_are_the_models(self) -> None:
        for member_id, account in getattr(self, "accounts", {}).items():
            available, pending, earned = self._row(_FIGURES, id=member_id)
            assert (available, pending) == (account.available, account.pending)
            assert earned == account.earned
            assert self._row(_SUMS, id=member_id) == (available + pending,) * 2
            assert account.moved == available + pending

    @invariant()
    def books_agree_with_themselves(self) -> None:
        if hasattr(self, "shop"):
            assert find_differences(self.session, self.shop.shop_id) == []
            assert self.session.execute(text(_REVERSED_TOO_MUCH)).all() == []

    # How the steps above are done.

    def _change(
        self,
        data: st.DataObject,
        is_fit: Callable[[Sale], object],
        change: Callable[[Sale], object],
    ) -> None:
        """Change a sale at Shopify; what that sends waits to arrive."""
        self._pass(seconds=1)
        sale = data.draw(st.sampled_from(self._sales(is_fit)))
        before = len(sale.sent)
        change(sale)
        self.waiting += [(sale, message) for message in sale.sent[before:]]

    def _receive(self, sale: Sale, message: State | Back) -> None:
        """Hand the message to the product and to the model."""
        order_id = sale.state.order_id
        known = self.known.setdefault(order_id, KnownOrder())
        if isinstance(message, Back):
            facts = refund_facts(order_id, message)
            record_refund(self.session, self.shop, facts, now=self.now)
            known.hear_refund(message)
        else:
            record_order(self.session, self.shop, message.facts(), now=self.now, is_backfill=False)
            known.hear(message)
        if known.state is not None:
            self._settle(known, self.owner[sale.state.customer_id])

    def _settle(self, known: KnownOrder, member_id: Any) -> None:
        assert known.state is not None
        account, state = self.accounts[member_id], known.state
        target = known.deserves(counts_money=self.counts_money)
        difference = target - known.standing
        known.standing = target
        if difference > 0:
            free_at = held_until(state, self.hold_days, self.now)
            account.credit(difference, state.placed_at, free_at, state.order_id)
            self._free(account)
        elif difference < 0:
            account.reverse(-difference, state.order_id, clamps=False)

    def _free(self, account: Account) -> None:
        account.free(self.now, self._last_valid_on(self.now))

    def _last_valid_on(self, freed_at: datetime) -> date:
        return NEVER

    def _pass(self, *, seconds: int) -> None:
        """Time goes on, and the jobs of the night and the minute have run."""
        self.now += timedelta(seconds=seconds)
        release_due(self.session, self.shop.shop_id, now=self.now)
        for account in self.accounts.values():
            self._free(account)

    def _adjust(self, member_id: Any, points: int) -> None:
        adjust(
            self.session,
            self.shop.shop_id,
            member_id,
            points=points,
            reason="other",
            note=None,
            order_reference=None,
            client_key=f"by-hand-{self._id()}",
            actor=STAFF,
            now=self.now,
        )

    def _sales(self, is_fit: Callable[[Sale], object]) -> list[Sale]:
        return [sale for sale in self.sales if is_fit(sale)]

    def _line(self, price_minor: int, quantity: int, discount_minor: int) -> SoldLine:
        whole = price_minor * quantity
        return SoldLine(self._id(), price_minor, quantity, quantity, min(discount_minor, whole))

    def _id(self) -> int:
        self.next_id += 1
        return self.next_id

    def _row(self, query: str, **values: object) -> tuple[Any, ...]:
        self.session.flush()
        return tuple(self.session.execute(text(query), values).one())

    def _set_programme(self, **values: object) -> None:
        names = ", ".join(f"{name} = :{name}" for name in values)
        self.session.execute(text(f"UPDATE programme SET {names}"), values)
