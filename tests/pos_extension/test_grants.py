"""Points granted at the till: with a reason, once per key, never past the user's cap of the day."""

from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete

from loyalty.audit import AuditRow
from loyalty.base.db import shop_transaction
from loyalty.ledger.selfcheck import find_differences
from loyalty.ledger.tables import EntryNote, LedgerEntry
from loyalty.members.tables import Member
from loyalty.outbox import MEMBER_CHANGED, OutboxEvent
from loyalty.shops.directory import get_shop
from loyalty.till.grants import read_allowance
from loyalty.till.tables import TillAllowance
from pos_extension.tables import TillWrite
from tests.pos_extension.cast import MAIN_STREET, Till, at_once, public_id


def grants_of(till: Till, member: UUID) -> str:
    """Where the member is granted points."""
    return f"members/{public_id(till, member)}/grants"


@pytest.fixture
def path(aurora: Till, alice: UUID) -> str:
    """Where Alice is granted points."""
    return grants_of(aurora, alice)


def test_a_grant_answers_with_the_new_balance_and_what_is_left_today(
    aurora: Till, alice: UUID, path: str
) -> None:
    answer = aurora.post(path, points=120, reason="service_recovery")

    assert answer.status_code == 200
    assert answer.get_json()["member"]["points"] == aurora.points_of(alice) == 120
    assert (answer.get_json()["granted"], answer.get_json()["left_today"]) == (120, 380)
    assert aurora.get("settings").get_json()["grant"]["left_today"] == 380


def test_a_grant_is_one_entry_of_the_logged_in_user_at_the_place(
    aurora: Till, alice: UUID, path: str
) -> None:
    key = str(uuid4())

    aurora.post(path, points=50, reason="other", note="Late", client_key=key, pinned_staff_id=99)

    [entry] = aurora.rows(LedgerEntry)
    assert (entry.kind, entry.points, entry.reason_code) == ("grant", 50, "other")
    assert entry.idempotency_key == f"pos:{key}"
    assert (entry.actor, entry.source_kind, entry.source_id) == ("till_user:7", "till", "901")
    assert [note.body for note in aurora.rows(EntryNote)] == ["Late"]
    [audit] = aurora.rows(AuditRow)
    assert (audit.action, audit.actor_kind, audit.actor_id) == (
        "points_granted_at_till",
        "till_user",
        "7",
    )
    assert audit.details["location_id"] == MAIN_STREET
    assert audit.details["pinned_staff_id_claimed"] == 99
    assert "Late" not in str(audit.details)


def test_a_grant_makes_the_phones_follow(aurora: Till, alice: UUID, path: str) -> None:
    aurora.post(path, points=50, reason="other")

    kinds = [(event.kind, event.member_id) for event in aurora.rows(OutboxEvent)]
    assert (MEMBER_CHANGED, alice) in kinds


BAD_GRANTS = [
    ("points", {"points": 0}),
    ("points", {"points": -5}),
    ("points", {"points": None}),
    ("points", {"points": "5"}),
    ("points", {"points": 1.5}),
    ("points", {"points": True}),
    ("points", {"points": 10**30}),
    ("reason", {"reason": ""}),
    ("reason", {"reason": "because"}),
    ("reason", {"reason": "refund"}),
    ("reason", {"reason": 3}),
    ("note", {"note": "x" * 256}),
    ("note", {"note": "a\0b"}),
]


@pytest.mark.parametrize(("field", "change"), BAD_GRANTS)
def test_a_malformed_grant_is_told_beside_its_field_and_nothing_is_written(
    aurora: Till, path: str, field: str, change: dict[str, Any]
) -> None:
    answer = aurora.post(path, **({"points": 5, "reason": "other"} | change))

    assert answer.status_code == 422
    assert list(answer.get_json()["error"]["fields"]) == [field]
    assert aurora.count(LedgerEntry, AuditRow, TillWrite, TillAllowance) == 0


def test_the_cap_may_be_reached_but_not_passed(aurora: Till, alice: UUID, path: str) -> None:
    aurora.post(path, points=400, reason="other")

    over = aurora.post(path, points=101, reason="other")
    rest = aurora.post(path, points=100, reason="other")

    assert over.status_code == 409
    error = over.get_json()["error"]
    assert (error["code"], error["left_today"]) == ("over_daily_cap", 100)
    assert "100" in error["message"]
    assert (rest.status_code, rest.get_json()["left_today"]) == (200, 0)
    assert aurora.points_of(alice) == 500


def test_one_grant_over_the_whole_cap_writes_nothing(aurora: Till, path: str) -> None:
    tables = (LedgerEntry, AuditRow, TillWrite, TillAllowance, OutboxEvent)
    before = aurora.count(*tables)

    answer = aurora.post(path, points=501, reason="other")

    assert (answer.status_code, answer.get_json()["error"]["left_today"]) == (409, 500)
    assert aurora.count(*tables) == before


def test_the_cap_counts_over_all_members_and_places_of_the_user(
    aurora: Till, alice: UUID, path: str
) -> None:
    carol = aurora.enrol("Carol", 502)
    aurora.open_place(77)
    aurora.post(path, points=300, reason="other")

    answer = aurora.post(grants_of(aurora, carol), points=201, reason="other", location_id=77)

    assert answer.status_code == 409


def test_another_user_has_a_cap_of_their_own(aurora: Till, path: str) -> None:
    aurora.post(path, points=500, reason="other")

    answer = aurora.logged_in(8).post(path, points=500, reason="other")

    assert answer.status_code == 200


def test_the_same_user_id_in_another_shop_has_a_cap_of_its_own(
    aurora: Till, borealis: Till, bob: UUID, path: str
) -> None:
    aurora.post(path, points=500, reason="other")

    assert borealis.post(grants_of(borealis, bob), points=500, reason="other").status_code == 200


def test_the_pinned_cashier_does_not_change_whose_cap_it_is(aurora: Till, path: str) -> None:
    aurora.post(path, points=500, reason="other", pinned_staff_id=1)

    assert aurora.post(path, points=1, reason="other", pinned_staff_id=2).status_code == 409


def test_the_cap_is_the_programmes_setting(aurora: Till, path: str) -> None:
    aurora.set_cap(20)

    assert aurora.get("settings").get_json()["grant"]["max_per_day"] == 20
    assert aurora.post(path, points=21, reason="other").status_code == 409
    assert aurora.post(path, points=20, reason="other").status_code == 200


def test_a_cap_of_nothing_forbids_grants(aurora: Till, path: str) -> None:
    aurora.set_cap(0)

    assert aurora.post(path, points=1, reason="other").status_code == 409


def test_the_next_day_of_the_shop_begins_at_its_own_midnight(aurora: Till, path: str) -> None:
    # given a user who has granted all of today
    aurora.post(path, points=500, reason="other")
    [row] = aurora.rows(TillAllowance)
    with shop_transaction(aurora.shop_id) as session:
        shop = get_shop(session, aurora.shop_id)
        # when it is the last minute of that day in Madrid, and the first of the next
        midnight = _midnight_after(row.day_on, shop.timezone)
        before = read_allowance(session, shop, 7, now=midnight - timedelta(minutes=1))
        after = read_allowance(session, shop, 7, now=midnight)
    # then
    assert (before.left, after.left) == (0, 500)


def _midnight_after(day: date, zone: str) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone))


def test_racing_grants_never_pass_the_cap_together(aurora: Till, alice: UUID) -> None:
    members = [alice, *(aurora.enrol(f"Member{n}", 510 + n) for n in range(7))]
    calls = [
        lambda member=member: aurora.post(grants_of(aurora, member), points=100, reason="other")
        for member in members
    ]

    answers = at_once(*calls)

    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [409] * 3
    assert sum(aurora.points_of(member) for member in members) == 500
    assert [row.granted for row in aurora.rows(TillAllowance)] == [500]


def test_the_same_grant_again_counts_once_and_gets_the_same_answer(
    aurora: Till, alice: UUID, path: str
) -> None:
    grant = {"points": 100, "reason": "other", "client_key": str(uuid4())}
    first = aurora.post(path, **grant)
    aurora.post(path, points=50, reason="other")

    again = aurora.post(path, **grant)

    assert again.get_json() == first.get_json()
    assert aurora.points_of(alice) == 150
    assert [row.granted for row in aurora.rows(TillAllowance)] == [150]


def test_a_resend_counts_once_even_when_the_cap_is_used_up_meanwhile(
    aurora: Till, path: str
) -> None:
    grant = {"points": 100, "reason": "other", "client_key": str(uuid4())}
    aurora.post(path, **grant)
    aurora.post(path, points=400, reason="other")

    assert aurora.post(path, **grant).status_code == 200


def test_ten_resends_at_once_count_once(aurora: Till, alice: UUID, path: str) -> None:
    grant = {"points": 100, "reason": "other", "client_key": str(uuid4())}

    answers = at_once(*[lambda: aurora.post(path, **grant)] * 10)

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert aurora.points_of(alice) == 100
    assert aurora.count(LedgerEntry) == 1


@pytest.mark.parametrize(
    "change", [{"points": 101}, {"reason": "contest"}, {"note": "x"}, {"location_id": 7}]
)
def test_the_same_key_with_another_body_is_refused(
    aurora: Till, alice: UUID, path: str, change: dict[str, Any]
) -> None:
    grant = {"points": 100, "reason": "other", "client_key": str(uuid4())}
    aurora.post(path, **grant)

    answer = aurora.post(path, **(grant | change))

    assert (answer.status_code, answer.get_json()["error"]["code"]) == (409, "client_key_reused")
    assert aurora.points_of(alice) == 100


def test_the_same_key_for_another_member_is_refused(aurora: Till, path: str) -> None:
    carol = aurora.enrol("Carol", 502)
    grant = {"points": 100, "reason": "other", "client_key": str(uuid4())}
    aurora.post(path, **grant)

    assert aurora.post(grants_of(aurora, carol), **grant).status_code == 409
    assert aurora.points_of(carol) == 0


def test_a_refused_grant_may_be_sent_again_once_it_is_allowed(
    aurora: Till, alice: UUID, path: str
) -> None:
    aurora.set_cap(50)
    grant = {"points": 100, "reason": "other", "client_key": str(uuid4())}
    assert aurora.post(path, **grant).status_code == 409
    aurora.set_cap(500)

    assert aurora.post(path, **grant).status_code == 200
    assert aurora.points_of(alice) == 100


def test_a_key_that_was_forgotten_still_posts_once(aurora: Till, alice: UUID, path: str) -> None:
    # given a grant whose stored answer was purged, as it is after a month
    grant = {"points": 100, "reason": "other", "client_key": str(uuid4())}
    aurora.post(path, **grant)
    with shop_transaction(aurora.shop_id) as session:
        session.execute(delete(TillWrite).where(TillWrite.shop_id == aurora.shop_id))
    # when
    again, other = aurora.post(path, **grant), aurora.post(path, **(grant | {"points": 7}))
    # then the ledger's own key holds
    assert (again.status_code, other.status_code) == (200, 409)
    assert aurora.points_of(alice) == 100
    assert [row.granted for row in aurora.rows(TillAllowance)] == [100]


@pytest.mark.parametrize("state", ["archived", "erased"])
def test_who_is_no_member_any_more_gets_nothing(
    aurora: Till, alice: UUID, path: str, state: str
) -> None:
    with shop_transaction(aurora.shop_id) as session:
        session.get_one(Member, (aurora.shop_id, alice)).state = state

    answer = aurora.post(path, points=5, reason="other")

    assert answer.status_code in (409, 410)
    assert aurora.count(LedgerEntry, TillAllowance, TillWrite) == 0


def test_the_books_agree_after_all_that(aurora: Till, alice: UUID, path: str) -> None:
    for points in (5, 495, 1):
        aurora.post(path, points=points, reason="contest")

    with shop_transaction(aurora.shop_id) as session:
        assert list(find_differences(session, aurora.shop_id)) == []
    assert aurora.points_of(alice) == 500
