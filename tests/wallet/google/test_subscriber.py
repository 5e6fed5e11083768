"""What a change of a member does to their card at Google."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from loyalty.audit import Actor
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.members.tables import Member
from loyalty.outbox import OutboxEvent
from loyalty.preferences import set_preference
from loyalty.shops.tables import Shop
from tests.sandbox.google.stand_in import StandIn
from tests.wallet.cast import Cardholder
from tests.wallet.google.conftest import Card, open_card
from wallet import setup
from wallet.errors import GoogleWalletError
from wallet.google.client import shared_client
from wallet.google.leases import LEASE, LeaseHeld
from wallet.google.objects import lock_object
from wallet.google.sending import _begin_object
from wallet.google.subscriber import give_up, refresh_member, refresh_members
from wallet.messages import balance_messages, note_created, note_sent
from wallet.pacing import TooSoon


def test_member_without_a_card_is_left_alone(google: StandIn, alice: Cardholder) -> None:
    before = google.requests_in()
    alice.earn(10)

    refresh_member(alice.shop_id, alice.member_id)

    assert google.requests_in() == before
    assert alice.timeline() == ["points_added"]


def test_new_balance_is_patched_and_shown_on_the_phone(alices: Card) -> None:
    alices.holder.earn(10)

    alices.refresh()

    assert alices.points == 10
    assert alices.changes() == [("PATCH", 200)]
    assert [note["text"] for note in alices.theirs["shown"]] == ["points: 10"]
    assert alices.pushes() == ["push_created", "push_sent"]
    assert alices.hops()[-2:] == [(2, "queued"), (2, "accepted")]


def test_only_what_changed_is_sent(alices: Card) -> None:
    alices.holder.rename("Alicia")

    alices.refresh()

    sent = alices.google.call("GET", "/received")["entries"][-1]["body"]
    assert sent.keys() == {"accountName"}
    assert alices.theirs["content"]["accountName"].startswith("Alicia")


def test_second_call_for_the_same_change_sends_nothing(alices: Card) -> None:
    alices.holder.earn(10)

    alices.refresh()
    alices.refresh()

    assert alices.changes() == [("PATCH", 200)]
    assert alices.pushes() == ["push_created", "push_sent"]


def test_several_changes_before_a_call_are_one(alices: Card) -> None:
    for points in (1, 2, 3):
        alices.holder.earn(points)

    alices.refresh()

    assert alices.points == 6
    assert alices.changes() == [("PATCH", 200)]


def test_card_that_nobody_saved_changes_without_a_push(app_url: str, google: StandIn,
                                                       alice: Cardholder) -> None:  # fmt: skip
    card = open_card(google, alice)
    alice.earn(10)

    card.refresh()

    assert card.points == 10
    assert card.pushes() == []
    assert card.notices() == []


def test_further_push_within_two_seconds_waits_and_then_sends_the_newest(alices: Card) -> None:
    alices.holder.earn(10)
    alices.refresh()
    alices.holder.earn(1)

    with pytest.raises(TooSoon):
        refresh_member(alices.holder.shop_id, alices.holder.member_id)
    alices.holder.earn(1)
    alices.refresh()

    assert alices.points == 12
    assert alices.changes() == [("PATCH", 200)] * 2


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"kind": "status", "status": 429}, "429 rateLimitExceeded"),
        ({"kind": "status", "status": 503}, "503 backendError"),
        ({"kind": "down"}, "no answer"),
    ],
)
def test_trouble_at_google_asks_for_another_try(
    alices: Card, fault: dict[str, object], reason: str
) -> None:
    alices.holder.earn(10)
    alices.google.set_fault(surface="api", **fault)  # type: ignore[arg-type]

    with pytest.raises(GoogleWalletError, match=reason) as failed:
        alices.refresh()
    alices.refresh()

    assert failed.value.retryable
    assert alices.points == 10
    assert alices.pushes() == ["push_created", "push_sent"]
    assert alices.notices() == ["balance"]


def test_push_that_a_newer_one_overtakes_is_the_same_push_and_has_one_end(alices: Card) -> None:
    alices.holder.earn(1)
    alices.google.set_fault("status", surface="api", status=503)
    with pytest.raises(GoogleWalletError):
        alices.refresh()
    alices.holder.earn(2)

    alices.refresh()

    assert alices.points == 3
    assert alices.pushes() == ["push_created", "push_sent"]


def test_push_in_doubt_ends_with_the_silent_change_when_the_day_has_no_place_left(
    alices: Card,
) -> None:
    alices.holder.earn(1)
    alices.refresh()
    alices.holder.earn(2)
    alices.google.set_fault("status", surface="api", status=503)
    with pytest.raises(GoogleWalletError):
        alices.refresh()
    alices.holder.earn(4)

    alices.refresh()

    assert alices.points == 7
    assert alices.notices() == ["balance", "balance"]
    assert alices.pushes() == ["push_created", "push_sent"] * 2


def test_balance_that_needs_another_form_replaces_the_whole_card(alices: Card) -> None:
    alices.holder.earn(2**31 - 1)
    alices.refresh()
    alices.holder.earn(1)

    alices.refresh()

    assert alices.theirs["content"]["loyaltyPoints"]["balance"] == {"string": "2147483648"}
    assert alices.changes() == [("PATCH", 200), ("PUT", 200)]


def test_slow_google_is_waited_for(alices: Card) -> None:
    alices.holder.earn(10)
    alices.google.set_fault("slow", surface="api", seconds=1)

    alices.refresh()

    assert alices.points == 10


def test_lost_answer_leads_to_the_whole_card_once_more(alices: Card) -> None:
    alices.holder.earn(10)
    alices.google.set_fault("cut", surface="api")
    with pytest.raises(GoogleWalletError):
        alices.refresh()
    assert alices.points == 10  # it was done all the same
    alices.holder.earn(5)

    alices.refresh()

    assert alices.points == 15
    assert [method for method, _ in alices.changes()] == ["PATCH", "PUT"]


def test_change_that_went_back_after_a_lost_answer_reaches_google(alices: Card) -> None:
    alices.holder.rename("Alicia")
    alices.google.set_fault("cut", surface="api")
    with pytest.raises(GoogleWalletError):
        alices.refresh()
    alices.holder.rename("Alice")

    alices.refresh()

    assert alices.theirs["content"]["accountName"].startswith("Alice ")


def test_token_that_google_no_longer_takes_is_renewed(alices: Card) -> None:
    alices.google.call("POST", "/_control/tokens/revoke")
    alices.holder.earn(10)

    alices.refresh()

    assert alices.points == 10
    assert alices.changes() == [("PATCH", 401), ("PATCH", 200)]


def test_token_endpoint_in_trouble_asks_for_another_try(alices: Card) -> None:
    alices.google.call("POST", "/_control/tokens/revoke")
    alices.google.set_fault("down", surface="token", times=None)
    alices.holder.earn(10)

    with pytest.raises(GoogleWalletError) as failed:
        alices.refresh()
    alices.google.call("DELETE", "/_control/faults")
    alices.refresh()

    assert failed.value.retryable
    assert alices.points == 10


def test_object_that_google_lost_is_inserted_again(alices: Card) -> None:
    lost = f"/_control/resources/LoyaltyObject/{alices.object_id}"
    alices.google.call("DELETE", lost)
    alices.holder.earn(10)

    alices.refresh()

    assert alices.points == 10


def test_class_that_google_lost_is_inserted_again(alices: Card) -> None:
    for kind, name in (("LoyaltyObject", alices.object_id), ("LoyaltyClass", alices.row.class_id)):
        alices.google.call("DELETE", f"/_control/resources/{kind}/{name}")
    alices.holder.earn(10)

    with pytest.raises(GoogleWalletError, match="class") as failed:
        alices.refresh()
    alices.refresh()

    assert failed.value.retryable
    assert alices.points == 10


def test_refusal_is_a_failed_push_with_its_reason_and_frees_its_notice(alices: Card) -> None:
    alices.holder.earn(10)
    alices.google.set_fault("status", surface="api", status=403)

    with pytest.raises(GoogleWalletError, match="403 permissionDenied") as failed:
        alices.refresh()

    assert not failed.value.retryable
    details = {"platform": "google", "reason": "403 permissionDenied"}
    assert alices.details("push_failed") == [details]
    assert alices.hops()[-1] == (2, "refused")
    assert alices.notices() == []


def test_push_without_a_try_left_is_told_as_failed_once(alices: Card) -> None:
    alices.holder.earn(10)
    alices.google.set_fault("down", surface="api")
    with pytest.raises(GoogleWalletError):
        alices.refresh()

    for _ in range(2):
        give_up(alices.holder.shop_id, alices.holder.member_id, "no answer: ConnectionError")

    assert alices.pushes() == ["push_created", "push_failed"]


def test_shop_with_a_new_name_brings_its_class_up_to_date(alices: Card) -> None:
    with shop_transaction(alices.holder.shop_id) as session:
        session.get_one(Shop, alices.holder.shop_id).name = "Aurora Roasters"
    alices.holder.earn(10)

    alices.refresh()

    classes = alices.google.call("GET", "/_control/state")["classes"]
    names = {one["id"]: one["issuerName"] for one in classes}
    assert names[alices.row.class_id] == "Aurora Roasters"


def test_class_that_google_refuses_keeps_no_balance_from_the_cards(alices: Card) -> None:
    with shop_transaction(alices.holder.shop_id) as session:
        session.get_one(Shop, alices.holder.shop_id).name = "Aurora Roasters"
    alices.holder.earn(10)
    alices.google.set_fault("status", surface="api", status=400, times=1)

    with pytest.raises(GoogleWalletError, match="400"):
        alices.refresh()

    assert alices.points == 10
    assert alices.pushes() == ["push_created", "push_sent"]


def test_erased_members_card_rests_and_names_nobody(alices: Card) -> None:
    alices.holder.erase()

    alices.refresh()

    ids = {"id": alices.object_id, "classId": alices.row.class_id}
    assert alices.theirs["content"] == ids | {"state": "INACTIVE"}
    assert alices.row.voided_at is not None
    assert alices.row.content == alices.theirs["content"]


def test_card_that_was_blanked_here_is_replaced_whole_there(alices: Card) -> None:
    alices.holder.erase()
    with shop_transaction(alices.holder.shop_id) as session:
        row = lock_object(session, alices.holder.shop_id, alices.row_id)
        assert row is not None
        row.content, row.voided_at = {}, utc_now()

    alices.refresh()

    assert "accountName" not in alices.theirs["content"]


def test_push_counts_once_over_both_wallets(alices: Card) -> None:
    alices.holder.earn(10)
    with shop_transaction(alices.holder.shop_id) as session:
        member_id = alices.holder.member_id
        named = balance_messages(session, alices.holder.shop_id, {member_id: "10"})
        key = [(member_id, named[member_id])]
        note_created(session, alices.holder.shop_id, key, "apple", utc_now())
        note_sent(session, alices.holder.shop_id, key, "apple", utc_now())

    alices.refresh()

    assert alices.pushes() == ["push_created", "push_sent"]
    assert alices.points == 10


def test_archived_members_card_rests_until_they_come_back(alices: Card) -> None:
    states = []
    for state in ("archived", "active"):
        with shop_transaction(alices.holder.shop_id) as session:
            session.get_one(Member, (alices.holder.shop_id, alices.holder.member_id)).state = state
        alices.refresh()
        states.append(alices.theirs["content"]["state"])

    assert states == ["INACTIVE", "ACTIVE"]


def test_member_of_another_shop_is_not_touched(alices: Card, bob: Cardholder) -> None:
    alices.holder.earn(10)

    refresh_member(bob.shop_id, alices.holder.member_id)

    assert alices.points == 0


def test_nothing_is_sent_while_google_is_off(alices: Card) -> None:
    settings = setup.current()
    setup.configure(setup.WalletSettings(settings.app_url, settings.link_secret, None, None))
    alices.holder.earn(10)

    refresh_member(alices.holder.shop_id, alices.holder.member_id)

    assert alices.changes() == []


def test_many_members_are_sent_in_one_call_each_with_an_answer_of_its_own(
    alices: Card, bob: Cardholder
) -> None:
    alices.holder.earn(10)
    members = [alices.holder.member_id, bob.member_id]

    answers = refresh_members(alices.holder.shop_id, members)

    assert isinstance(answers[members[0]], TooSoon) or answers[members[0]] is None
    assert answers[members[1]] is None


def test_one_of_two_senders_at_once_sends_and_the_other_comes_back(alices: Card) -> None:
    alices.holder.earn(10)
    alices.google.set_fault("slow", surface="api", seconds=1)
    with shop_transaction(alices.holder.shop_id) as session:
        card = lock_object(session, alices.holder.shop_id, alices.row_id)
        assert card is not None
        card.sent_at = None

    with ThreadPoolExecutor(2) as pool:
        ends = list(pool.map(lambda _: _end(alices), range(2)))

    assert sorted(ends) == ["LeaseHeld", "sent"]
    assert alices.changes() == [("PATCH", 200)]
    assert alices.pushes() == ["push_created", "push_sent"]


def test_sender_that_died_in_the_middle_is_made_good_when_its_lease_ends(alices: Card) -> None:
    alices.holder.earn(10)
    later = utc_now() + timedelta(seconds=5)
    begun = _begin_object(alices.holder.shop_id, alices.row_id, later)  # and then it dies
    assert begun is not None

    with pytest.raises(LeaseHeld) as held:
        alices.refresh()
    _end_lease(alices)
    alices.refresh()

    assert held.value.retry_after < LEASE
    assert alices.points == 10
    assert alices.changes() == [("PUT", 200)]
    assert alices.pushes() == ["push_created", "push_sent"]
    assert alices.notices() == ["balance"]


def test_sender_that_is_later_than_its_lease_sends_nothing(alices: Card) -> None:
    alices.holder.earn(10)
    long_ago = utc_now() - LEASE
    with shop_transaction(alices.holder.shop_id) as session:
        card = lock_object(session, alices.holder.shop_id, alices.row_id)
        assert card is not None
        card.sent_at = None
    begun = _begin_object(alices.holder.shop_id, alices.row_id, long_ago)
    assert begun is not None

    with pytest.raises(GoogleWalletError, match="too late"):
        shared_client().bring("loyaltyObject", begun[0])

    assert alices.changes() == []


def test_opening_a_card_looks_once_more_for_changes(google: StandIn, alice: Cardholder) -> None:
    def events() -> int:
        with shop_transaction(alice.shop_id) as session:
            return len(list(session.scalars(select(OutboxEvent))))

    before = events()
    open_card(google, alice)
    open_card(google, alice)

    assert events() == before + 1


def test_paused_balance_changes_the_card_silently(alices: Card) -> None:
    with shop_transaction(alices.holder.shop_id) as session:
        actor = Actor("member", str(alices.holder.member_id))
        set_preference(
            session,
            alices.holder.shop_id,
            alices.holder.member_id,
            "balance",
            False,
            now=utc_now(),
            actor=actor,
        )
    alices.holder.earn(10)

    alices.refresh()

    assert alices.points == 10
    assert alices.theirs["shown"] == []
    assert alices.pushes() == []


def test_fourth_change_of_a_day_is_silent_and_google_never_sees_one_too_many(alices: Card) -> None:
    for points in (1, 2, 3, 4):
        alices.holder.earn(points)
        alices.refresh()

    assert alices.points == 10
    assert [note["text"] for note in alices.theirs["shown"]] == ["points: 1", "points: 3"]
    assert alices.theirs["silenced"] == 0
    assert alices.pushes() == ["push_created", "push_sent"] * 2
    assert [hop for hop in alices.hops() if hop[1] == "accepted"][-1] == (5, "accepted")


def _end(card: Card) -> str:
    try:
        refresh_member(card.holder.shop_id, card.holder.member_id)
    except LeaseHeld:
        return "LeaseHeld"
    return "sent"


def _end_lease(card: Card) -> None:
    with shop_transaction(card.holder.shop_id) as session:
        row = lock_object(session, card.holder.shop_id, card.row_id)
        assert row is not None
        row.lease_ends_at = utc_now()
