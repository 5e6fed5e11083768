"""Segments are saved when they can work, and refused at the very field when they cannot."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.audit import AuditRow
from loyalty.base.errors import BadSegment, SegmentNotFound
from loyalty.base.ids import new_id
from loyalty.criteria.language import read_criteria
from loyalty.criteria.sense import check_sense
from loyalty.members.tables import Member
from loyalty.segments.ready_made import add_ready_made, ready_made_for
from loyalty.segments.refreshing import refresh
from loyalty.segments.saving import (
    SEGMENTS_MAX,
    add_segment,
    ask_for_refresh,
    change_segment,
    retire_segment,
)
from loyalty.segments.tables import Segment
from loyalty.segments.views import list_segments
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON
from tests.loyalty.conftest import install_shop
from tests.loyalty.segments.cast import (
    BUYERS,
    EVERYBODY,
    NOBODY,
    STAFF,
    a_segment,
    members_in,
    moves_of,
)
from tests.loyalty.tiers.cast import have_tiers


def own(session: Session, shop: Shop) -> list[str]:
    """The names of the merchant's own segments."""
    return [s.name for s in list_segments(session, shop.shop_id) if not s.is_ready_made]


def test_saved_segment_waits_to_be_filled_and_is_audited(session: Session, aurora: Shop) -> None:
    segment = a_segment(session, aurora, is_filled=False)

    assert (segment.refreshed_at, segment.size, segment.error) == (None, 0, None)
    assert session.info["bells"] == {("segment_refresh", aurora.shop_id): True}
    [audited] = session.scalars(select(AuditRow).where(AuditRow.action == "segment_added")).all()
    assert audited.details == {"name": "Buyers", "criteria": BUYERS}


def test_segment_without_a_rule_is_by_hand_alone_and_waits_for_nothing(
    session: Session, aurora: Shop, alice: Member
) -> None:
    segment = a_segment(session, aurora, None, name="Club", is_filled=False)

    assert segment.refreshed_at == NOON
    refresh(session, aurora, segment.id, now=NOON)
    session.expire(segment)
    assert segment.criteria is None
    assert members_in(session, segment) == set()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 61}, "name"),
        ({"name": "a\nb\0"}, "name"),
        ({"name": "VIP"}, "name"),
        ({"name": "vip"}, "name"),
        ({"description": "x" * 201}, "description"),
        ({"criteria": {}}, "criteria"),
        ({"criteria": {"all": []}}, "criteria.all"),
        ({"criteria": {"any": [BUYERS, BUYERS | {"value": "1"}]}}, "criteria.any[1].value"),
        ({"criteria": {"all": [BUYERS, {"not": BUYERS}]}}, "criteria.all"),
        ({"criteria": {"fact": "birthday_month", "is": "equals", "value": 13}}, "criteria"),
        ({"criteria": {"fact": "birthday_month", "is": "more_than", "value": 12}}, "criteria"),
        ({"criteria": {"fact": "country", "is": "equals", "value": "Spain"}}, "criteria.value"),
        (
            {"criteria": {"any": [{"fact": "tier", "is": "equals", "value": str(NOBODY)}]}},
            "criteria.any[0]",
        ),
    ],
)
def test_segment_that_cannot_work_is_refused_and_nothing_is_written(
    session: Session, aurora: Shop, changes: dict[str, Any], field: str
) -> None:
    given: dict[str, Any] = {
        "name": "Buyers",
        "criteria": BUYERS,
        "actor": STAFF,
        "now": NOON,
    } | changes

    with pytest.raises(BadSegment) as refused:
        add_segment(session, aurora, **given)

    assert refused.value.field == field
    assert own(session, aurora) == []


def test_segment_by_a_tier_there_is_is_saved(session: Session, aurora: Shop) -> None:
    gold = have_tiers(session, aurora)["Gold"]

    a_segment(session, aurora, {"fact": "tier", "is": "equals", "value": str(gold.id)})

    assert own(session, aurora) == ["Buyers"]


def test_changed_rule_keeps_its_members_until_all_were_looked_at(
    session: Session, aurora: Shop, alice: Member
) -> None:
    segment = a_segment(session, aurora, EVERYBODY)

    change_segment(
        session, aurora, segment.id, name="Buyers", criteria=BUYERS, actor=STAFF, now=NOON
    )

    assert segment.refreshed_at is None
    assert members_in(session, segment) == {alice.id}
    refresh(session, aurora, segment.id, now=NOON)
    assert members_in(session, segment) == set()


def test_another_name_alone_asks_for_no_look(session: Session, aurora: Shop) -> None:
    segment = a_segment(session, aurora)

    change_segment(
        session, aurora, segment.id, name=" Loyal  buyers ", criteria=BUYERS, actor=STAFF, now=NOON
    )

    assert (segment.name, segment.refreshed_at) == ("Loyal buyers", NOON)


def test_no_more_segments_than_a_shop_can_follow(session: Session, aurora: Shop) -> None:
    there = len(list_segments(session, aurora.shop_id))
    for number in range(there, SEGMENTS_MAX):
        name = f"No {number}"
        session.add(Segment(shop_id=aurora.shop_id, id=new_id(), name=name, created_at=NOON))
    session.flush()

    with pytest.raises(BadSegment, match="at most 100"):
        a_segment(session, aurora)


def test_segment_of_another_shop_is_neither_changed_nor_removed(
    session: Session, aurora: Shop
) -> None:
    segment = a_segment(session, aurora)
    borealis = install_shop(session, "borealis", currency="USD", timezone="America/Toronto")

    with pytest.raises(SegmentNotFound):
        change_segment(
            session, borealis, segment.id, name="Mine", criteria=None, actor=STAFF, now=NOON
        )
    with pytest.raises(SegmentNotFound):
        retire_segment(session, borealis.shop_id, segment.id, actor=STAFF, now=NOON)


def test_new_shop_has_the_ready_made_segments_once_and_all_can_be_read(
    session: Session, aurora: Shop
) -> None:
    assert add_ready_made(session, aurora, now=NOON) == 0

    found = {s.code: s for s in list_segments(session, aurora.shop_id)}

    assert set(found) == {
        *("no_order_60_days", "vip", "expiring_soon"),
        *("has_card", "never_redeemed", "big_spenders"),
    }
    for segment in found.values():
        assert segment.criteria is not None and segment.refreshed_at is not None
        check_sense(read_criteria(segment.criteria), ())


def test_removed_ready_made_segment_does_not_come_back(session: Session, aurora: Shop) -> None:
    vip = session.scalars(select(Segment).where(Segment.code == "vip")).one()
    retire_segment(session, aurora.shop_id, vip.id, actor=STAFF, now=NOON)

    assert add_ready_made(session, aurora, now=NOON) == 0
    assert "VIP" not in [each.name for each in list_segments(session, aurora.shop_id)]


@pytest.mark.parametrize(
    ("currency", "minor"), [("EUR", 500_00), ("JPY", 50_000), ("KWD", 500_000)]
)
def test_big_spenders_spend_much_in_every_currency(currency: str, minor: int) -> None:
    [big] = [each for each in ready_made_for(currency) if each.code == "big_spenders"]

    assert big.criteria["value"] == minor


def test_all_segments_can_be_asked_to_be_looked_at_anew(
    session: Session, aurora: Shop, alice: Member
) -> None:
    a_segment(session, aurora)

    ask_for_refresh(session, aurora.shop_id)

    assert {s.refreshed_at for s in list_segments(session, aurora.shop_id)} == {None}


def test_whoever_was_in_a_removed_segment_has_left_it(
    session: Session, aurora: Shop, alice: Member
) -> None:
    segment = a_segment(session, aurora, EVERYBODY)

    retire_segment(session, aurora.shop_id, segment.id, actor=STAFF, now=NOON)

    assert members_in(session, segment) == set()
    assert moves_of(session, segment) == [(alice.id, False)]


@pytest.mark.parametrize("is_asked_anew", [True, False])
def test_an_empty_segment_that_had_members_tells_who_enters_by_another_rule(
    session: Session, aurora: Shop, alice: Member, is_asked_anew: bool
) -> None:
    segment = a_segment(session, aurora, EVERYBODY)
    facts = {"name": "Buyers", "actor": STAFF, "now": NOON}
    change_segment(session, aurora, segment.id, criteria=BUYERS, **facts)
    refresh(session, aurora, segment.id, now=NOON)
    assert members_in(session, segment) == set()

    change_segment(session, aurora, segment.id, criteria=EVERYBODY, **facts)
    if is_asked_anew:
        ask_for_refresh(session, aurora.shop_id)
    refresh(session, aurora, segment.id, now=NOON)

    assert moves_of(session, segment)[-1] == (alice.id, True)
