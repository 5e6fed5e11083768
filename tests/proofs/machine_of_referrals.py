"""The part of a shop's random life in which members bring friends."""

from abc import abstractmethod

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.proofs.friends import Friends
from tests.proofs.shop import CUSTOMERS, Shop

_customers = st.sampled_from(CUSTOMERS)


class Bringing(RuleBasedStateMachine):
    """Anybody brings anybody; the jobs look at it whenever they do."""

    shop: Shop | None

    def __init__(self) -> None:
        super().__init__()
        self._friends: Friends | None = None

    @abstractmethod
    def _tick(self) -> Shop: ...

    @rule(advocate=_customers, friend=_customers)
    def come_by_a_link(self, advocate: int, friend: int) -> None:
        shop = self._tick()
        if self._friends is None:
            self._friends = Friends(shop)
        self._friends.come(advocate, friend)

    @precondition(lambda self: self._friends)
    @rule()
    def look_at_referrals(self) -> None:
        self._tick()
        assert self._friends
        self._friends.look()

    @invariant()
    def referrals_and_points_agree(self) -> None:
        if self.shop and self._friends:
            self._friends.check()
