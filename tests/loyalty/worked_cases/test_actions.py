"""The worked cases of actions; each stands in docs/rules.md with its arithmetic.

Aurora is in Madrid, which is an hour ahead of UTC in winter.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy.orm import Session

from loyalty.actions.awarding import award_action, settle_held
from loyalty.actions.birthdays import celebrate_due
from loyalty.actions.check_ins import Tap, check_in
from loyalty.actions.following import follow
from loyalty.actions.rules import Kind
from loyalty.actions.verifying import prove_email
from loyalty.earning.saving import add_promotion
from loyalty.members.tables import Member
from loyalty.programme.pausing import pause, resume
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON
from tests.loyalty.actions.cast import DANA, a_place, a_rule, madrid
from tests.loyalty.actions.test_awarding import join
from tests.loyalty.actions.test_birthdays import LONG_AGO, born
from tests.loyalty.conftest import balance_of
from tests.loyalty.tiers.cast import buy, have_tiers

LATER = NOON + timedelta(days=400)


def do(session: Session, shop: Shop, member: Member, kind: Kind, at: datetime = NOON) -> None:
    award_action(session, shop, member.id, kind, occurred_at=at, now=at)


def visit(
    session: Session, shop: Shop, member: Member, limit: str, *moments: datetime
) -> Sequence[int]:
    """What taps at Main Street earn, one after the other, at 5 points a `limit`."""
    place = a_place(session, shop)
    a_rule(session, shop, "check_in", 5, limits={"check_in": limit}, made_at=LONG_AGO)
    return [tap(session, shop, member, place, at) for at in moments]


def tap(session: Session, shop: Shop, member: Member, place: int, at: datetime) -> int:
    return check_in(session, shop, member.id, Tap(place, uuid4(), at, DANA), now=at).points


def celebrate(session: Session, shop: Shop, *moments: datetime) -> None:
    for now in moments:
        celebrate_due(session, shop, now=now)


def test_actions_1_signing_up_counts_once_ever(session: Session, aurora: Shop) -> None:
    a_rule(session, aurora, "signup", 25)

    carol = join(session, aurora)
    do(session, aurora, carol, "signup", LATER)

    assert balance_of(session, carol).available == 25


def test_actions_2_who_comes_with_the_history_is_paid_no_bonus(
    session: Session, aurora: Shop
) -> None:
    a_rule(session, aurora, "signup", 25)

    carol = join(session, aurora, is_backfill=True)

    assert balance_of(session, carol).available == 0


def test_actions_3_proving_an_address_counts_once_ever(
    session: Session, aurora: Shop, alice: Member
) -> None:
    a_rule(session, aurora, "verified_email", 20)
    prove_email(session, aurora, alice.id, now=NOON)
    alice.email_norm, alice.email_verified_at = "alice@new.example", None
    session.flush()

    prove_email(session, aurora, alice.id, now=LATER)

    assert balance_of(session, alice).available == 20


def test_actions_4_installing_the_pass_counts_once_ever(
    session: Session, aurora: Shop, alice: Member
) -> None:
    a_rule(session, aurora, "pass_installed", 50)

    do(session, aurora, alice, "pass_installed")
    do(session, aurora, alice, "pass_installed", LATER)

    assert balance_of(session, alice).available == 50


def test_actions_5_each_network_is_followed_once_ever(
    session: Session, aurora: Shop, alice: Member
) -> None:
    a_rule(session, aurora, "social_follow", 10)

    for network in ("instagram", "tiktok", "instagram"):
        follow(session, aurora, alice.id, network, now=NOON)  # type: ignore[arg-type]

    assert balance_of(session, alice).available == 20


def test_actions_6_a_weeks_check_in_runs_from_monday(
    session: Session, aurora: Shop, alice: Member
) -> None:
    monday, sunday_night, next_monday = madrid(16, 0), madrid(22, 23), madrid(23, 0)

    assert visit(session, aurora, alice, "week", monday, sunday_night, next_monday) == [5, 0, 5]
    assert balance_of(session, alice).available == 10


def test_actions_7_a_months_check_in(session: Session, aurora: Shop, alice: Member) -> None:
    days = (madrid(1, 0), madrid(30, 23), madrid(1, 0, month=12))

    assert visit(session, aurora, alice, "month", *days) == [5, 0, 5]
    assert balance_of(session, alice).available == 10


def test_actions_8_a_quarters_check_in(session: Session, aurora: Shop, alice: Member) -> None:
    days = (madrid(3), madrid(31, 23, month=12), madrid(1, 0, month=1, year=2027))

    assert visit(session, aurora, alice, "quarter", *days) == [5, 0, 5]
    assert balance_of(session, alice).available == 10


def test_actions_9_a_years_check_in(session: Session, aurora: Shop, alice: Member) -> None:
    days = (madrid(1, month=2), madrid(31, 23, month=12), madrid(1, 0, month=1, year=2027))

    assert visit(session, aurora, alice, "year", *days) == [5, 0, 5]
    assert balance_of(session, alice).available == 10


def test_actions_10_a_check_in_once_and_for_all(
    session: Session, aurora: Shop, alice: Member
) -> None:
    assert visit(session, aurora, alice, "once", madrid(16), madrid(16, year=2030)) == [5, 0]
    assert balance_of(session, alice).available == 5


def test_actions_11_each_place_counts_for_itself(
    session: Session, aurora: Shop, alice: Member
) -> None:
    visit(session, aurora, alice, "once", madrid(16))
    harbour = a_place(session, aurora, 902, name="Harbour")

    tap(session, aurora, alice, harbour, madrid(16))

    assert balance_of(session, alice).available == 10


def test_actions_12_a_birthday_begins_at_nine_in_the_shops_zone(
    session: Session, aurora: Shop, alice: Member
) -> None:
    a_rule(session, aurora, "birthday", 100, made_at=LONG_AGO)
    born(session, aurora, alice, 11, 22)

    celebrate(session, aurora, madrid(22, 9) - timedelta(seconds=1))
    assert balance_of(session, alice).available == 0
    celebrate(session, aurora, madrid(22, 9))
    assert balance_of(session, alice).available == 100


def test_actions_13_a_birthday_comes_once_a_calendar_year(
    session: Session, aurora: Shop, alice: Member
) -> None:
    a_rule(session, aurora, "birthday", 100, made_at=LONG_AGO)
    born(session, aurora, alice, 11, 22)

    celebrate(session, aurora, madrid(22), madrid(22, 10), madrid(23), madrid(22, year=2027))

    assert balance_of(session, alice).available == 200


def test_actions_14_29_february_is_the_28th_in_common_years(
    session: Session, aurora: Shop, alice: Member
) -> None:
    a_rule(session, aurora, "birthday", 100, made_at=LONG_AGO)
    born(session, aurora, alice, 2, 29)

    celebrate(session, aurora, madrid(28, month=2, year=2027))
    assert balance_of(session, alice).available == 100
    celebrate(session, aurora, madrid(28, month=2, year=2028))
    assert balance_of(session, alice).available == 100
    celebrate(session, aurora, madrid(29, month=2, year=2028))
    assert balance_of(session, alice).available == 200


def test_actions_15_a_birthday_changed_30_days_before_counts_a_year_later(
    session: Session, aurora: Shop, alice: Member
) -> None:
    a_rule(session, aurora, "birthday", 100, made_at=LONG_AGO)
    born(session, aurora, alice, 11, 22, at=madrid(23, month=10))

    celebrate(session, aurora, madrid(22))
    assert balance_of(session, alice).available == 0
    celebrate(session, aurora, madrid(22, year=2027))
    assert balance_of(session, alice).available == 100


def test_actions_16_a_birthday_changed_31_days_before_counts_this_year(
    session: Session, aurora: Shop, alice: Member
) -> None:
    a_rule(session, aurora, "birthday", 100, made_at=LONG_AGO)
    born(session, aurora, alice, 11, 22, at=madrid(22, month=10))

    celebrate(session, aurora, madrid(22))

    assert balance_of(session, alice).available == 100


def test_actions_17_multipliers_never_count_on_fixed_awards(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_tiers(session, aurora, ("Silver", 1_00, "2"))
    triple = {"name": "Triple", "multiplier": "3"}
    add_promotion(session, aurora.shop_id, triple, actor=DANA, now=NOON - timedelta(days=1))
    buy(session, aurora, 1, 1_00, NOON.date())
    before = balance_of(session, alice).available
    a_rule(session, aurora, "pass_installed", 50)

    do(session, aurora, alice, "pass_installed")

    assert balance_of(session, alice).available - before == 50


def test_actions_18_what_is_done_in_a_pause_is_caught_up_with(
    session: Session, aurora: Shop, alice: Member
) -> None:
    a_rule(session, aurora, "pass_installed", 50)
    pause(session, aurora.shop_id, resume_mode="catch_up", actor=DANA, now=NOON)
    do(session, aurora, alice, "pass_installed")
    assert balance_of(session, alice).available == 0

    resume(session, aurora.shop_id, actor=DANA, now=LATER)
    settle_held(session, aurora, now=LATER)

    assert balance_of(session, alice).available == 50


def test_actions_19_what_is_done_in_a_pause_may_be_forgone(
    session: Session, aurora: Shop, alice: Member
) -> None:
    a_rule(session, aurora, "pass_installed", 50)
    pause(session, aurora.shop_id, resume_mode="skip", actor=DANA, now=NOON)
    do(session, aurora, alice, "pass_installed")

    resume(session, aurora.shop_id, actor=DANA, now=LATER)
    settle_held(session, aurora, now=LATER)
    do(session, aurora, alice, "pass_installed", LATER)

    assert balance_of(session, alice).available == 0


def test_actions_20_what_no_rule_rewarded_earns_nothing_later(
    session: Session, aurora: Shop, alice: Member
) -> None:
    do(session, aurora, alice, "pass_installed")
    a_rule(session, aurora, "pass_installed", 50)

    do(session, aurora, alice, "pass_installed", LATER)

    assert balance_of(session, alice).available == 0


def test_actions_21_one_action_earns_by_one_rule(
    session: Session, aurora: Shop, alice: Member
) -> None:
    for points, priority in ((500, 2), (30, 1), (40, 1)):
        a_rule(session, aurora, "pass_installed", points, priority=priority)

    do(session, aurora, alice, "pass_installed")

    assert balance_of(session, alice).available == 40


def test_actions_22_another_birthday_brings_no_second_reward_in_the_year(
    session: Session, aurora: Shop, alice: Member
) -> None:
    a_rule(session, aurora, "birthday", 100, made_at=LONG_AGO)
    born(session, aurora, alice, 3, 10)
    celebrate(session, aurora, madrid(10, month=3))
    assert balance_of(session, alice).available == 100

    born(session, aurora, alice, 11, 22, at=madrid(11, month=3))
    celebrate(session, aurora, madrid(22))
    assert balance_of(session, alice).available == 100
    celebrate(session, aurora, madrid(22, year=2027))
    assert balance_of(session, alice).available == 200
