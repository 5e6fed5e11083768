"""Two redeem the same points, at the till and on the phone: one wins, the other is told."""

import threading
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest

from loyalty.audit import Actor
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction, shopless_transaction
from loyalty.base.errors import (
    IdempotencyConflict,
    InsufficientPoints,
    LoyaltyError,
    OutOfStock,
    RewardLimitReached,
)
from loyalty.ledger.posting import Cause, credit, lock_balance
from loyalty.ledger.selfcheck import find_differences
from loyalty.members.enrolment import record_customer
from loyalty.members.tables import MemberBalance
from loyalty.redemption.due import list_due
from loyalty.redemption.reserving import Wish, reserve
from loyalty.redemption.tables import Redemption
from loyalty.rewards.saving import add_reward
from loyalty.rewards.stock import import_codes
from loyalty.shops.directory import get_shop, install, register_shop_id
from tests.factories.facts import a_customer

STAFF = Actor("staff", "1")


class Race:
    """Aurora with two members of 150 points each; what two ask for at once."""

    def __init__(self) -> None:
        with shopless_transaction() as session:
            self.shop_id = register_shop_id(session, "aurora.myshopify.com")
        with shop_transaction(self.shop_id) as session:
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
            people = [a_customer(501), a_customer(502, email="carol@example.com")]
            found = [
                record_customer(session, shop, one, now=now, is_backfill=False) for one in people
            ]
            self.alice, self.carol = (UUID(str(one.member_id)) for one in found)
            for member_id in (self.alice, self.carol):
                balance = lock_balance(session, self.shop_id, member_id)
                cause = Cause("grant", f"grant:{member_id}", "test", "1", "staff:1", now)
                credit(session, balance, cause, points=150, now=now)

    def a_reward(self, **settings: object) -> UUID:
        given = {"name": "Five", "kind": "fixed_amount", "amount": "5.00", "cost_points": 100}
        with shop_transaction(self.shop_id) as session:
            shop = get_shop(session, self.shop_id)
            return add_reward(session, shop, given | settings, actor=STAFF, now=utc_now()).id

    def reserve(
        self,
        member_id: UUID,
        wish: Wish,
        hold: threading.Event,
        posted: threading.Event | None = None,
    ) -> Redemption:
        """Reserve, tell so by `posted`, and commit once `hold` is set."""
        with shop_transaction(self.shop_id) as session:
            shop = get_shop(session, self.shop_id)
            made = reserve(session, shop, member_id, wish, actor=STAFF, now=utc_now())
            if posted:
                posted.set()
            assert hold.wait(30)
            return made

    def run(self, first: tuple[UUID, Wish], second: tuple[UUID, Wish]) -> list[object]:
        """The first is not committed yet when the second asks: what the second got, and the first.

        It asserts that the second waited.
        """
        hold, posted, at_once = threading.Event(), threading.Event(), threading.Event()
        at_once.set()
        got: list[object] = []
        one = _started(got, lambda: self.reserve(*first, hold, posted))
        assert posted.wait(30)
        other = _started(got, lambda: self.reserve(*second, at_once))
        other.join(timeout=1.0)
        self.second_waited = other.is_alive()
        hold.set()
        for thread in (one, other):
            thread.join(timeout=30)
        return got

    def available(self, member_id: UUID) -> int:
        with shop_transaction(self.shop_id) as session:
            assert find_differences(session, self.shop_id) == []
            return session.get_one(MemberBalance, (self.shop_id, member_id)).available


def _started(got: list[object], ask: Callable[[], Redemption]) -> threading.Thread:
    def run() -> None:
        try:
            got.append(ask())
        except LoyaltyError as refusal:
            got.append(refusal)

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def outcome(got: list[object]) -> tuple[int, list[type]]:
    """How many redemptions there are, and how the others were refused."""
    made = [one for one in got if isinstance(one, Redemption)]
    return len(made), [type(one) for one in got if not isinstance(one, Redemption)]


@pytest.fixture
def race(database: None) -> Race:
    return Race()


def test_of_the_till_and_the_phone_one_wins_and_the_other_is_told(race: Race) -> None:
    reward_id = race.a_reward()
    at_the_till, on_the_phone = Wish(reward_id, "till", uuid4()), Wish(reward_id, "online", uuid4())

    got = race.run((race.alice, at_the_till), (race.alice, on_the_phone))

    assert race.second_waited
    assert outcome(got) == (1, [InsufficientPoints])
    assert race.available(race.alice) == 50


def test_a_limit_holds_when_two_race_for_it(race: Race) -> None:
    reward_id = race.a_reward(cost_points=10, limit_per_member=1)

    got = race.run(
        (race.alice, Wish(reward_id, "till", uuid4())),
        (race.alice, Wish(reward_id, "online", uuid4())),
    )

    assert outcome(got) == (1, [RewardLimitReached])
    assert race.available(race.alice) == 140


def test_the_same_wish_sent_twice_at_once_is_one_redemption(race: Race) -> None:
    wish = Wish(race.a_reward(cost_points=10), "till", uuid4())

    first, second = race.run((race.alice, wish), (race.alice, wish))

    assert isinstance(first, Redemption) and isinstance(second, Redemption)
    assert first.id == second.id
    assert race.available(race.alice) == 140


def test_one_key_is_never_two_members(race: Race) -> None:
    wish = Wish(race.a_reward(cost_points=10), "till", uuid4())

    got = race.run((race.alice, wish), (race.carol, wish))

    assert outcome(got) == (1, [IdempotencyConflict])
    assert race.available(race.alice) + race.available(race.carol) == 290


def test_the_last_code_of_the_stock_goes_to_one(race: Race) -> None:
    reward_id = race.a_reward(code_source="stock")
    with shop_transaction(race.shop_id) as session:
        import_codes(session, race.shop_id, reward_id, "LAST", actor=STAFF, now=utc_now())

    got = race.run(
        (race.alice, Wish(reward_id, "till", uuid4())),
        (race.carol, Wish(reward_id, "online", uuid4())),
    )

    assert outcome(got) == (1, [OutOfStock])
    assert race.available(race.alice) + race.available(race.carol) == 200


def test_two_sweeps_never_take_the_same_redemption(race: Race) -> None:
    held = threading.Event()
    held.set()
    made = race.reserve(race.alice, Wish(race.a_reward(), "till", uuid4()), held)
    due = made.next_at
    assert due is not None

    with shop_transaction(race.shop_id) as one, shop_transaction(race.shop_id) as other:
        first = list_due(one, race.shop_id, now=due, limit=10)
        second = list_due(other, race.shop_id, now=due, limit=10)

    assert (first, second) == ([made.id], [])
