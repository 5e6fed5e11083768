"""By hand: put in, kept out, and back to the rule; each is audited and counts at once."""

from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.audit import AuditRow
from loyalty.base.errors import MemberNotActive, MemberNotFound, SegmentNotFound
from loyalty.members.tables import Member
from loyalty.segments.overriding import clear, keep_out, put_in
from loyalty.segments.saving import retire_segment
from loyalty.segments.tables import SegmentOverride
from loyalty.segments.views import member_ids, names_of, segments_of
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON
from tests.loyalty.conftest import install_shop
from tests.loyalty.segments.cast import (
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
EVERY_WORD = pytest.mark.parametrize("say", [put_in, keep_out, clear])


def test_put_in_counts_at_once_and_is_said_once(
    session: Session, aurora: Shop, alice: Member
) -> None:
    segment = a_segment(session, aurora)

    assert put_in(session, aurora, segment.id, alice.id, actor=STAFF, now=NOON)
    assert not put_in(session, aurora, segment.id, alice.id, actor=STAFF, now=NOON)

    assert members_in(session, segment) == {alice.id}
    assert moves_of(session, segment) == [(alice.id, True)]
    audited = session.scalars(select(AuditRow).where(AuditRow.action == "segment_put_in")).all()
    assert [(row.subject_id, row.details["segment"]) for row in audited] == [
        (str(alice.id), "Buyers")
    ]


def test_kept_out_leaves_at_once_and_the_rule_takes_them_back(
    session: Session, aurora: Shop, alice: Member
) -> None:
    segment = a_segment(session, aurora, EVERYBODY)

    assert keep_out(session, aurora, segment.id, alice.id, actor=STAFF, now=NOON)
    assert members_in(session, segment) == set()
    assert clear(session, aurora, segment.id, alice.id, actor=STAFF, now=NOON)
    assert not clear(session, aurora, segment.id, alice.id, actor=STAFF, now=NOON)

    assert members_in(session, segment) == {alice.id}


def test_the_last_word_counts(session: Session, aurora: Shop, alice: Member) -> None:
    segment = a_segment(session, aurora, None, name="Club")
    put_in(session, aurora, segment.id, alice.id, actor=STAFF, now=NOON)

    keep_out(session, aurora, segment.id, alice.id, actor=STAFF, now=NOON)

    assert members_in(session, segment) == set()
    [said] = session.scalars(select(SegmentOverride)).all()
    assert (said.word, said.set_by) == ("out", "staff:42")


def test_profile_shows_all_segments_by_rule_and_by_hand(
    session: Session, aurora: Shop, alice: Member
) -> None:
    club = a_segment(session, aurora, None, name="Club")
    a_segment(session, aurora, EVERYBODY, name="All")
    out = a_segment(session, aurora, EVERYBODY, name="big ones")
    a_segment(session, aurora, None, name="Nobody's")
    put_in(session, aurora, club.id, alice.id, actor=STAFF, now=NOON)
    keep_out(session, aurora, out.id, alice.id, actor=STAFF, now=NOON)

    found = segments_of(session, aurora.shop_id, alice.id)

    assert [(each.name, each.word, each.is_in) for each in found] == [
        ("All", None, True),
        ("big ones", "out", False),
        ("Club", "in", True),
    ]


def test_audience_of_several_segments_names_each_member_once(
    session: Session, aurora: Shop, alice: Member
) -> None:
    erin = another(session, aurora)
    buy(session, aurora, 1, 10_00, TODAY)
    ids = [a_segment(session, aurora).id, a_segment(session, aurora, EVERYBODY, name="All").id]

    audience = session.scalars(member_ids(session, aurora.shop_id, ids)).all()

    assert sorted(audience) == sorted([alice.id, erin.id])
    assert session.scalars(member_ids(session, aurora.shop_id, [])).all() == []


def test_removed_segment_has_nobody_and_keeps_its_name(
    session: Session, aurora: Shop, alice: Member
) -> None:
    segment = a_segment(session, aurora, EVERYBODY)
    put_in(session, aurora, segment.id, alice.id, actor=STAFF, now=NOON)

    retire_segment(session, aurora.shop_id, segment.id, actor=STAFF, now=NOON)

    assert members_in(session, segment) == set()
    assert segments_of(session, aurora.shop_id, alice.id) == []
    assert names_of(session, aurora.shop_id, [segment.id]) == {segment.id: "Buyers"}
    with pytest.raises(SegmentNotFound):
        member_ids(session, aurora.shop_id, [segment.id])
    with pytest.raises(SegmentNotFound):
        put_in(session, aurora, segment.id, alice.id, actor=STAFF, now=NOON)


@EVERY_WORD
def test_nothing_is_said_of_nobody_or_of_who_is_put_away(
    session: Session, aurora: Shop, alice: Member, say: Callable[..., bool]
) -> None:
    segment = a_segment(session, aurora)
    alice.state = "archived"
    session.flush()

    with pytest.raises(MemberNotActive):
        say(session, aurora, segment.id, alice.id, actor=STAFF, now=NOON)
    with pytest.raises(MemberNotFound):
        say(session, aurora, segment.id, NOBODY, actor=STAFF, now=NOON)
    with pytest.raises(SegmentNotFound):
        say(session, aurora, NOBODY, alice.id, actor=STAFF, now=NOON)


@EVERY_WORD
def test_neither_segment_nor_member_of_another_shop_is_found(
    session: Session, aurora: Shop, alice: Member, say: Callable[..., bool]
) -> None:
    segment = a_segment(session, aurora)
    borealis = install_shop(session, "borealis", currency="USD", timezone="America/Toronto")
    own = a_segment(session, borealis)

    with pytest.raises(SegmentNotFound):
        say(session, borealis, segment.id, alice.id, actor=STAFF, now=NOON)
    with pytest.raises(MemberNotFound):
        say(session, borealis, own.id, alice.id, actor=STAFF, now=NOON)
