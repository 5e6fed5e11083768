"""A shop lives at random: buyers, merchants, staff and nights, and what arrives late and twice."""

from collections.abc import Callable
from datetime import datetime, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule
from sqlalchemy import Engine

from tests.factories.facts import NOON
from tests.proofs.machine_of_archiving import PuttingAway
from tests.proofs.machine_of_redemptions import Redeeming
from tests.proofs.machine_of_referrals import Bringing, links
from tests.proofs.machine_of_tiers import Rising, ladders
from tests.proofs.model_accounts import Expiry
from tests.proofs.model_people import Merged
from tests.proofs.model_tiers import Ladder
from tests.proofs.shop import CUSTOMERS, ByHand, Shop, Terms
from tests.proofs.shopify_side import Back, Sale, SoldLine, State

_since = Shop.day(NOON)
_expiries = st.sampled_from(
    [
        Expiry(),
        Expiry("days", 5, _since),
        Expiry("days", 40, _since),
        Expiry("months", 1, _since),
        Expiry("inactivity", 12, _since),
    ]
)
_terms = st.builds(
    Terms,
    hold_days=st.sampled_from([0, 14]),
    counts_money=st.booleans(),
    clamps=st.booleans(),
    expiry=_expiries,
)
_customers = st.sampled_from(CUSTOMERS)
# The price of a piece, how many, and a discount on them all.
_lines = st.tuples(st.integers(1, 6000), st.integers(1, 4), st.integers(0, 150))
_Line = tuple[int, int, int]
_Message = tuple[Sale, State | Back]


class Life(Redeeming, Bringing, PuttingAway, Rising):
    """One shop, three customers, any number of orders."""

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self.engine = engine
        self.shop: Shop | None = None
        self.sales: list[Sale] = []
        self.waiting: list[_Message] = []
        self.arrived: list[_Message] = []

    def teardown(self) -> None:
        if self.shop:
            self.shop.close()

    @initialize(terms=_terms, brought=links, ladder=ladders)
    def install(self, terms: Terms, brought: list[tuple[int, int]], ladder: Ladder) -> None:
        self.shop = Shop(self.engine, terms)
        self.have_tiers(ladder, terms)
        for advocate, friend in brought:
            self.come_by_a_link(advocate, friend)

    # What happens at Shopify: nothing of it is known here before it arrives.

    @rule(
        customer_id=_customers, lines=st.lists(_lines, min_size=1, max_size=3), paid=st.booleans()
    )
    def buy(self, customer_id: int, lines: list[_Line], paid: bool) -> None:
        shop = self._tick()
        sold = tuple(self._line(line) for line in lines)
        state = State(shop.new_id(), customer_id, shop.now, shop.now, sold, is_paid=paid)
        self.sales.append(Sale(state))
        self.waiting.append((self.sales[-1], state))

    @precondition(lambda self: self._sales(_is_unpaid))
    @rule(data=st.data())
    def pay(self, data: st.DataObject) -> None:
        self._change(data, _is_unpaid, lambda sale: sale.pay(self._now))

    @precondition(lambda self: self._sales(_has_pieces))
    @rule(data=st.data())
    def refund_pieces(self, data: st.DataObject) -> None:
        def change(sale: Sale) -> None:
            order = data.draw(st.permutations(sale.pieces))
            count = data.draw(st.integers(1, len(order)))
            sale.refund_pieces(self._new_id(), list(order[:count]), self._now)

        self._change(data, _has_pieces, change)

    @precondition(lambda self: self._sales(_costs))
    @rule(data=st.data(), money_minor=st.integers(1, 4000))
    def refund_money(self, data: st.DataObject, money_minor: int) -> None:
        def change(sale: Sale) -> None:
            money = min(money_minor, sale.state.total_minor)
            sale.refund_money(self._new_id(), money, self._now)

        self._change(data, _costs, change)

    @precondition(lambda self: self._sales(_has_pieces))
    @rule(data=st.data())
    def edit_a_piece_out(self, data: st.DataObject) -> None:
        def change(sale: Sale) -> None:
            sale.remove_piece(data.draw(st.sampled_from(sale.pieces)), self._now)

        self._change(data, _has_pieces, change)

    @precondition(lambda self: self.sales)
    @rule(data=st.data(), line=_lines)
    def edit_a_line_in(self, data: st.DataObject, line: _Line) -> None:
        self._change(data, _any, lambda sale: sale.add_line(self._line(line), self._now))

    @precondition(lambda self: self._sales(_stands))
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        self._change(data, _stands, lambda sale: sale.cancel(self._now))

    @precondition(lambda self: self._sales(_is_cancelled))
    @rule(data=st.data())
    def open_again(self, data: st.DataObject) -> None:
        self._change(data, _is_cancelled, lambda sale: sale.open_again(self._now))

    # What arrives, in whatever order, and again.

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def arrive(self, data: st.DataObject) -> None:
        index = data.draw(st.integers(0, len(self.waiting) - 1))
        self._receive(self.waiting.pop(index))

    @precondition(lambda self: self.waiting)
    @rule()
    def arrive_all_newest_first(self) -> None:
        while self.waiting:
            self._receive(self.waiting.pop())

    @precondition(lambda self: self.arrived)
    @rule(data=st.data())
    def arrive_again(self, data: st.DataObject) -> None:
        self._receive(data.draw(st.sampled_from(self.arrived)))

    @precondition(lambda self: self.arrived and not self.waiting)
    @rule()
    def arrive_all_again(self) -> None:
        assert self.shop
        before = self.shop.written()
        for message in list(self.arrived):
            self._receive(message)
        after = self.shop.written()
        assert after == before, (before, after)

    # What staff, members and time do.

    @rule(customer_id=_customers, points=st.integers(1, 120))
    def grant(self, customer_id: int, points: int) -> None:
        self._tick().grant(customer_id, points)

    @rule(customer_id=_customers, points=st.integers(1, 60))
    def deduct(self, customer_id: int, points: int) -> None:
        self._tick().deduct(customer_id, points)

    @rule(customer_id=_customers, points=st.integers(1, 60))
    def redeem(self, customer_id: int, points: int) -> None:
        self._tick().redeem(customer_id, points)

    @precondition(lambda self: self._by_hand(_is_redeemed))
    @rule(data=st.data())
    def return_redeemed(self, data: st.DataObject) -> None:
        redeemed = data.draw(st.sampled_from(self._by_hand(_is_redeemed)))
        assert redeemed.debit
        points = data.draw(st.integers(1, redeemed.debit.points))
        self._tick().return_redeemed(redeemed, points)

    @precondition(lambda self: self._by_hand(_can_be_undone))
    @rule(data=st.data(), is_forced=st.booleans())
    def undo(self, data: st.DataObject, is_forced: bool) -> None:
        done = data.draw(st.sampled_from(self._by_hand(_can_be_undone)))
        self._tick().undo(done, is_forced=is_forced)

    @precondition(lambda self: len(self._members()) > 1)
    @rule(data=st.data())
    def merge(self, data: st.DataObject) -> None:
        survivor, merged, *_ = data.draw(st.permutations(self._members()))
        self._tick().merge(survivor, merged)

    @precondition(lambda self: self._merges())
    @rule(data=st.data())
    def undo_merge(self, data: st.DataObject) -> None:
        self._tick().undo_merge(data.draw(st.sampled_from(self._merges())))

    @rule(days=st.integers(1, 20))
    def wait(self, days: int) -> None:
        assert self.shop
        self.shop.wait(timedelta(days=days))

    @invariant()
    def books_are_right(self) -> None:
        if self.shop:
            self.shop.check()

    # How the steps above are done.

    def _tick(self) -> Shop:
        """A second passes: no two things happen at one moment."""
        assert self.shop
        self.shop.wait(timedelta(seconds=1))
        return self.shop

    @property
    def _now(self) -> datetime:
        assert self.shop
        return self.shop.now

    def _new_id(self) -> int:
        assert self.shop
        return self.shop.new_id()

    def _line(self, line: _Line) -> SoldLine:
        price_minor, quantity, discount_minor = line
        discount = min(discount_minor, price_minor * quantity)
        return SoldLine(self._new_id(), price_minor, quantity, quantity, discount)

    def _change(
        self,
        data: st.DataObject,
        is_fit: Callable[[Sale], object],
        change: Callable[[Sale], object],
    ) -> None:
        """Change a sale at Shopify; what that sends waits to arrive."""
        self._tick()
        sale = data.draw(st.sampled_from(self._sales(is_fit)))
        before = len(sale.sent)
        change(sale)
        self.waiting += [(sale, message) for message in sale.sent[before:]]

    def _receive(self, message: _Message) -> None:
        assert self.shop
        if message not in self.arrived:
            self.arrived.append(message)
        sale, told = message
        self.shop.receive(told, sale.state.order_id, sale.state.customer_id)

    def _sales(self, is_fit: Callable[[Sale], object]) -> list[Sale]:
        return [sale for sale in self.sales if is_fit(sale)]

    def _by_hand(self, is_fit: Callable[[ByHand], object]) -> list[ByHand]:
        return [one for one in self.shop.by_hand if is_fit(one)] if self.shop else []

    def _members(self) -> list[int]:
        """A customer for each member there is."""
        if not self.shop:
            return []
        return list({self.shop.member(each): each for each in CUSTOMERS}.values())

    def _merges(self) -> list[Merged]:
        """The merges that can be undone now."""
        if not self.shop:
            return []
        people, latest = self.shop.people, self.shop.now - timedelta(days=29)
        return [
            told
            for told in people.merges
            if not told.is_undone and told.survivor not in people.into and told.at > latest
        ]


def _any(_: Sale) -> bool:
    return True


def _is_unpaid(sale: Sale) -> bool:
    return not sale.state.is_paid


def _has_pieces(sale: Sale) -> bool:
    return bool(sale.pieces)


def _costs(sale: Sale) -> bool:
    return sale.state.total_minor > 0


def _is_cancelled(sale: Sale) -> bool:
    return sale.state.cancelled_at is not None


def _stands(sale: Sale) -> bool:
    return not _is_cancelled(sale)


def _is_redeemed(done: ByHand) -> bool:
    return done.debit is not None and done.debit.is_burn and done.debit.points > 0


def _can_be_undone(done: ByHand) -> bool:
    return done.debit is None or not done.debit.is_burn
