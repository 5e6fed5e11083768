"""What two accounts of one person did counts as done by the survivor; an undo takes it home."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy.orm import Session

from loyalty.actions.awarding import award_action, settle_held
from loyalty.actions.check_ins import Tap, check_in
from loyalty.base.errors import MemberHasMoved
from loyalty.members.tables import Member
from loyalty.merging.undoing import undo
from loyalty.programme.pausing import pause, resume
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON
from tests.loyalty.actions.cast import DANA, a_place, a_rule, actions_of, entries_of
from tests.loyalty.conftest import balance_of
from tests.loyalty.merging.cast import STAFF, assert_books_agree, make_one, second_account

LATER = NOON + timedelta(days=2)


@pytest.fixture
def other(session: Session, aurora: Shop, alice: Member) -> Member:
    """Alice's second account."""
    return second_account(session, aurora)


def install_pass(session: Session, shop: Shop, member: Member, days: int = 0) -> None:
    at = NOON + timedelta(days=days)
    award_action(session, shop, member.id, "pass_installed", occurred_at=at, now=at)


def test_survivor_has_done_what_the_other_account_did(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    a_rule(session, aurora, "pass_installed", 50)
    install_pass(session, aurora, other)
    make_one(session, aurora, alice, other)

    install_pass(session, aurora, alice, days=1)

    assert actions_of(session, alice) == [("pass_installed", "ever", "earned", 50)]
    assert balance_of(session, alice).available == 50
    assert_books_agree(session, aurora)


def test_each_account_has_done_its_own_again_after_an_undo(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    a_rule(session, aurora, "pass_installed", 50)
    install_pass(session, aurora, other)
    merged = make_one(session, aurora, alice, other)

    undo(session, aurora, merged.id, actor=STAFF, now=LATER)
    install_pass(session, aurora, alice, days=3)
    install_pass(session, aurora, other, days=3)

    assert [balance_of(session, one).available for one in (alice, other)] == [50, 50]
    assert_books_agree(session, aurora)


def test_week_in_which_the_other_account_checked_in_is_had(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    place = a_place(session, aurora)
    a_rule(session, aurora, "check_in", 5, limits={"check_in": "month"})
    check_in(session, aurora, other.id, Tap(place, uuid4(), NOON, DANA), now=NOON)
    make_one(session, aurora, alice, other)

    again = check_in(session, aurora, alice.id, Tap(place, uuid4(), LATER, DANA), now=LATER)

    assert again.points == 0
    assert balance_of(session, alice).available == 5


def test_nothing_is_awarded_to_a_member_who_was_merged(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    a_rule(session, aurora, "pass_installed", 50)
    make_one(session, aurora, alice, other)

    with pytest.raises(MemberHasMoved):
        install_pass(session, aurora, other)
    assert entries_of(session, other) == []


def test_what_both_accounts_did_in_a_pause_is_credited_once(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    a_rule(session, aurora, "pass_installed", 50)
    pause(session, aurora.shop_id, resume_mode="catch_up", actor=DANA, now=NOON)
    for member in (alice, other):
        install_pass(session, aurora, member)
    make_one(session, aurora, alice, other)
    resume(session, aurora.shop_id, actor=DANA, now=LATER)

    settled = [settle_held(session, aurora, now=LATER) for _ in range(2)]

    assert settled == [1, 0]
    assert balance_of(session, alice).available == 50
    assert actions_of(session, other) == [("pass_installed", "ever", "held", 50)]
