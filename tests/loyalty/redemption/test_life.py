"""What becomes of a reservation: issued, used, returned, postponed; twice and out of order."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.audit import SYSTEM
from loyalty.base.errors import NotReturnable, RedemptionNotFound
from loyalty.base.ids import new_id
from loyalty.members.tables import Member, TimelineEvent
from loyalty.orders.recording import record_order
from loyalty.outbox import OutboxEvent
from loyalty.redemption import doubts
from loyalty.redemption.due import begin_expired, list_due
from loyalty.redemption.issuing import issue, postpone, refuse
from loyalty.redemption.returning import begin, finish
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON
from tests.loyalty.conftest import install_shop
from tests.loyalty.ledger.cast import agree, figures
from tests.loyalty.redemption.cast import GID, STAFF, a_reward, have_points, issued, reserved
from tests.loyalty.redemption.uses_cast import carrying

SOON = NOON + timedelta(minutes=1)


def events(session: Session, member: Member, prefix: str = "reward_") -> list[str]:
    rows = session.scalars(
        select(TimelineEvent.kind)
        .where(TimelineEvent.member_id == member.id, TimelineEvent.kind.startswith(prefix))
        .order_by(TimelineEvent.id)
    )
    return [kind for kind in rows if kind != "reward_redeemable"]


def test_issuing_twice_is_issuing_once(session: Session, aurora: Shop, alice: Member) -> None:
    have_points(session, alice, 100)
    redemption = reserved(session, aurora, alice, a_reward(session, aurora), sends_email=True)

    for _ in range(2):
        issue(session, aurora.shop_id, redemption.id, discount_gid=GID, now=SOON)

    assert (redemption.state, redemption.discount_gid) == ("issued", GID)
    assert (redemption.issued_at, redemption.next_at) == (SOON, None)
    assert events(session, alice) == ["reward_redeemed"]
    asked = session.scalars(select(OutboxEvent).where(OutboxEvent.kind == "reward_email_asked"))
    told = {"redemption_id": str(redemption.id), "is_asked_for": True}
    assert [event.body for event in asked] == [told]


def test_a_refusal_gives_the_points_back_once(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_points(session, alice, 100)
    redemption = reserved(session, aurora, alice, a_reward(session, aurora))

    for _ in range(2):
        refuse(session, aurora.shop_id, redemption.id, reason="too many discounts", now=SOON)

    assert (redemption.state, redemption.reason) == ("returned", "too many discounts")
    assert redemption.points_returned == 100
    assert figures(session, alice) == (100, 0, 100, 0)
    assert events(session, alice) == ["reward_returned"]
    assert agree(session, aurora.shop_id)


def test_a_code_that_turns_up_after_the_refusal_is_disabled_and_the_points_stay(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_points(session, alice, 100)
    redemption = reserved(session, aurora, alice, a_reward(session, aurora))
    refuse(session, aurora.shop_id, redemption.id, reason="gone", now=NOON)

    issue(session, aurora.shop_id, redemption.id, discount_gid=GID, now=SOON)

    assert redemption.state == "returning"
    assert list_due(session, aurora.shop_id, now=SOON, limit=10) == [redemption.id]
    finish(session, aurora.shop_id, redemption.id, now=SOON)
    assert (redemption.state, figures(session, alice)[0]) == ("returned", 100)


def test_a_credit_that_turns_up_after_the_refusal_is_paid_again_and_flagged(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_points(session, alice, 100)
    redemption = reserved(session, aurora, alice, a_reward(session, aurora, kind="store_credit"))
    refuse(session, aurora.shop_id, redemption.id, reason="gone", now=NOON)
    reserved(session, aurora, alice, a_reward(session, aurora))

    for _ in range(2):
        issue(session, aurora.shop_id, redemption.id, discount_gid=GID, now=SOON)

    assert (redemption.state, redemption.flags) == ("used", ["credited_after_return"])
    assert figures(session, alice)[0] == -100
    assert agree(session, aurora.shop_id)


def test_the_points_come_back_only_when_the_code_is_dead(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_points(session, alice, 100)
    redemption = issued(session, aurora, alice, a_reward(session, aurora))

    begin(session, aurora.shop_id, redemption.id, reason="voided", actor=STAFF, now=SOON)
    assert (redemption.state, figures(session, alice)[0]) == ("returning", 0)

    for _ in range(2):
        finish(session, aurora.shop_id, redemption.id, now=SOON)
    assert (redemption.state, redemption.reason) == ("returned", "voided")
    assert figures(session, alice) == (100, 0, 100, 0)
    assert events(session, alice) == ["reward_redeemed", "reward_returned"]


def test_what_is_not_begun_is_not_finished(session: Session, aurora: Shop, alice: Member) -> None:
    have_points(session, alice, 100)
    redemption = issued(session, aurora, alice, a_reward(session, aurora))

    finish(session, aurora.shop_id, redemption.id, now=SOON)

    assert (redemption.state, figures(session, alice)[0]) == ("issued", 0)


def test_what_cannot_be_taken_back_says_why(session: Session, aurora: Shop, alice: Member) -> None:
    have_points(session, alice, 500)
    reward = a_reward(session, aurora)
    credit = issued(session, aurora, alice, a_reward(session, aurora, kind="store_credit"))
    making = reserved(session, aurora, alice, reward)
    used = issued(session, aurora, alice, reward)
    used.state = "used"
    session.flush()

    for redemption, why in ((credit, "Store credit"), (making, "being made"), (used, "was used")):
        with pytest.raises(NotReturnable, match=why):
            begin(session, aurora.shop_id, redemption.id, reason="x", actor=STAFF, now=SOON)


def test_a_test_order_keeps_nobody_from_taking_the_code_back(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_points(session, alice, 100)
    redemption = issued(session, aurora, alice, a_reward(session, aurora))
    order = carrying(redemption, is_test=True, is_paid=False)
    record_order(session, aurora, order, now=NOON, is_backfill=False)

    begin(session, aurora.shop_id, redemption.id, reason="x", actor=STAFF, now=SOON)

    assert redemption.state == "returning"


def test_a_sweep_takes_what_is_due_and_leaves_it_to_nobody_else_for_a_while(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_points(session, alice, 100)
    redemption = reserved(session, aurora, alice, a_reward(session, aurora))
    due = NOON + timedelta(seconds=30)

    early = list_due(session, aurora.shop_id, now=due - timedelta(seconds=1), limit=10)
    first = list_due(session, aurora.shop_id, now=due, limit=10)
    again = list_due(session, aurora.shop_id, now=due + timedelta(seconds=29), limit=10)

    assert (early, first, again) == ([], [redemption.id], [])


def test_who_cannot_tell_what_became_of_it_looks_again_soon_then_once_a_minute(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_points(session, alice, 100)
    redemption = reserved(session, aurora, alice, a_reward(session, aurora))

    waits = []
    for _ in range(7):
        postpone(session, aurora.shop_id, redemption.id, error="timeout", now=NOON)
        assert redemption.next_at is not None
        waits.append((redemption.next_at - NOON).seconds)

    assert waits == [5, 10, 20, 40, 60, 60, 60]
    assert (redemption.state, redemption.error, figures(session, alice)[0]) == (
        "reserved",
        "timeout",
        0,
    )


def test_of_two_who_ask_for_one_credit_one_may(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_points(session, alice, 100)
    redemption = reserved(session, aurora, alice, a_reward(session, aurora, kind="store_credit"))
    settled = timedelta(minutes=10)

    def may_ask(after: timedelta) -> bool:
        ids, now = (aurora.shop_id, redemption.id), NOON + after
        return doubts.begin(session, *ids, 501, settled_before=now - settled, now=now)

    asked = [may_ask(timedelta(0)), may_ask(timedelta(seconds=1)), may_ask(settled)]
    issue(session, aurora.shop_id, redemption.id, discount_gid=GID, now=NOON + settled)

    assert asked == [True, False, True]
    # Nor is what was paid by now asked for again, however long ago that was.
    assert not may_ask(timedelta(days=1))


def test_a_code_whose_time_is_over_begins_to_return_at_that_instant(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_points(session, alice, 100)
    redemption = issued(session, aurora, alice, a_reward(session, aurora))
    over = redemption.expires_at
    assert over is not None
    just_before = over - timedelta(microseconds=1)

    assert begin_expired(session, aurora.shop_id, now=just_before, limit=10) == 0
    assert begin_expired(session, aurora.shop_id, now=over, limit=10) == 1
    assert begin_expired(session, aurora.shop_id, now=over, limit=10) == 0

    assert (redemption.state, redemption.reason) == ("returning", "expired")
    assert list_due(session, aurora.shop_id, now=over, limit=10) == [redemption.id]


def test_a_redemption_of_another_shop_is_not_found(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_points(session, alice, 100)
    redemption = issued(session, aurora, alice, a_reward(session, aurora))
    borealis = install_shop(session, "borealis", currency="USD", timezone="UTC")

    with pytest.raises(RedemptionNotFound):
        begin(session, borealis.shop_id, redemption.id, reason="x", actor=SYSTEM, now=SOON)
    with pytest.raises(RedemptionNotFound):
        finish(session, borealis.shop_id, new_id(), now=SOON)


def test_a_code_that_an_order_carried_before_the_answer_is_told_once(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_points(session, alice, 100)
    redemption = reserved(session, aurora, alice, a_reward(session, aurora))

    order = carrying(redemption)
    record_order(session, aurora, order, now=SOON, is_backfill=False)
    issue(session, aurora.shop_id, redemption.id, discount_gid=GID, now=SOON)

    assert redemption.state == "used"
    assert events(session, alice) == ["reward_redeemed", "reward_used"]
