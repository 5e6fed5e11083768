"""R51, R55: a birthday is a month and a day, and brings points once a year at nine."""

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.actions import birthdays
from loyalty.actions.birthdays import (
    birthday_in,
    celebrate_due,
    first_counting_on,
    read_birthday,
    set_birthday,
)
from loyalty.audit import Actor, AuditRow
from loyalty.base.errors import BadBirthday, MemberHasMoved, MemberNotActive
from loyalty.base.ids import new_id
from loyalty.members.tables import Member, MemberBalance
from loyalty.outbox import BIRTHDAY_EMAIL_ASKED, OutboxEvent
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON
from tests.loyalty.actions.cast import a_rule, actions_of, madrid, told
from tests.loyalty.conftest import balance_of

LONG_AGO = madrid(1, month=1)


def born(
    session: Session, shop: Shop, member: Member, month: int, day: int, at: datetime = LONG_AGO
) -> None:
    """The member gives a birthday, long ago unless told otherwise."""
    member.joined_at = min(member.joined_at, LONG_AGO)
    me = Actor("member", str(member.id))
    set_birthday(session, shop, member.id, month=month, day=day, actor=me, now=at)


@pytest.fixture
def rule(session: Session, aurora: Shop) -> None:
    """A hundred points on a birthday, since January."""
    a_rule(session, aurora, "birthday", 100, made_at=LONG_AGO)


def test_birthday_is_celebrated_at_nine_in_the_shops_zone(
    session: Session, aurora: Shop, alice: Member, rule: None
) -> None:
    born(session, aurora, alice, 11, 22)

    before = celebrate_due(session, aurora, now=madrid(22, 9) - timedelta(seconds=1))
    after = celebrate_due(session, aurora, now=madrid(22, 9))

    assert (before, after) == (0, 1)
    assert actions_of(session, alice) == [("birthday", "2026", "earned", 100)]
    assert balance_of(session, alice).available == 100


def test_birthday_is_celebrated_once_a_calendar_year(
    session: Session, aurora: Shop, alice: Member, rule: None
) -> None:
    born(session, aurora, alice, 11, 22)
    for now in (madrid(22), madrid(22, 13), madrid(23), madrid(22, year=2027)):
        celebrate_due(session, aurora, now=now)

    assert [key for _, key, *_ in actions_of(session, alice)] == ["2026", "2027"]
    assert balance_of(session, alice).available == 200


def test_second_birthday_of_a_year_is_none(
    session: Session, aurora: Shop, alice: Member, rule: None
) -> None:
    born(session, aurora, alice, 3, 10)
    celebrate_due(session, aurora, now=madrid(10, month=3))
    born(session, aurora, alice, 11, 22, at=madrid(11, month=3))

    celebrate_due(session, aurora, now=madrid(22))

    assert balance_of(session, alice).available == 100


@pytest.mark.parametrize(("days_before", "points"), [(30, 0), (31, 100)])
def test_birthday_given_within_thirty_days_counts_from_the_year_after(
    session: Session, aurora: Shop, alice: Member, rule: None, days_before: int, points: int
) -> None:
    born(session, aurora, alice, 11, 22, at=madrid(22) - timedelta(days=days_before))

    celebrate_due(session, aurora, now=madrid(22))
    assert balance_of(session, alice).available == points

    celebrate_due(session, aurora, now=madrid(22, year=2027))
    assert balance_of(session, alice).available == points + 100


def test_who_was_born_on_29_february_is_celebrated_on_the_28th_in_common_years(
    session: Session, aurora: Shop, alice: Member, rule: None
) -> None:
    born(session, aurora, alice, 2, 29)

    given = [
        celebrate_due(session, aurora, now=now)
        for now in (madrid(28, month=2, year=2027), madrid(28, month=2, year=2028))
    ]
    leap = celebrate_due(session, aurora, now=madrid(29, month=2, year=2028))

    assert (given, leap) == ([1, 0], 1)


def test_birthday_that_no_job_came_to_is_made_up_for_within_a_week(
    session: Session, aurora: Shop, alice: Member, rule: None
) -> None:
    born(session, aurora, alice, 11, 15)

    assert celebrate_due(session, aurora, now=madrid(22)) == 1
    assert celebrate_due(session, aurora, now=madrid(22)) == 0


def test_birthday_a_week_and_a_day_ago_is_over(
    session: Session, aurora: Shop, alice: Member, rule: None
) -> None:
    born(session, aurora, alice, 11, 14)

    assert celebrate_due(session, aurora, now=madrid(22)) == 0


def test_who_joined_after_nine_was_no_member_on_that_birthday(
    session: Session, aurora: Shop, alice: Member, rule: None
) -> None:
    born(session, aurora, alice, 11, 22)
    alice.joined_at = madrid(22, 10)
    session.flush()

    assert celebrate_due(session, aurora, now=madrid(22, 11)) == 0


def test_rule_made_after_nine_rewards_nobody_of_that_day(
    session: Session, aurora: Shop, alice: Member
) -> None:
    a_rule(session, aurora, "birthday", 100, made_at=madrid(22, 10))
    born(session, aurora, alice, 11, 22)

    assert celebrate_due(session, aurora, now=madrid(22, 11)) == 0


def test_a_full_batch_leaves_the_others_for_the_next(
    session: Session, aurora: Shop, alice: Member, rule: None
) -> None:
    born(session, aurora, alice, 11, 22)
    other = Member(
        shop_id=aurora.shop_id,
        id=new_id(),
        state="active",
        sources={},
        enrolled_by="account",
        joined_at=LONG_AGO,
        birthday_on=date(2000, 11, 22),
    )
    session.add(other)
    session.flush()
    session.add(MemberBalance(shop_id=aurora.shop_id, member_id=other.id))
    session.flush()

    given = [celebrate_due(session, aurora, now=madrid(22), limit=1) for _ in range(3)]

    assert given == [1, 1, 0]


def test_who_has_an_address_is_written_to(
    session: Session, aurora: Shop, alice: Member, rule: None
) -> None:
    born(session, aurora, alice, 11, 22)
    celebrate_due(session, aurora, now=madrid(22))

    events = session.scalars(
        select(OutboxEvent).where(OutboxEvent.kind == BIRTHDAY_EMAIL_ASKED)
    ).all()

    assert [(event.member_id, event.body) for event in events] == [(alice.id, {"points": 100})]


def test_setting_a_birthday_is_told_without_telling_it(
    session: Session, aurora: Shop, alice: Member
) -> None:
    born(session, aurora, alice, 5, 20, at=NOON)

    (event,) = told(session, alice, "birthday_changed")
    assert event == {"actor": f"member:{alice.id}", "is_known": True}
    row = session.scalars(select(AuditRow).where(AuditRow.action == "birthday_changed")).one()
    assert row.details == {"is_known": True}
    assert (alice.birthday_on, alice.birthday_changed_on) == (date(2000, 5, 20), date(2026, 11, 22))


def test_the_same_birthday_again_changes_nothing(
    session: Session, aurora: Shop, alice: Member
) -> None:
    born(session, aurora, alice, 5, 20)
    born(session, aurora, alice, 5, 20, at=NOON)

    assert alice.birthday_changed_on == date(2026, 1, 1)
    assert len(told(session, alice, "birthday_changed")) == 1


@pytest.mark.parametrize(
    ("month", "day", "field"),
    [
        (2, 30, "day"),
        (4, 31, "day"),
        (13, 1, "month"),
        (0, 1, "month"),
        (None, 1, "month"),
        (5, None, "day"),
    ],
)
def test_no_day_of_any_year_is_refused_beside_its_field(
    month: int | None, day: int | None, field: str
) -> None:
    with pytest.raises(BadBirthday) as refused:
        read_birthday(month, day)

    assert refused.value.field == field


def test_put_away_member_has_no_birthday_to_change(
    session: Session, aurora: Shop, alice: Member
) -> None:
    alice.state = "archived"
    session.flush()

    with pytest.raises(MemberNotActive):
        born(session, aurora, alice, 5, 20)


def test_the_next_birthday_that_counts() -> None:
    born_on, today = date(2000, 5, 20), date(2026, 5, 1)

    assert first_counting_on(born_on, None, today=today) == date(2026, 5, 20)
    assert first_counting_on(born_on, date(2026, 4, 20), today=today) == date(2027, 5, 20)
    assert first_counting_on(born_on, date(2026, 4, 19), today=today) == date(2026, 5, 20)
    assert birthday_in(2100, date(2000, 2, 29)) == date(2100, 2, 28)


def test_a_merge_in_that_moment_keeps_nobody_from_their_points(
    session: Session,
    aurora: Shop,
    alice: Member,
    rule: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    born(session, aurora, alice, 11, 22)
    note_deeds, asked = birthdays.note_deeds, []

    def moved_at_first(*args: object, **more: object) -> object:
        asked.append(args)
        if len(asked) == 1:
            raise MemberHasMoved("the survivor")
        return note_deeds(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(birthdays, "note_deeds", moved_at_first)

    assert celebrate_due(session, aurora, now=madrid(22, 9)) == 1
    assert balance_of(session, alice).available == 100
