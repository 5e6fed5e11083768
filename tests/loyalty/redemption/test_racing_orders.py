"""Orders and returns that meet in one moment, on connections of their own: one waits."""

import threading
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from sqlalchemy.orm import Session

from loyalty.audit import SYSTEM
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction, shopless_transaction
from loyalty.base.errors import NotReturnable
from loyalty.ledger.posting import Cause, credit, lock_balance
from loyalty.ledger.selfcheck import find_differences
from loyalty.members.enrolment import record_customer
from loyalty.members.tables import MemberBalance
from loyalty.orders.facts import CodeFacts
from loyalty.orders.recording import record_order
from loyalty.redemption.issuing import issue
from loyalty.redemption.reserving import Wish, reserve
from loyalty.redemption.returning import begin, finish
from loyalty.redemption.tables import Redemption
from loyalty.rewards.saving import add_reward
from loyalty.shops.directory import get_shop, install, register_shop_id
from tests.factories.facts import a_customer, an_order

Deed = Callable[[Session], object]


class Race:
    """Alice has 900 points left, and a code that is being taken back, or that is good."""

    def __init__(self, *, is_returning: bool = True) -> None:
        self.refusals: list[str] = []
        with shopless_transaction() as session:
            self.shop_id = register_shop_id(session, "aurora.myshopify.com")
        with shop_transaction(self.shop_id) as session:
            self._set_up(session)
            if is_returning:
                self.void(session)

    def void(self, session: Session) -> None:
        """Somebody begins to take the code back."""
        try:
            begin(
                session,
                self.shop_id,
                self.redemption_id,
                reason="void",
                actor=SYSTEM,
                now=utc_now(),
            )
        except NotReturnable as refusal:
            self.refusals.append(str(refusal))

    def finish(self, session: Session) -> None:
        """The code is dead at Shopify."""
        finish(session, self.shop_id, self.redemption_id, now=utc_now())

    def order(self, order_id: int) -> Deed:
        """A paid order that carries the code."""

        def arrive(session: Session) -> None:
            facts = an_order(order_id, codes=(CodeFacts(self.code, 500, ((1, 500),)),))
            shop = get_shop(session, self.shop_id)
            record_order(session, shop, facts, now=utc_now(), is_backfill=False)

        return arrive

    def run(self, first: Deed, second: Deed) -> bool:
        """The second comes while the first has not committed; whether it waited."""
        hold, done = threading.Event(), threading.Event()

        def hold_back(session: Session) -> None:
            first(session)
            done.set()
            assert hold.wait(30)

        threads = [threading.Thread(target=self._commit, args=[hold_back])]
        threads[0].start()
        assert done.wait(30)
        threads.append(threading.Thread(target=self._commit, args=[second]))
        threads[1].start()
        threads[1].join(timeout=1.0)
        is_waiting = threads[1].is_alive()
        hold.set()
        for thread in threads:
            thread.join(30)
        return is_waiting

    def result(self) -> tuple[str, list[str], int]:
        """The redemption's state and flags, and what Alice can spend; the books agree."""
        with shop_transaction(self.shop_id) as session:
            row = session.get_one(Redemption, (self.shop_id, self.redemption_id))
            assert find_differences(session, self.shop_id) == []
            balance = session.get_one(MemberBalance, (self.shop_id, self.alice))
            return row.state, row.flags, balance.available

    def _commit(self, deed: Deed) -> None:
        with shop_transaction(self.shop_id) as session:
            deed(session)

    def _set_up(self, session: Session) -> None:
        now = utc_now()
        shop = install(
            session,
            self.shop_id,
            domain="aurora.myshopify.com",
            name="Aurora",
            currency="EUR",
            timezone="Europe/Madrid",
            email=None,
            now=now,
        )
        customer = record_customer(session, shop, a_customer(), now=now, is_backfill=False)
        assert customer.member_id
        self.alice: UUID = customer.member_id
        cause = Cause("grant", "grant:1", "test", "1", "system:test", now)
        credit(
            session, lock_balance(session, self.shop_id, self.alice), cause, points=1000, now=now
        )
        given = {"name": "Five off", "kind": "fixed_amount", "cost_points": 100}
        reward = add_reward(session, shop, given | {"amount_minor": 500}, actor=SYSTEM, now=now)
        wish = Wish(reward.id, "online", uuid4())
        made = reserve(session, shop, self.alice, wish, actor=SYSTEM, now=now)
        issue(session, self.shop_id, made.id, discount_gid="gid://shopify/D/1", now=now)
        assert made.code
        self.redemption_id, self.code = made.id, made.code


@pytest.fixture
def race(database: None) -> Race:
    return Race()


def test_an_order_that_meets_the_return_of_its_code_waits_and_is_debited_again(race: Race) -> None:
    is_waiting = race.run(race.finish, race.order(1))

    # An order of 10.00 earns nothing here: it was placed before the shop was installed.
    assert is_waiting
    assert race.result() == ("used", ["used_after_return"], 900)


def test_a_return_that_meets_the_order_of_its_code_waits_and_returns_nothing(race: Race) -> None:
    is_waiting = race.run(race.order(1), race.finish)

    assert is_waiting
    assert race.result() == ("used", [], 900)


def test_two_orders_that_meet_with_one_code_both_pay(race: Race) -> None:
    is_waiting = race.run(race.order(2), race.order(1))

    assert is_waiting
    assert race.result() == ("used", ["used_twice"], 800)


def test_a_void_that_meets_the_order_of_its_code_waits_and_is_refused(database: None) -> None:
    race = Race(is_returning=False)

    is_waiting = race.run(race.order(1), race.void)

    assert is_waiting
    assert race.refusals == ["It was used with an order: refund the order instead"]
    assert race.result() == ("used", [], 900)


def test_an_order_that_meets_the_void_of_its_code_waits_and_uses_it(database: None) -> None:
    race = Race(is_returning=False)

    is_waiting = race.run(race.void, race.order(1))

    assert is_waiting
    assert race.result() == ("used", [], 900)
