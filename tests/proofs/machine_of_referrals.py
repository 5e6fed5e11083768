"""The part of a shop's random life in which members bring friends."""

from abc import abstractmethod

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.proofs.friends import Friends
from tests.proofs.model_referrals import Claim
from tests.proofs.shop import CUSTOMERS, Shop
from tests.proofs.shopify_side import Back, Sale, SoldLine, State

_customers = st.sampled_from(CUSTOMERS)
links = st.lists(st.sampled_from([(501, 502), (502, 503), (503, 501)]), unique=True)
"""Who came by whose link before anybody bought: later most have bought before."""


class Bringing(RuleBasedStateMachine):
    """Anybody brings anybody; the jobs look at it whenever they do."""

    shop: Shop | None
    sales: list[Sale]

    def __init__(self) -> None:
        super().__init__()
        self._friends: Friends | None = None

    @abstractmethod
    def _tick(self) -> Shop: ...

    @abstractmethod
    def _receive(self, message: tuple[Sale, State | Back]) -> None: ...

    @rule(advocate=_customers, friend=_customers)
    def come_by_a_link(self, advocate: int, friend: int) -> None:
        shop = self._tick()
        if self._friends is None:
            self._friends = Friends(shop)
        self._friends.come(advocate, friend)

    @precondition(lambda self: self._waiting())
    @rule(data=st.data(), price_minor=st.integers(2500, 6000))
    def a_friend_buys(self, data: st.DataObject, price_minor: int) -> None:
        """And the webhook is here before anything else happens."""
        claim = data.draw(st.sampled_from(self._waiting()))
        shop = self._tick()
        customers = [each for each in CUSTOMERS if shop.member(each) == claim.friend]
        if customers:
            line = SoldLine(shop.new_id(), price_minor, 1, 1)
            state = State(shop.new_id(), customers[0], shop.now, shop.now, (line,))
            self.sales.append(Sale(state))
            self._receive((self.sales[-1], state))
            self.look_at_referrals()

    @precondition(lambda self: self._friends)
    @rule()
    def look_at_referrals(self) -> None:
        self._tick()
        assert self._friends
        self._friends.look()

    def _waiting(self) -> list[Claim]:
        claims = self._friends.referrals.claims if self._friends else []
        return [claim for claim in claims if claim.state == "waiting"]

    @invariant()
    def referrals_and_points_agree(self) -> None:
        if self.shop and self._friends:
            self._friends.check()
