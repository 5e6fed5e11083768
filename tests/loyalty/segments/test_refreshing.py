"""Segments follow the facts: whole ones in one look, a member at each change."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy.orm import Session

from loyalty.base.errors import SegmentNotFound
from loyalty.base.ids import new_id
from loyalty.members.tables import Member
from loyalty.segments.overriding import keep_out, put_in
from loyalty.segments.refreshing import refresh, refresh_members
from loyalty.segments.saving import change_segment
from loyalty.segments.sizing import count
from loyalty.segments.tables import Segment
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON
from tests.loyalty.conftest import install_shop
from tests.loyalty.criteria.people import People
from tests.loyalty.criteria.trees import trees
from tests.loyalty.segments.cast import (
    BUYERS,
    EVERYBODY,
    NOBODY,
    STAFF,
    a_segment,
    another,
    members_in,
    moves_of,
)
from tests.loyalty.tiers.cast import buy

TODAY = date(2026, 11, 22)
LATER = NOON + timedelta(minutes=1)


def test_first_filling_moves_nobody(session: Session, aurora: Shop, alice: Member) -> None:
    another(session, aurora)
    buy(session, aurora, 1, 10_00, TODAY)

    segment = a_segment(session, aurora)

    assert members_in(session, segment) == {alice.id}
    assert moves_of(session, segment) == []
    assert segment.refreshed_at == NOON


def test_whoever_enters_after_a_filling_that_found_nobody_has_moved(
    session: Session, aurora: Shop, alice: Member
) -> None:
    segment = a_segment(session, aurora)
    change_segment(
        session, aurora, segment.id, name="All", criteria=EVERYBODY, actor=STAFF, now=LATER
    )

    refresh(session, aurora, segment.id, now=LATER)

    assert members_in(session, segment) == {alice.id}
    assert moves_of(session, segment) == [(alice.id, True)]
    assert segment.filled_at == NOON


def test_look_at_all_lets_members_enter_and_leave(
    session: Session, aurora: Shop, alice: Member
) -> None:
    segment = a_segment(session, aurora, {"not": BUYERS}, name="Never bought")
    buy(session, aurora, 1, 10_00, TODAY)
    erin = another(session, aurora)

    refreshed = refresh(session, aurora, segment.id, now=LATER)

    assert refreshed is not None
    assert (refreshed.size, refreshed.entered, refreshed.left) == (1, 1, 1)
    assert members_in(session, segment) == {erin.id}
    assert moves_of(session, segment) == [(alice.id, False), (erin.id, True)]


def test_the_same_look_again_changes_nothing(session: Session, aurora: Shop, alice: Member) -> None:
    segment = a_segment(session, aurora, EVERYBODY, name="All")

    again = refresh(session, aurora, segment.id, now=LATER)

    assert again is not None and (again.entered, again.left) == (0, 0)
    assert moves_of(session, segment) == []


def test_change_of_one_member_is_looked_at_for_all_segments(
    session: Session, aurora: Shop, alice: Member
) -> None:
    buyers = a_segment(session, aurora)
    others = a_segment(session, aurora, {"not": BUYERS}, name="Never bought")
    erin = another(session, aurora)
    buy(session, aurora, 1, 10_00, TODAY)

    moves = refresh_members(session, aurora, [alice.id], now=LATER)

    assert moves == 3, "with points now, she has never redeemed, too"
    assert members_in(session, buyers) == {alice.id}
    assert members_in(session, others) == set(), "nobody asked about Erin"
    assert moves_of(session, others) == [(alice.id, False)]
    assert refresh_members(session, aurora, [alice.id, erin.id], now=LATER) == 1
    assert refresh_members(session, aurora, [alice.id, erin.id], now=LATER) == 0
    assert members_in(session, others) == {erin.id}


def test_what_was_said_by_hand_survives_every_look(
    session: Session, aurora: Shop, alice: Member
) -> None:
    segment = a_segment(session, aurora)
    erin = another(session, aurora)
    buy(session, aurora, 1, 10_00, TODAY)
    keep_out(session, aurora, segment.id, alice.id, actor=STAFF, now=NOON)
    put_in(session, aurora, segment.id, erin.id, actor=STAFF, now=NOON)

    refresh(session, aurora, segment.id, now=LATER)
    refresh_members(session, aurora, [alice.id, erin.id], now=LATER)

    assert members_in(session, segment) == {erin.id}


@pytest.mark.parametrize("state", ["archived", "merged", "erased"])
def test_who_is_no_longer_active_leaves_even_what_they_were_put_into(
    session: Session, aurora: Shop, alice: Member, state: str
) -> None:
    ruled, by_hand = (
        a_segment(session, aurora, EVERYBODY),
        a_segment(session, aurora, None, name="VIP club"),
    )
    put_in(session, aurora, by_hand.id, alice.id, actor=STAFF, now=NOON)
    alice.state = state
    session.flush()

    refresh_members(session, aurora, [alice.id], now=LATER)
    assert members_in(session, ruled) == members_in(session, by_hand) == set()
    alice.state = "active"
    session.flush()
    for segment in (ruled, by_hand):
        refresh(session, aurora, segment.id, now=LATER)

    assert members_in(session, ruled) == members_in(session, by_hand) == {alice.id}


def test_segment_that_waits_is_left_to_its_filling(
    session: Session, aurora: Shop, alice: Member
) -> None:
    segment = a_segment(session, aurora, EVERYBODY, is_filled=False)

    assert refresh_members(session, aurora, [alice.id], now=LATER) == 0
    assert members_in(session, segment) == set()


def test_rule_that_cannot_be_read_any_more_says_so_and_keeps_its_members(
    session: Session, aurora: Shop, alice: Member
) -> None:
    segment = a_segment(session, aurora, EVERYBODY)
    segment.criteria = {"fact": "shoe_size", "is": "equals", "value": 43}
    session.flush()

    assert refresh(session, aurora, segment.id, now=LATER) is None
    assert refresh_members(session, aurora, [alice.id], now=LATER) == 0

    assert members_in(session, segment) == {alice.id}
    assert segment.error == "There is no fact 'shoe_size'"


def test_days_pass_and_the_rule_follows(session: Session, aurora: Shop, alice: Member) -> None:
    late = {"fact": "last_order_on", "is": "longer_ago_than_days", "value": 60}
    segment = a_segment(session, aurora, late, name="Away")
    buy(session, aurora, 1, 10_00, TODAY)

    refresh(session, aurora, segment.id, now=NOON + timedelta(days=60))
    assert members_in(session, segment) == set()
    refresh(session, aurora, segment.id, now=NOON + timedelta(days=61))

    assert members_in(session, segment) == {alice.id}


def test_size_is_counted_before_anything_is_saved(
    session: Session, aurora: Shop, alice: Member
) -> None:
    another(session, aurora)
    buy(session, aurora, 1, 10_00, TODAY)

    assert count(session, aurora, BUYERS, now=NOON) == 1
    assert count(session, aurora, EVERYBODY, now=NOON) == 2


def test_segment_of_another_shop_is_not_found(
    session: Session, aurora: Shop, alice: Member
) -> None:
    segment = a_segment(session, aurora)
    borealis = install_shop(session, "borealis", currency="USD", timezone="America/Toronto")

    for wanted in (segment.id, NOBODY):
        with pytest.raises(SegmentNotFound):
            refresh(session, borealis, wanted, now=NOON)


@settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50
)
@given(rule=trees([]))
def test_looks_at_members_come_to_what_a_look_at_all_comes_to(
    session: Session, aurora: Shop, mail_settings: None, rule: dict[str, Any]
) -> None:
    if "people" not in session.info:
        session.info["people"] = People(session, aurora, [], seed=2).add(20)
    people = session.info["people"]
    whole, piecemeal = (_past_all_checks(session, aurora, rule) for _ in range(2))

    refresh(session, aurora, whole.id, now=NOON)
    refresh_members(session, aurora, people, now=NOON, segment_ids=[piecemeal.id])

    assert members_in(session, whole) == members_in(session, piecemeal)


def _past_all_checks(session: Session, shop: Shop, rule: dict[str, Any]) -> Segment:
    segment = Segment(shop_id=shop.shop_id, id=new_id(), name="Any", criteria=rule, size=0)
    segment.created_at = segment.refreshed_at = NOON
    session.add(segment)
    session.flush()
    return segment
