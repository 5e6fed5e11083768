"""What a change of a member does to their passes, and to the devices that have them."""

import time
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.members.tables import TimelineEvent
from loyalty.orders.recording import record_order
from loyalty.queries.profile import get_profile
from loyalty.shops.directory import get_shop
from sandbox.apple.world import World
from tests.factories.facts import NOON, a_line, an_order
from tests.wallet.cast import Cardholder, join
from wallet.apple import registrations
from wallet.errors import ApplePassError
from wallet.pacing import TooSoon
from wallet.subscriber import give_up, refresh_member, refresh_members
from wallet.tables import AppleDevice, MemberToken, WalletPass

PHONE, TABLET = "a" * 32, "b" * 32


@pytest.fixture
def push_token(apple: World, client: FlaskClient, alice: Cardholder) -> str:
    """Alice's pass is on her phone; this is its push token."""
    alice.open_pass()
    return _install(apple, alice, PHONE)


def test_member_without_a_pass_is_left_alone(client: FlaskClient, alice: Cardholder) -> None:
    alice.earn(10)

    refresh_member(alice.shop_id, alice.member_id)

    assert alice.timeline() == ["points_added"]


def test_new_balance_makes_a_revision_and_one_push(
    apple: World, alice: Cardholder, push_token: str
) -> None:
    alice.earn(10)

    refresh_member(alice.shop_id, alice.member_id)

    card = alice.the_pass()
    assert (card.revision, card.content["balance"]) == (2, "10")
    assert _pushes(apple, push_token) == [200]
    assert alice.timeline()[-2:] == ["push_created", "push_sent"]


def test_second_call_for_the_same_change_does_nothing(
    apple: World, alice: Cardholder, push_token: str
) -> None:
    alice.earn(10)

    refresh_member(alice.shop_id, alice.member_id)
    refresh_member(alice.shop_id, alice.member_id)

    assert alice.the_pass().revision == 2
    assert _pushes(apple, push_token) == [200]
    assert alice.timeline().count("push_sent") == 1


def test_further_change_waits_two_seconds_and_then_tells_the_newest_only(
    apple: World, alice: Cardholder, push_token: str
) -> None:
    alice.earn(1)
    refresh_member(alice.shop_id, alice.member_id)
    alice.earn(2)
    with pytest.raises(TooSoon) as early:
        refresh_member(alice.shop_id, alice.member_id)
    alice.earn(3)
    assert timedelta(seconds=1) < early.value.retry_after <= timedelta(seconds=2)
    assert alice.the_pass().revision == 2

    time.sleep(early.value.retry_after.total_seconds())
    refresh_member(alice.shop_id, alice.member_id)

    card = alice.the_pass()
    assert (card.revision, card.content["balance"]) == (3, "6")
    assert _pushes(apple, push_token) == [200, 200]


def test_change_that_no_phone_shows_does_not_wait(
    apple: World, alice: Cardholder, push_token: str
) -> None:
    alice.earn(1)
    refresh_member(alice.shop_id, alice.member_id)

    refresh_member(alice.shop_id, alice.member_id)

    assert _pushes(apple, push_token) == [200]


def test_many_members_are_pushed_in_one_call_and_each_has_its_own_end(
    apple: World, alice: Cardholder, push_token: str
) -> None:
    carol = join(alice.shop_id, "Carol", customer_id=503)
    dave = join(alice.shop_id, "Dave", customer_id=504)
    carol.open_pass()
    broken = _install(apple, carol, TABLET)
    for holder in (alice, carol, dave):
        holder.earn(10)
    apple.faults.add({"kind": "status", "status": 503, "token": broken})

    members = [holder.member_id for holder in (alice, carol, dave)]
    errors = refresh_members(alice.shop_id, members)

    assert [str(errors[member]) for member in members] == [
        *("None", "push failed: 503 ServiceUnavailable", "None"),
    ]
    assert alice.timeline()[-2:] == ["push_created", "push_sent"]
    assert carol.timeline()[-1] == "push_created"
    assert dave.timeline() == ["points_added"]


def test_tags_of_a_batch_follow_each_other_without_a_gap(
    apple: World, alice: Cardholder, push_token: str
) -> None:
    carol = join(alice.shop_id, "Carol", customer_id=503)
    cards = [alice.the_pass(), carol.open_pass()]
    last = max(card.tag for card in cards)
    for holder in (alice, carol):
        holder.earn(10)

    refresh_members(alice.shop_id, [alice.member_id, carol.member_id])

    with shop_transaction(alice.shop_id) as session:
        tags = sorted(session.scalars(select(WalletPass.tag)))
    assert tags == [last + 1, last + 2]


def test_change_of_the_name_alone_is_pushed_and_is_no_message(
    apple: World, alice: Cardholder, push_token: str
) -> None:
    alice.rename("Alicia")

    refresh_member(alice.shop_id, alice.member_id)

    assert _pushes(apple, push_token) == [200]
    assert alice.timeline() == ["pass_installed"]
    assert alice.hops() == ["2 queued", "2 accepted"]


def test_paused_balance_is_pushed_and_is_no_message(
    apple: World, alice: Cardholder, push_token: str
) -> None:
    alice.prefer("balance", False)
    alice.earn(10)

    refresh_member(alice.shop_id, alice.member_id)

    assert _pushes(apple, push_token) == [200]
    assert [kind for kind in alice.timeline() if kind.startswith("push")] == []


def test_message_that_failed_is_sent_with_the_silent_change_after_it(
    apple: World, alice: Cardholder, push_token: str
) -> None:
    alice.earn(10)
    apple.faults.add({"kind": "status", "status": 503, "token": push_token})
    with pytest.raises(ApplePassError):
        refresh_member(alice.shop_id, alice.member_id)
    alice.rename("Alicia")

    refresh_member(alice.shop_id, alice.member_id)

    assert alice.timeline()[-2:] == ["push_created", "push_sent"]
    assert alice.timeline().count("push_created") == 1


def test_push_that_a_newer_one_overtakes_is_the_same_push_and_has_one_end(
    apple: World, alice: Cardholder, push_token: str
) -> None:
    alice.earn(1)
    apple.faults.add({"kind": "status", "status": 503, "token": push_token})
    with pytest.raises(ApplePassError):
        refresh_member(alice.shop_id, alice.member_id)
    alice.earn(2)

    refresh_member(alice.shop_id, alice.member_id)

    assert alice.the_pass().content["balance"] == "3"
    assert _told(alice) == ["push_created", "push_sent"]


def test_push_that_was_overtaken_has_one_failure(
    apple: World, alice: Cardholder, push_token: str
) -> None:
    for points in (1, 2):
        alice.earn(points)
        apple.faults.add({"kind": "status", "status": 503, "token": push_token})
        with pytest.raises(ApplePassError):
            refresh_member(alice.shop_id, alice.member_id)

    give_up(alice.shop_id, alice.member_id, "503 ServiceUnavailable")

    assert _told(alice) == ["push_created", "push_failed"]


def test_hops_of_a_push_tell_what_apns_said(
    apple: World, alice: Cardholder, push_token: str
) -> None:
    alice.earn(10)
    apple.faults.add({"kind": "status", "status": 503, "token": push_token})
    with pytest.raises(ApplePassError):
        refresh_member(alice.shop_id, alice.member_id)
    refresh_member(alice.shop_id, alice.member_id)

    assert alice.hops() == ["2 queued", "2 refused", "2 accepted"]
    reasons = {hop.hop: (hop.device_id, hop.reason) for hop in alice.hop_rows()}
    assert reasons["refused"] == (PHONE, "503 ServiceUnavailable")
    assert reasons["accepted"] == (PHONE, None)


def test_several_changes_before_a_call_are_one_revision(
    apple: World, alice: Cardholder, push_token: str
) -> None:
    for points in (1, 2, 3):
        alice.earn(points)

    refresh_member(alice.shop_id, alice.member_id)

    card = alice.the_pass()
    assert (card.revision, card.content["balance"]) == (2, "6")
    assert _pushes(apple, push_token) == [200]


def test_busy_apns_asks_for_another_try_which_pushes_the_same_revision(
    apple: World, alice: Cardholder, push_token: str
) -> None:
    alice.earn(10)
    apple.faults.add({"kind": "status", "status": 503, "token": push_token})

    with pytest.raises(ApplePassError) as failed:
        refresh_member(alice.shop_id, alice.member_id)
    refresh_member(alice.shop_id, alice.member_id)

    assert failed.value.retryable
    assert alice.the_pass().revision == 2
    assert _pushes(apple, push_token) == [503, 200]
    assert alice.timeline()[-2:] == ["push_created", "push_sent"]


def test_retry_goes_only_to_the_device_that_was_missed(
    apple: World, alice: Cardholder, push_token: str
) -> None:
    other = _install(apple, alice, TABLET)
    alice.earn(10)
    apple.faults.add({"kind": "status", "status": 503, "token": push_token})

    with pytest.raises(ApplePassError):
        refresh_member(alice.shop_id, alice.member_id)
    refresh_member(alice.shop_id, alice.member_id)

    assert _pushes(apple, push_token) == [503, 200]
    assert _pushes(apple, other) == [200]
    assert alice.timeline().count("push_sent") == 1


def test_refused_certificate_is_a_failed_push_with_its_reason(
    apple: World, alice: Cardholder, push_token: str
) -> None:
    alice.earn(10)
    fault = {"kind": "status", "status": 403, "reason": "BadCertificate", "token": push_token}
    apple.faults.add(fault)

    with pytest.raises(ApplePassError, match="403 BadCertificate") as failed:
        refresh_member(alice.shop_id, alice.member_id)

    assert not failed.value.retryable
    with shop_transaction(alice.shop_id) as session:
        event = session.scalars(
            select(TimelineEvent).where(TimelineEvent.kind == "push_failed")
        ).one()
    assert event.details == {"platform": "apple", "reason": "403 BadCertificate"}


def test_push_without_a_try_left_is_told_as_failed_once(
    apple: World, alice: Cardholder, push_token: str
) -> None:
    alice.earn(10)
    apple.faults.add({"kind": "status", "status": 503, "token": push_token})
    with pytest.raises(ApplePassError):
        refresh_member(alice.shop_id, alice.member_id)

    for _ in range(2):
        give_up(alice.shop_id, alice.member_id, "503 ServiceUnavailable")

    assert alice.timeline()[-2:] == ["push_created", "push_failed"]


def test_push_that_was_sent_cannot_fail_afterwards(
    apple: World, alice: Cardholder, push_token: str
) -> None:
    alice.earn(10)
    refresh_member(alice.shop_id, alice.member_id)

    give_up(alice.shop_id, alice.member_id, "too late")

    assert alice.timeline()[-1] == "push_sent"


def test_device_whose_token_died_is_forgotten_without_a_pass_removed(
    apple: World, alice: Cardholder, push_token: str
) -> None:
    alice.earn(10)
    apple.tokens.unregister(push_token)

    refresh_member(alice.shop_id, alice.member_id)

    assert [r.removed_at is None for r in alice.registrations()] == [False]
    assert "pass_removed" not in alice.timeline()
    assert alice.timeline()[-1] == "push_failed"


def test_device_that_registered_again_after_its_token_died_is_kept(
    apple: World, alice: Cardholder, push_token: str
) -> None:
    alice.earn(10)
    apple.tokens.unregister(push_token)
    with shop_transaction(alice.shop_id) as session:
        later = utc_now().replace(year=utc_now().year + 1)
        session.execute(update(AppleDevice).values(registered_at=later))

    refresh_member(alice.shop_id, alice.member_id)

    assert [r.removed_at is None for r in alice.registrations()] == [True]


def test_change_that_the_card_does_not_show_makes_no_revision(
    apple: World, alice: Cardholder, push_token: str
) -> None:
    refresh_member(alice.shop_id, alice.member_id)

    assert alice.the_pass().revision == 1
    assert _pushes(apple, push_token) == []


def test_erased_member_has_a_void_pass_that_names_nobody(
    apple: World, alice: Cardholder, push_token: str
) -> None:
    alice.erase()

    refresh_member(alice.shop_id, alice.member_id)

    card = alice.the_pass()
    assert card.voided_at is not None
    assert card.content["voided"] and not card.content["name"] and not card.content["token"]
    assert _pushes(apple, push_token) == [200]


def test_card_keeps_its_token_from_revision_to_revision(
    apple: World, alice: Cardholder, push_token: str
) -> None:
    before = alice.the_pass().content["token"]
    alice.earn(10)

    refresh_member(alice.shop_id, alice.member_id)

    assert alice.the_pass().content["token"] == before
    with shop_transaction(alice.shop_id) as session:
        assert [row.epoch for row in session.scalars(select(MemberToken))] == [1]


def test_member_of_another_shop_is_not_touched(
    apple: World, alice: Cardholder, bob: Cardholder, push_token: str
) -> None:
    alice.earn(10)

    refresh_member(bob.shop_id, alice.member_id)

    assert alice.the_pass().revision == 1
    assert _pushes(apple, push_token) == []


def test_history_that_is_read_in_sends_no_push(
    apple: World, alice: Cardholder, push_token: str
) -> None:
    past = NOON - timedelta(days=60)
    old = {"created_at": past, "processed_at": past, "updated_at": past}
    with shop_transaction(alice.shop_id) as session:
        shop = get_shop(session, alice.shop_id)
        order = an_order(9, a_line(gross_minor=4000), **old)
        record_order(session, shop, order, now=utc_now(), is_backfill=True)

    refresh_member(alice.shop_id, alice.member_id)

    assert _pushes(apple, push_token) == [] and _told(alice) == []
    with shop_transaction(alice.shop_id) as session:
        spend = get_profile(session, alice.shop_id, alice.member_id).total_spend
    assert spend.decimal() == 40


def _install(apple: World, holder: Cardholder, device_id: str) -> str:
    token = apple.tokens.issue()
    card = holder.the_pass()
    with shop_transaction(holder.shop_id) as session:
        registrations.register(session, session.merge(card), device_id, token, now=utc_now())
    return token


def _told(holder: Cardholder) -> list[str]:
    """The timeline's words on pushes, oldest first."""
    return [kind for kind in holder.timeline() if kind.startswith("push_")]


def _pushes(apple: World, token: str) -> list[int]:
    """The answers that APNs gave for this token, oldest first."""
    return [push["status"] for push in apple.apns.as_json()[::-1] if push["token"] == token]
