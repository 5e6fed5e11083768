"""Merges that cross, on connections of their own: nobody waits for ever, no point is lost."""

import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction, shopless_transaction
from loyalty.base.errors import BadMerge, LoyaltyError, MemberHasMoved
from loyalty.ledger.posting import Cause, credit, lock_balance
from loyalty.ledger.selfcheck import find_differences
from loyalty.members.enrolment import record_customer
from loyalty.members.tables import Member, MemberBalance
from loyalty.merging.merging import merge
from loyalty.merging.tables import MemberMerge
from loyalty.merging.undoing import undo
from loyalty.shops.directory import get_shop, install, register_shop_id
from tests.factories.facts import a_customer
from tests.loyalty.merging.cast import STAFF

ROUNDS = 6


class Party:
    """Three members of Aurora with 100 points each, committed."""

    def __init__(self) -> None:
        now = utc_now()
        with shopless_transaction() as session:
            self.shop_id = register_shop_id(session, "aurora.myshopify.com")
        with shop_transaction(self.shop_id) as session:
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
            customers = [
                record_customer(
                    session,
                    shop,
                    a_customer(501 + number, email=f"{number}@example.com"),
                    now=now,
                    is_backfill=False,
                )
                for number in range(3)
            ]
            self.ids: list[UUID] = [one.member_id for one in customers if one.member_id]
        for member_id in self.ids:
            self.earn(member_id, 100, key=f"start:{member_id}")

    def earn(self, member_id: UUID, points: int, *, key: str) -> None:
        with shop_transaction(self.shop_id) as session:
            cause = Cause("grant", key, "test", "1", "system:test", utc_now())
            balance = lock_balance(session, self.shop_id, member_id)
            credit(session, balance, cause, points=points, now=utc_now())

    def merge(self, survivor_id: UUID, merged_id: UUID) -> UUID:
        with shop_transaction(self.shop_id) as session:
            shop = get_shop(session, self.shop_id)
            return merge(session, shop, survivor_id, merged_id, actor=STAFF, now=utc_now()).id

    def undo(self, merge_id: UUID) -> None:
        with shop_transaction(self.shop_id) as session:
            shop = get_shop(session, self.shop_id)
            undo(session, shop, merge_id, actor=STAFF, now=utc_now())

    def total(self) -> int:
        """All points of the shop, after its books have been checked."""
        with shop_transaction(self.shop_id) as session:
            assert find_differences(session, self.shop_id) == []
            return sum(session.scalars(select(MemberBalance.available + MemberBalance.pending)))

    def states(self) -> list[str]:
        with shop_transaction(self.shop_id) as session:
            return sorted(session.scalars(select(Member.state)))

    def merges(self) -> list[MemberMerge]:
        with shop_transaction(self.shop_id) as session:
            return list(session.scalars(select(MemberMerge).where(MemberMerge.state == "done")))


@pytest.fixture
def party(database: None) -> Party:
    """The three."""
    return Party()


def at_once(*deeds: Callable[[], Any]) -> list[Any]:
    """Do all at the same moment; what each answered or was refused with."""
    barrier, answers = threading.Barrier(len(deeds)), [None] * len(deeds)

    def run(place: int, deed: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            answers[place] = deed()
        except LoyaltyError as refusal:
            answers[place] = refusal  # type: ignore[call-overload]

    threads = [threading.Thread(target=run, args=each) for each in enumerate(deeds)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
        assert not thread.is_alive(), "somebody waits for ever"
    return answers


def test_two_merges_in_opposite_directions_end_with_one_member(party: Party) -> None:
    one, two, _ = party.ids

    for _ in range(ROUNDS):
        answers = at_once(lambda: party.merge(one, two), lambda: party.merge(two, one))

        assert sorted(isinstance(answer, BadMerge) for answer in answers) == [False, True]
        assert party.total() == 300
        [done] = party.merges()
        party.undo(done.id)
    assert party.states() == ["active"] * 3


def test_three_merges_in_a_circle_lose_no_point(party: Party) -> None:
    one, two, three = party.ids

    answers = at_once(
        lambda: party.merge(one, two),
        lambda: party.merge(two, three),
        lambda: party.merge(three, one),
    )

    assert sum(isinstance(answer, BadMerge) for answer in answers) >= 1
    assert party.total() == 300
    assert party.states().count("merged") == len(party.merges())


def test_points_posted_while_a_merge_runs_are_lost_nowhere(party: Party) -> None:
    one, two, _ = party.ids
    posted = 0

    for number in range(ROUNDS):
        answers = at_once(
            lambda: party.merge(one, two),
            lambda number=number: party.earn(two, 7, key=f"a:{number}"),
            lambda number=number: party.earn(one, 5, key=f"b:{number}"),
        )
        assert answers[2] is None
        assert answers[1] is None or isinstance(answers[1], MemberHasMoved)
        posted += 5 + (7 if answers[1] is None else 0)
        assert party.total() == 300 + posted
        party.undo(answers[0])

    assert party.total() == 300 + posted


def test_an_undo_and_a_merge_of_the_survivor_take_turns(party: Party) -> None:
    one, two, three = party.ids
    first = party.merge(one, two)

    at_once(lambda: party.undo(first), lambda: party.merge(three, one))

    assert party.total() == 300
