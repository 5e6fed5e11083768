"""R91, R162: a tap stands in the timeline, and earns once for each period of its place."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy.orm import Session

from loyalty.actions.check_ins import Tap, check_in
from loyalty.actions.readers import add_reader
from loyalty.actions.tables import CheckIn, Reader
from loyalty.base.errors import IdempotencyConflict, LocationNotFound, MemberNotActive
from loyalty.members.tables import Member
from loyalty.programme.tables import EarningRule
from loyalty.shops.tables import Location, Shop
from tests.factories.facts import NOON
from tests.loyalty.actions.cast import DANA, a_place, a_rule, madrid, told
from tests.loyalty.actions.test_awarding import join
from tests.loyalty.conftest import balance_of


@pytest.fixture
def reader(session: Session, aurora: Shop) -> Reader:
    """The reader at Main Street's door."""
    place = a_place(session, aurora)
    made = add_reader(session, aurora.shop_id, name="Door", location_id=place, actor=DANA, now=NOON)
    return made[0]


def tap(
    session: Session,
    shop: Shop,
    member: Member,
    reader: Reader,
    at: datetime,
    *,
    key: UUID | None = None,
    now: datetime | None = None,
) -> CheckIn:
    """The member's card is held to the reader."""
    told_of = Tap(reader.location_id, key or uuid4(), at, DANA, reader)
    return check_in(session, shop, member.id, told_of, now=now or at)


@pytest.mark.parametrize(
    ("limit", "still", "again"),
    [
        # The 16th and the 23rd of November 2026 are Mondays.
        ("week", madrid(22, 23), madrid(23, 0)),
        ("month", madrid(30, 23), madrid(1, 0, month=12)),
        ("quarter", madrid(31, 23, month=12), madrid(1, 0, month=1, year=2027)),
        ("year", madrid(31, 23, month=12), madrid(1, 0, month=1, year=2027)),
    ],
)
def test_tap_earns_once_in_each_period_of_the_shops_calendar(
    session: Session,
    aurora: Shop,
    alice: Member,
    reader: Reader,
    limit: str,
    still: datetime,
    again: datetime,
) -> None:
    a_rule(session, aurora, "check_in", 5, limits={"check_in": limit})

    points = [tap(session, aurora, alice, reader, at).points for at in (madrid(16), still, again)]

    assert points == [5, 0, 5]
    assert balance_of(session, alice).available == 10


def test_tap_that_counts_once_for_all_never_earns_again(
    session: Session, aurora: Shop, alice: Member, reader: Reader
) -> None:
    a_rule(session, aurora, "check_in", 5)

    first = tap(session, aurora, alice, reader, madrid(16))
    years_later = tap(session, aurora, alice, reader, madrid(16, year=2030))

    assert (first.points, years_later.points) == (5, 0)
    assert first.answer["next_on"] is None


def test_each_place_has_its_own_limit(
    session: Session, aurora: Shop, alice: Member, reader: Reader
) -> None:
    a_rule(session, aurora, "check_in", 5, limits={"check_in": "week"})
    place = a_place(session, aurora, 902, name="Harbour")
    harbour, _ = add_reader(
        session, aurora.shop_id, name="Bar", location_id=place, actor=DANA, now=NOON
    )

    points = [tap(session, aurora, alice, one, madrid(16)).points for one in (reader, harbour)]

    assert points == [5, 5]


def test_two_readers_at_one_place_share_its_limit(
    session: Session, aurora: Shop, alice: Member, reader: Reader
) -> None:
    a_rule(session, aurora, "check_in", 5, limits={"check_in": "week"})
    other, _ = add_reader(
        session, aurora.shop_id, name="Bar", location_id=901, actor=DANA, now=NOON
    )

    points = [tap(session, aurora, alice, one, madrid(16)).points for one in (reader, other)]

    assert points == [5, 0]


def test_rule_of_one_place_rewards_no_other(
    session: Session, aurora: Shop, alice: Member, reader: Reader
) -> None:
    a_place(session, aurora, 902, name="Harbour")
    a_rule(session, aurora, "check_in", 5, conditions={"locations": [902]})

    assert tap(session, aurora, alice, reader, madrid(16)).points == 0


def test_shorter_limit_does_not_pay_a_period_twice(
    session: Session, aurora: Shop, alice: Member, reader: Reader
) -> None:
    rule = a_rule(session, aurora, "check_in", 5, limits={"check_in": "week"})
    tap(session, aurora, alice, reader, madrid(18))
    session.get_one(EarningRule, (aurora.shop_id, rule.id)).limits = {"check_in": "month"}
    session.flush()

    assert tap(session, aurora, alice, reader, madrid(25)).points == 0
    assert tap(session, aurora, alice, reader, madrid(2, month=12)).points == 5


def test_tap_told_of_late_counts_for_the_week_in_which_it_was(
    session: Session, aurora: Shop, alice: Member, reader: Reader
) -> None:
    a_rule(session, aurora, "check_in", 5, limits={"check_in": "week"})
    this_week = tap(session, aurora, alice, reader, madrid(24))

    last_week = tap(session, aurora, alice, reader, madrid(20), now=madrid(24, 13))

    assert (this_week.points, last_week.points) == (5, 5)


def test_every_tap_is_told_with_place_and_reader(
    session: Session, aurora: Shop, alice: Member, reader: Reader
) -> None:
    tap(session, aurora, alice, reader, madrid(16))
    tap(session, aurora, alice, reader, madrid(16, 13))

    events = told(session, alice, "customer_tapped")

    where = [(event["location"], event["reader"]) for event in events]
    assert where == [("Main Street", "Door"), ("Main Street", "Door")]


def test_tap_sent_again_is_the_first_one(
    session: Session, aurora: Shop, alice: Member, reader: Reader
) -> None:
    a_rule(session, aurora, "check_in", 5, limits={"check_in": "week"})
    key = uuid4()
    first = tap(session, aurora, alice, reader, madrid(16), key=key)

    again = tap(session, aurora, alice, reader, madrid(16), key=key, now=madrid(28))

    assert again is first
    assert first.answer == {"points": 5, "is_held": False, "next_on": "2026-11-23", "balance": 5}
    assert len(told(session, alice, "customer_tapped")) == 1


def test_key_of_another_members_tap_is_refused(
    session: Session, aurora: Shop, alice: Member, reader: Reader
) -> None:
    key = uuid4()
    tap(session, aurora, alice, reader, madrid(16), key=key)
    carol = join(session, aurora)

    with pytest.raises(IdempotencyConflict):
        tap(session, aurora, carol, reader, madrid(16), key=key)


def test_closed_place_takes_no_taps(
    session: Session, aurora: Shop, alice: Member, reader: Reader
) -> None:
    session.get_one(Location, (aurora.shop_id, 901)).is_active = False
    session.flush()

    with pytest.raises(LocationNotFound):
        tap(session, aurora, alice, reader, madrid(16))


def test_put_away_member_is_not_checked_in(
    session: Session, aurora: Shop, alice: Member, reader: Reader
) -> None:
    alice.state = "archived"
    session.flush()

    with pytest.raises(MemberNotActive):
        tap(session, aurora, alice, reader, madrid(16) + timedelta(hours=1))
    assert told(session, alice, "customer_tapped") == []
