"""The part of a shop's random life in which points become codes, and codes come back on orders."""

from abc import abstractmethod

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.proofs.counter import COSTS, CREDIT, Counter
from tests.proofs.model_redemptions import Redeemed
from tests.proofs.shop import CUSTOMERS, Shop
from tests.proofs.shopify_side import Back, Sale, SoldLine, State

_customers = st.sampled_from(CUSTOMERS)
_prices = st.lists(st.tuples(st.integers(1, 6000), st.integers(1, 4)), min_size=1, max_size=3)


class Redeeming(RuleBasedStateMachine):
    """Members redeem; Shopify answers, late or never; codes end; buyers use them, or their edits
    take them off again."""

    shop: Shop | None
    sales: list[Sale]
    waiting: list[tuple[Sale, State | Back]]

    def __init__(self) -> None:
        super().__init__()
        self._open: Counter | None = None

    @abstractmethod
    def _tick(self) -> Shop: ...

    @rule(customer_id=_customers, cost=st.sampled_from((*COSTS, CREDIT)))
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

    @precondition(lambda self: self._redeemed("returned"))
    @rule(data=st.data())
    def hear_late_that_it_was_made(self, data: st.DataObject) -> None:
        """Its points are back: nobody thought that it was."""
        self._tick()
        returned = self._redeemed("returned")
        unheard = [redeemed for redeemed in returned if not redeemed.is_heard]
        self._counter.issue(data.draw(st.sampled_from(unheard or returned)))

    @precondition(lambda self: self._redeemed("issued"))
    @rule()
    def look_for_expired_codes(self) -> None:
        self._tick()
        self._counter.end_expired()

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

    @precondition(lambda self: self._codes())
    @rule(customer_id=_customers, prices=_prices, is_paid=st.booleans(), data=st.data())
    def buy_with_codes(
        self, customer_id: int, prices: list[tuple[int, int]], is_paid: bool, data: st.DataObject
    ) -> None:
        """With any code there ever was: one still being made, used, dead, somebody else's."""
        shop = self._tick()
        lines = tuple(SoldLine(shop.new_id(), price, count, count) for price, count in prices)
        line_ids = [line.line_id for line in lines]
        known = st.sampled_from(self._codes())
        codes = tuple(
            (code, tuple(data.draw(st.lists(st.sampled_from(line_ids), unique=True))))
            for code in data.draw(st.lists(known, min_size=1, max_size=2, unique=True))
        )
        state = State(
            shop.new_id(), customer_id, shop.now, shop.now, lines, is_paid=is_paid, codes=codes
        )
        self.sales.append(Sale(state))
        self.waiting.append((self.sales[-1], state))

    @precondition(lambda self: self._sold_with_codes())
    @rule(data=st.data())
    def edit_a_code_out(self, data: st.DataObject) -> None:
        shop = self._tick()
        sale = data.draw(st.sampled_from(self._sold_with_codes()))
        code, _ = data.draw(st.sampled_from(sale.state.codes))
        sale.remove_code(code, shop.now)
        self.waiting.append((sale, sale.state))

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

    def _codes(self) -> list[str]:
        return [redeemed.code for redeemed in self._redeemed() if redeemed.has_code]

    def _sold_with_codes(self) -> list[Sale]:
        return [sale for sale in self.sales if sale.state.codes]
