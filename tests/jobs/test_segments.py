"""Segments in the running app: at a change, when new, every night, and when something fails."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, update

from jobs import answers, purge, relay, segments, standings
from jobs.deliveries import deliver
from jobs.subscribers import SUBSCRIBERS
from loyalty import outbox
from loyalty.audit import Actor
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.criteria.facts import Source
from loyalty.criteria.outside import SOURCES
from loyalty.listing.tables import MemberListing
from loyalty.orders.recording import Facts, record_all
from loyalty.segments.overriding import put_in
from loyalty.segments.saving import add_segment, ask_for_refresh
from loyalty.segments.tables import Segment, SegmentMember, SegmentMove
from loyalty.shops import directory
from loyalty.shops.directory import get_shop, uninstall
from loyalty.tiers.nightly import ask_for_round
from tests.factories.facts import a_customer, an_order
from tests.jobs.conftest import Aurora, add_member, change, install_committed

STAFF = Actor("staff", "42")
EVERYBODY = {"fact": "order_count", "is": "at_least", "value": 0}
[SUBSCRIBER] = [one for one in SUBSCRIBERS if one.name == "segments"]


def a_segment(aurora: Aurora, criteria: object = EVERYBODY, name: str = "All") -> UUID:
    with db.shop_transaction(aurora.shop_id) as session:
        shop = get_shop(session, aurora.shop_id)
        segment = add_segment(
            session, shop, name=name, criteria=criteria, actor=STAFF, now=utc_now()
        )
    return segment.id


def members_in(aurora: Aurora, segment_id: UUID) -> set[UUID]:
    with db.shop_transaction(aurora.shop_id) as session:
        found = session.scalars(
            select(SegmentMember.member_id).where(SegmentMember.segment_id == segment_id)
        )
        return set(found)


def read(aurora: Aurora, segment_id: UUID) -> Segment:
    with db.shop_transaction(aurora.shop_id) as session:
        return session.get_one(Segment, (aurora.shop_id, segment_id))


def work() -> set[str]:
    """What the sweep would ring for, of segments."""
    with db.shopless_transaction() as session:
        return {bell for bell, _ in directory.shops_with_work(session, utc_now())}


def age(aurora: Aurora, days: int) -> None:
    """Let all segments have been looked at so many days ago."""
    with db.shop_transaction(aurora.shop_id) as session:
        session.execute(update(Segment).values(refreshed_at=utc_now() - timedelta(days=days)))


def test_new_segment_is_rung_for_until_it_is_filled(aurora: Aurora) -> None:
    segment_id = a_segment(aurora)
    assert "segment_refresh" in work()

    answers.answer("segment_refresh", aurora.shop_id)

    assert members_in(aurora, segment_id) == {aurora.alice}
    assert "segment_refresh" not in work()


def test_history_that_was_read_shows_in_the_list_without_waiting_for_the_clock(
    aurora: Aurora,
) -> None:
    standings.run_shop(aurora.shop_id, now=utc_now())
    ordered_on = date(2024, 3, 1)
    with db.shop_transaction(aurora.shop_id) as session:
        past = datetime.combine(ordered_on, time(12), UTC)
        order = an_order(1, created_at=past, processed_at=past, updated_at=past, customer_id=501)
        told: list[Facts] = [a_customer(501), order]
        record_all(
            session, get_shop(session, aurora.shop_id), told, now=utc_now(), is_backfill=True
        )
        ask_for_round(session, aurora.shop_id)
        ask_for_refresh(session, aurora.shop_id)
    assert "segment_refresh" in work()

    answers.answer("segment_refresh", aurora.shop_id)

    with db.shop_transaction(aurora.shop_id) as session:
        last = set(session.scalars(select(MemberListing.last_order_on)))
    assert ordered_on in last


def test_changed_member_enters_by_the_subscriber(aurora: Aurora) -> None:
    segment_id = a_segment(aurora)
    segments.fill_waiting(aurora.shop_id)
    erin, oscar = add_member(aurora.shop_id), add_member(aurora.shop_id)
    change(aurora.shop_id, erin)

    relay.relay(aurora.shop_id, [SUBSCRIBER])
    deliver(SUBSCRIBER, aurora.shop_id)

    assert members_in(aurora, segment_id) == {aurora.alice, erin}, "nobody told of Oscar"
    assert read(aurora, segment_id).size == 2
    segments.look_at_member(aurora.shop_id, oscar)
    assert oscar in members_in(aurora, segment_id)


@pytest.mark.parametrize(
    "kind", [outbox.SHOWN_ASKED, outbox.CONSENT_CHANGED, outbox.ADDRESS_CHANGED]
)
def test_a_card_a_word_on_marketing_and_a_bounce_are_changes(aurora: Aurora, kind: str) -> None:
    segment_id = a_segment(aurora)
    segments.fill_waiting(aurora.shop_id)
    erin = add_member(aurora.shop_id)
    with db.shop_transaction(aurora.shop_id) as session:
        outbox.stage(session, aurora.shop_id, kind, member_id=erin, now=utc_now())

    relay.relay(aurora.shop_id, [SUBSCRIBER])
    deliver(SUBSCRIBER, aurora.shop_id)

    assert erin in members_in(aurora, segment_id)


def test_all_segments_are_looked_at_once_a_day_of_the_shop(aurora: Aurora) -> None:
    segment_id, now = a_segment(aurora), utc_now()
    segments.run_shop(aurora.shop_id, now=now)
    erin = add_member(aurora.shop_id)

    assert segments.run_shop(aurora.shop_id, now=now) == 0
    age(aurora, days=1)
    looked_at = segments.run_shop(aurora.shop_id, now=now)

    assert looked_at == 7, "the six ready-made ones, and its own"
    assert members_in(aurora, segment_id) == {aurora.alice, erin}
    assert segments.run_shop(aurora.shop_id, now=now) == 0


def test_segment_that_cannot_be_read_keeps_no_other_from_its_look(aurora: Aurora) -> None:
    bad, good = a_segment(aurora, name="Bad"), a_segment(aurora, name="Good")
    with db.shop_transaction(aurora.shop_id) as session:
        criteria = {"fact": "shoe_size", "is": "equals", "value": 43}
        session.get_one(Segment, (aurora.shop_id, bad)).criteria = criteria

    segments.fill_waiting(aurora.shop_id)

    assert members_in(aurora, good) == {aurora.alice}
    assert read(aurora, bad).error == "There is no fact 'shoe_size'"
    assert "segment_refresh" not in work()


def test_shop_that_left_is_not_looked_at_and_fails_nobody(aurora: Aurora) -> None:
    borealis = install_committed("borealis")
    for shop in (aurora, borealis):
        age(shop, days=1)
    with db.shop_transaction(aurora.shop_id) as session:
        uninstall(session, aurora.shop_id, now=utc_now())

    segments.run_all()

    hour_ago = utc_now() - timedelta(hours=1)
    assert max(_looked_at(aurora)) < hour_ago < min(_looked_at(borealis))


def _looked_at(aurora: Aurora) -> list[datetime]:
    with db.shop_transaction(aurora.shop_id) as session:
        return [at for at in session.scalars(select(Segment.refreshed_at)) if at]


def test_shop_from_before_there_were_segments_is_given_the_ready_made_ones(aurora: Aurora) -> None:
    with db.shop_transaction(aurora.shop_id) as session:
        session.query(Segment).delete()

    assert segments.run_shop(aurora.shop_id, now=utc_now()) == 6


def test_every_outside_fact_has_a_reader() -> None:
    assert set(segments.FACTS_OUTSIDE) == set(SOURCES) == {Source.CARDS, Source.BOUNCES}


def test_moves_of_a_year_ago_are_forgotten(aurora: Aurora) -> None:
    segment_id, now = a_segment(aurora, None, name="Club"), utc_now()
    erin = add_member(aurora.shop_id)
    for member_id, days in ((aurora.alice, 366), (erin, 364)):
        with db.shop_transaction(aurora.shop_id) as session:
            shop, at = get_shop(session, aurora.shop_id), now - timedelta(days=days)
            put_in(session, shop, segment_id, member_id, actor=STAFF, now=at)

    assert purge.purge(aurora.shop_id, now=now) == 1

    with db.shop_transaction(aurora.shop_id) as session:
        assert session.scalars(select(SegmentMove.member_id)).all() == [erin]
    assert members_in(aurora, segment_id) == {aurora.alice, erin}


def test_look_of_a_member_and_a_look_at_all_take_turns(aurora: Aurora) -> None:
    """Whoever looks first writes first: neither overwrites the other with what was."""
    segment_id = a_segment(aurora, None, name="Club")
    with db.shop_transaction(aurora.shop_id) as session:
        shop = get_shop(session, aurora.shop_id)
        put_in(session, shop, segment_id, aurora.alice, actor=STAFF, now=utc_now())
        session.flush()
        other = ThreadPoolExecutor(1)
        looking = other.submit(segments._refresh, aurora.shop_id, segment_id, utc_now())
        with pytest.raises(TimeoutError):
            looking.result(timeout=0.5)
    looking.result(timeout=10)

    assert members_in(aurora, segment_id) == {aurora.alice}
    assert read(aurora, segment_id).size == 1
