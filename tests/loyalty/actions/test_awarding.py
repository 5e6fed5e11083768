"""R157: each action earns once in a member's life, or once for its period, and never by guess."""

from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from loyalty.actions.awarding import award_action, settle_held
from loyalty.members.enrolment import record_customer
from loyalty.members.tables import Member
from loyalty.programme.pausing import pause, resume
from loyalty.programme.tables import EarningRule
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON, a_customer
from tests.loyalty.actions.cast import DANA, a_rule, actions_of, entries_of, told
from tests.loyalty.conftest import balance_of


def install_pass(session: Session, shop: Shop, member: Member, **changes: object) -> object:
    """Alice gets the card onto her phone at noon."""
    times = {"occurred_at": NOON, "now": NOON} | changes
    return award_action(session, shop, member.id, "pass_installed", **times)  # type: ignore[arg-type]


def join(session: Session, shop: Shop, *, is_backfill: bool = False) -> Member:
    """Carol opens an account at noon."""
    facts = a_customer(700, first_name="Carol", email="carol@example.com")
    customer = record_customer(session, shop, facts, now=NOON, is_backfill=is_backfill)
    return session.get_one(Member, (shop.shop_id, customer.member_id))


def test_action_earns_what_its_rule_gives(session: Session, aurora: Shop, alice: Member) -> None:
    a_rule(session, aurora, "pass_installed", 50)

    install_pass(session, aurora, alice)

    (entry,) = entries_of(session, alice)
    assert (entry.points, entry.idempotency_key) == (50, f"action:pass_installed:{alice.id}:ever")
    assert balance_of(session, alice).available == 50
    (event,) = told(session, alice, "points_added")
    assert (event["entry_kind"], event["reason"]) == ("earn_action", "pass_installed")


def test_action_that_comes_twice_earns_once(session: Session, aurora: Shop, alice: Member) -> None:
    a_rule(session, aurora, "pass_installed", 50)

    first = install_pass(session, aurora, alice)
    again = install_pass(session, aurora, alice, now=NOON + timedelta(days=400))

    assert first is not None
    assert again is None
    assert balance_of(session, alice).available == 50


def test_action_that_no_rule_rewarded_earns_nothing_later_either(
    session: Session, aurora: Shop, alice: Member
) -> None:
    install_pass(session, aurora, alice)
    a_rule(session, aurora, "pass_installed", 50)

    install_pass(session, aurora, alice, now=NOON + timedelta(days=1))

    assert actions_of(session, alice) == [("pass_installed", "ever", "unrewarded", 0)]
    assert balance_of(session, alice).available == 0


def test_rule_counts_on_its_first_and_last_day_in_the_shops_zone(
    session: Session, aurora: Shop, alice: Member
) -> None:
    # 23:30 UTC on the 21st is 00:30 on the 22nd in Madrid.
    a_rule(session, aurora, "pass_installed", 50, starts_on="2026-11-22", ends_on="2026-11-22")
    half_past_midnight = NOON - timedelta(hours=12, minutes=30)

    install_pass(session, aurora, alice, occurred_at=half_past_midnight)

    assert balance_of(session, alice).available == 50


def test_rule_is_over_after_its_last_day(session: Session, aurora: Shop, alice: Member) -> None:
    a_rule(session, aurora, "pass_installed", 50, ends_on="2026-11-21")

    install_pass(session, aurora, alice)

    assert balance_of(session, alice).available == 0


def test_rule_rewards_nothing_from_before_it_was_made(
    session: Session, aurora: Shop, alice: Member
) -> None:
    a_rule(session, aurora, "pass_installed", 50, made_at=NOON + timedelta(seconds=1))

    install_pass(session, aurora, alice, now=NOON + timedelta(hours=1))

    assert balance_of(session, alice).available == 0


def test_one_action_earns_by_the_one_rule_that_is_nearest(
    session: Session, aurora: Shop, alice: Member
) -> None:
    a_rule(session, aurora, "pass_installed", 500, priority=2)
    a_rule(session, aurora, "pass_installed", 30, priority=1)
    a_rule(session, aurora, "pass_installed", 40, priority=1)

    install_pass(session, aurora, alice)

    assert balance_of(session, alice).available == 40


def test_rule_that_cannot_be_used_gives_nothing_and_another_does(
    session: Session, aurora: Shop, alice: Member
) -> None:
    broken = a_rule(session, aurora, "pass_installed", 500, priority=1)
    a_rule(session, aurora, "pass_installed", 40, priority=2)
    session.execute(
        update(EarningRule)
        .where(EarningRule.shop_id == aurora.shop_id, EarningRule.id == broken.id)
        .values(conditions={"moon": "full"})
    )
    session.expire_all()

    install_pass(session, aurora, alice)

    assert balance_of(session, alice).available == 40


def test_put_away_member_earns_nothing(session: Session, aurora: Shop, alice: Member) -> None:
    a_rule(session, aurora, "pass_installed", 50)
    alice.state = "archived"
    session.flush()

    assert install_pass(session, aurora, alice) is None
    assert actions_of(session, alice) == []


def test_joining_is_rewarded_once(session: Session, aurora: Shop) -> None:
    a_rule(session, aurora, "signup", 25)

    carol = join(session, aurora)
    join(session, aurora)

    assert balance_of(session, carol).available == 25


def test_who_comes_with_the_history_has_not_signed_up(session: Session, aurora: Shop) -> None:
    a_rule(session, aurora, "signup", 25)

    carol = join(session, aurora, is_backfill=True)

    assert actions_of(session, carol) == []
    assert balance_of(session, carol).available == 0


@pytest.mark.parametrize(
    ("mode", "points", "state"), [("catch_up", 50, "earned"), ("skip", 0, "forgone")]
)
def test_what_is_done_in_a_pause_waits_for_the_merchants_choice(
    session: Session, aurora: Shop, alice: Member, mode: str, points: int, state: str
) -> None:
    a_rule(session, aurora, "pass_installed", 50)
    pause(session, aurora.shop_id, resume_mode=mode, actor=DANA, now=NOON - timedelta(hours=1))
    install_pass(session, aurora, alice)
    during = actions_of(session, alice), settle_held(session, aurora, now=NOON)

    resume(session, aurora.shop_id, actor=DANA, now=NOON + timedelta(hours=1))
    settled = settle_held(session, aurora, now=NOON + timedelta(hours=2))

    assert during == ([("pass_installed", "ever", "held", 50)], 0)
    assert settled == 1
    assert actions_of(session, alice) == [("pass_installed", "ever", state, points)]
    assert balance_of(session, alice).available == points


def test_settling_again_writes_nothing(session: Session, aurora: Shop, alice: Member) -> None:
    a_rule(session, aurora, "pass_installed", 50)
    pause(session, aurora.shop_id, resume_mode="catch_up", actor=DANA, now=NOON)
    install_pass(session, aurora, alice)
    resume(session, aurora.shop_id, actor=DANA, now=NOON + timedelta(hours=1))
    settle_held(session, aurora, now=NOON + timedelta(hours=2))

    assert settle_held(session, aurora, now=NOON + timedelta(hours=3)) == 0
    assert len(entries_of(session, alice)) == 1
