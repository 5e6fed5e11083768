"""Topics of two who are one: what one of them refused stays away, and comes back with an undo."""

from datetime import timedelta
from uuid import UUID

import pytest

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.merging.merging import merge
from loyalty.merging.undoing import undo
from loyalty.shops.directory import get_shop
from mailing.topics import choose, list_choices
from tests.mailing.cast import DANA, Addressee, enrol

HOUR = timedelta(hours=1)


@pytest.fixture
def carol(alice: Addressee) -> Addressee:
    return enrol(alice.shop_id, "Carol", customer_id=777, email="carol@example.com")


def choose_for(who: Addressee, *topics: str) -> None:
    with shop_transaction(who.shop_id) as session:
        choose(session, who.shop_id, who.member_id, topics, now=utc_now() - HOUR)


def chosen(who: Addressee) -> dict[str, bool]:
    with shop_transaction(who.shop_id) as session:
        found = list_choices(session, who.shop_id, [who.member_id]).get(who.member_id, {})
        return {topic: row.is_wanted for topic, row in found.items()}


def merge_into(alice: Addressee, carol: Addressee) -> UUID:
    with shop_transaction(alice.shop_id) as session:
        shop = get_shop(session, alice.shop_id)
        done = merge(session, shop, alice.member_id, carol.member_id, actor=DANA, now=utc_now())
        return done.id


def undo_it(alice: Addressee, merge_id: UUID) -> None:
    with shop_transaction(alice.shop_id) as session:
        shop = get_shop(session, alice.shop_id)
        undo(session, shop, merge_id, actor=DANA, now=utc_now())


@pytest.mark.parametrize(
    ("own", "theirs", "united"),
    [
        (("points", "birthday"), ("points", "rewards"), {"points"}),
        (("points",), None, {"points"}),
        (("points", "birthday", "rewards"), (), set()),
    ],
)
def test_what_one_of_the_two_refused_stays_away(
    alice: Addressee,
    carol: Addressee,
    own: tuple[str, ...],
    theirs: tuple[str, ...] | None,
    united: set[str],
) -> None:
    choose_for(alice, *own)
    if theirs is not None:
        choose_for(carol, *theirs)
    before = chosen(alice)

    merge_id = merge_into(alice, carol)

    assert {topic for topic, is_wanted in chosen(alice).items() if is_wanted} == united
    undo_it(alice, merge_id)
    assert chosen(alice) == before


def test_who_never_chose_takes_over_refusals_alone(alice: Addressee, carol: Addressee) -> None:
    choose_for(carol, "points")

    merge_id = merge_into(alice, carol)

    assert chosen(alice) == {"birthday": False, "rewards": False}
    undo_it(alice, merge_id)
    assert chosen(alice) == {}


def test_what_was_chosen_since_outlives_an_undo(alice: Addressee, carol: Addressee) -> None:
    choose_for(alice, "points", "birthday", "rewards")
    choose_for(carol, "points")
    merge_id = merge_into(alice, carol)
    with shop_transaction(alice.shop_id) as session:
        choose(session, alice.shop_id, alice.member_id, ["rewards"], now=utc_now() + HOUR)

    undo_it(alice, merge_id)

    assert chosen(alice) == {"points": False, "birthday": False, "rewards": True}
