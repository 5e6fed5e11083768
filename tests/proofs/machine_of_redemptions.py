"""The part of a shop's random life in which points become codes, and codes come back on orders."""

from abc import abstractmethod

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.proofs.counter import COSTS, Counter
from tests.proofs.model_redemptions import Redeemed
from tests.proofs.shop import CUSTOMERS, Shop
from tests.proofs.shopify_side import Back, Sale, SoldLine, State

_customers = st.sampled_from(CUSTOMERS)
_prices = st.lists(st.tuples(st.integers(1, 6000), st.integers(1, 4)), min_size=1, max_size=3)


class Redeeming(RuleBasedStateMachine):
    """Members redeem; Shopify answers, late or never; merchants void; buyers use codes."""

    shop: Shop | None
    sales: list[Sale]
    waiting: list[tuple[Sale, State | Back]]

    def __init__(self) -> None:
        super().__init__()
        self._open: Counter | None = None

    @abstractmethod
    def _tick(self) -> Shop: ...

    @rule(customer_id=_customers, cost=st.sampled_from(COSTS))
    def redeem_a_reward(self, customer_id: int, cost: int) -> None:
        self._tick()
        self._counter.redeem(customer_id, cost)

    @precondition(lambda self: self._redeemed("reserved"))
    @rule(data=st.data(), is_made=st.sampled_from([True, True, False]))
    def hear_of_the_code(self, data: st.DataObject, is_made: bool) -> None:
        self._tick()
        redeemed = data.draw(st.sampled_from(self._redeemed("reserved")))
        if is_made:
            self._counter.issue(redeemed)
        else:
            self._counter.refuse(redeemed)

    @precondition(lambda self: self._redeemed("issued"))
    @rule(data=st.data())
    def void_a_code(self, data: st.DataObject) -> None:
        self._tick()
        self._counter.void(data.draw(st.sampled_from(self._redeemed("issued"))))

    @precondition(lambda self: self._redeemed())
    @rule(data=st.data())
    def hear_that_the_code_is_dead(self, data: st.DataObject) -> None:
        """Of any: a sweep's answer may come after the code was used."""
        self._tick()
        likely = self._redeemed("returning") or self._redeemed()
        self._counter.finish(data.draw(st.sampled_from(likely)))

    @precondition(lambda self: self._redeemed())
    @rule(customer_id=_customers, prices=_prices, is_paid=st.booleans(), data=st.data())
    def buy_with_codes(
        self, customer_id: int, prices: list[tuple[int, int]], is_paid: bool, data: st.DataObject
    ) -> None:
        """With any code there ever was: one still being made, used, dead, somebody else's."""
        shop = self._tick()
        lines = tuple(SoldLine(shop.new_id(), price, count, count) for price, count in prices)
        line_ids = [line.line_id for line in lines]
        known = st.sampled_from([redeemed.code for redeemed in self._redeemed()])
        codes = tuple(
            (code, tuple(data.draw(st.lists(st.sampled_from(line_ids), unique=True))))
            for code in data.draw(st.lists(known, min_size=1, max_size=2, unique=True))
        )
        state = State(
            shop.new_id(), customer_id, shop.now, shop.now, lines, is_paid=is_paid, codes=codes
        )
        self.sales.append(Sale(state))
        self.waiting.append((self.sales[-1], state))

    @invariant()
    def codes_and_points_are_never_both(self) -> None:
        if self.shop and self._open:
            self._open.check()

    @property
    def _counter(self) -> Counter:
        assert self.shop
        if self._open is None:
            self._open = Counter(self.shop)
        return self._open

    def _redeemed(self, state: str | None = None) -> list[Redeemed]:
        if self._open is None:
            return []
        return [one for one in self._open.redeemed if state in (None, one.state)]
