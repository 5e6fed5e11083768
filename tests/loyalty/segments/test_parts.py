"""What becomes of segments when two members are made one, and two again."""

import pytest
from sqlalchemy.orm import Session

from loyalty.members.tables import Member
from loyalty.merging.undoing import undo
from loyalty.privacy.parts import Person, carry_out, read_rows
from loyalty.segments.overriding import clear, keep_out, put_in
from loyalty.segments.parts import PARTS
from loyalty.segments.refreshing import refresh_members
from loyalty.segments.tables import Segment
from loyalty.segments.views import segments_of
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON
from tests.loyalty.merging.cast import STAFF, make_one, second_account
from tests.loyalty.segments.cast import EVERYBODY, a_segment, members_in

SAY = {"in": put_in, "out": keep_out}


@pytest.fixture
def other(session: Session, aurora: Shop, alice: Member) -> Member:
    """Alice's second account."""
    return second_account(session, aurora)


@pytest.fixture
def club(session: Session, aurora: Shop, alice: Member) -> Segment:
    """By hand alone."""
    return a_segment(session, aurora, None, name="Club")


def word_of(session: Session, member: Member, segment: Segment) -> str | None:
    found = {s.segment_id: s.word for s in segments_of(session, member.shop_id, member.id)}
    return found.get(segment.id)


@pytest.mark.parametrize(
    ("own", "theirs", "united"),
    [
        (None, "in", "in"),
        (None, "out", "out"),
        ("in", None, "in"),
        ("in", "out", "out"),
        ("out", "in", "out"),
    ],
)
def test_merge_unites_words_and_undo_parts_them(
    session: Session,
    aurora: Shop,
    alice: Member,
    other: Member,
    club: Segment,
    own: str | None,
    theirs: str | None,
    united: str,
) -> None:
    for member, word in ((alice, own), (other, theirs)):
        if word is not None:
            SAY[word](session, aurora, club.id, member.id, actor=STAFF, now=NOON)

    merge = make_one(session, aurora, alice, other)
    refresh_members(session, aurora, [alice.id, other.id], now=NOON)

    assert word_of(session, alice, club) == united
    assert members_in(session, club) == ({alice.id} if united == "in" else set())

    undo(session, aurora, merge.id, actor=STAFF, now=NOON)
    refresh_members(session, aurora, [alice.id, other.id], now=NOON)

    assert (word_of(session, alice, club), word_of(session, other, club)) == (own, theirs)
    in_it = {m.id for m, word in ((alice, own), (other, theirs)) if word == "in"}
    assert members_in(session, club) == in_it


def test_merged_member_leaves_and_the_survivor_belongs_by_the_united_facts(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    everybody = a_segment(session, aurora, EVERYBODY)
    assert members_in(session, everybody) == {alice.id, other.id}

    make_one(session, aurora, alice, other)
    refresh_members(session, aurora, [alice.id, other.id], now=NOON)

    assert members_in(session, everybody) == {alice.id}


def test_word_cleared_since_the_merge_does_not_come_back(
    session: Session, aurora: Shop, alice: Member, other: Member, club: Segment
) -> None:
    put_in(session, aurora, club.id, other.id, actor=STAFF, now=NOON)
    merge = make_one(session, aurora, alice, other)
    clear(session, aurora, club.id, alice.id, actor=STAFF, now=NOON)

    undo(session, aurora, merge.id, actor=STAFF, now=NOON)

    assert word_of(session, alice, club) is None
    assert word_of(session, other, club) == "in"


def test_erased_member_leaves_every_segment_and_no_word_about_them_is_left(
    session: Session, aurora: Shop, alice: Member, other: Member, club: Segment
) -> None:
    everybody = a_segment(session, aurora, EVERYBODY)
    put_in(session, aurora, club.id, alice.id, actor=STAFF, now=NOON)
    person = Person(aurora.shop_id, (alice.id,))

    for _ in range(2):
        for part in PARTS:
            carry_out(session, part.erase, part, person, now=NOON)

    assert members_in(session, everybody) == {other.id}
    assert members_in(session, club) == set()
    assert [read_rows(session, part, person) for part in PARTS] == [[], [], []]
