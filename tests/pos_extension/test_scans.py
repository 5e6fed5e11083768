"""R84, R163: a scan shows the cashier the member, and the timeline that they were here."""

import threading
import time
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from loyalty.audit import AuditRow
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.members.leaving import delete_customer
from loyalty.members.tables import Customer, Member
from loyalty.orders.recording import record_order
from loyalty.shops.directory import get_shop
from pos_extension.tables import TillWrite
from tests.factories.facts import NOON, an_order
from tests.loyalty.tiers.cast import have_tiers
from tests.pos_extension.cast import MAIN_STREET, Till, at_once, public_id
from wallet.tokens import raise_epoch

_CLAIM = text(
    "INSERT INTO till_write (shop_id, client_key, fingerprint, status, answer, created_at)"
    " VALUES (:shop, :key, '', 0, '{}', :at)"
)


def set_state(till: Till, member: UUID, state: str) -> None:
    with shop_transaction(till.shop_id) as session:
        session.get_one(Member, (till.shop_id, member)).state = state


def test_a_scan_shows_the_member(aurora: Till, alice: UUID) -> None:
    token = aurora.code_of(alice)
    with shop_transaction(aurora.shop_id) as session:
        record_order(
            session,
            get_shop(session, aurora.shop_id),
            an_order(5123, name="#1021", customer_id=501),
            now=NOON,
            is_backfill=False,
        )

    answer = aurora.post("scans", code=token.token)

    assert answer.status_code == 200
    assert answer.get_json() == {
        "member": {
            "id": public_id(aurora, alice),
            "name": "Alice Archer",
            "contact": "a•••@example.com",
            "points": 10,
            "tier": None,
            "customer_id": 501,
            "joined_on": "2026-11-22",
            "short_code": token.short_code,
            "last_order": {"name": "#1021", "on": "2026-11-22", "points": 10},
        },
        "is_newest_code": True,
    }


def test_a_scan_stands_in_the_timeline_with_place_and_cashier(aurora: Till, alice: UUID) -> None:
    aurora.post("scans", code=aurora.code_of(alice).token)

    [event] = aurora.events_of(alice, "customer_scanned")
    assert event.details == {
        "actor": "till_user:7",
        "location_id": MAIN_STREET,
        "location": "Main Street",
    }
    [row] = aurora.rows(AuditRow)
    assert (row.actor_kind, row.actor_id, row.action) == ("till_user", "7", "member_scanned")


@pytest.mark.parametrize(
    "spelling", [str.lower, lambda code: f"  {code}\n", lambda code: code.replace("-", " ")]
)
def test_a_code_typed_by_hand_may_be_spelled_freely(
    aurora: Till, alice: UUID, spelling: Any
) -> None:
    answer = aurora.post("scans", code=spelling(aurora.code_of(alice).short_code))

    assert answer.get_json()["member"]["id"] == public_id(aurora, alice)


def test_an_old_card_still_finds_its_member_and_says_that_it_is_old(
    aurora: Till, alice: UUID
) -> None:
    old = aurora.code_of(alice).token
    with shop_transaction(aurora.shop_id) as session:
        raise_epoch(session, aurora.shop_id, alice, now=NOON)

    answer = aurora.post("scans", code=old)

    assert answer.get_json()["member"]["id"] == public_id(aurora, alice)
    assert answer.get_json()["is_newest_code"] is False


def _unknown_codes(till: Till, alice: UUID) -> list[str]:
    return [
        "m1.AAAAAAAAAAAAAAAAAAAAAAAAAA",
        "ABCD-1234",
        "501",  # her customer id
        "gid://shopify/Customer/501",
        "alice@example.com",
        public_id(till, alice),
        str(alice),
        till.code_of(alice).token.lower(),
        till.code_of(alice).token + "A",
        "%",
        "' OR 1=1 --",
        "ａｌｉｃｅ",
    ]


def test_what_is_no_code_of_ours_is_unknown_and_nothing_is_written(
    aurora: Till, alice: UUID
) -> None:
    for code in _unknown_codes(aurora, alice):
        answer = aurora.post("scans", code=code)

        assert (answer.status_code, answer.get_json()["error"]["code"]) == (404, "unknown_code")
    assert aurora.count(TillWrite, AuditRow) == 0
    assert aurora.events_of(alice, "customer_scanned") == []


def test_another_shops_card_is_as_unknown_as_a_made_up_one(
    aurora: Till, borealis: Till, bob: UUID
) -> None:
    theirs = borealis.code_of(bob)

    answers = [aurora.post("scans", code=code) for code in (theirs.token, theirs.short_code)]
    made_up = aurora.post("scans", code="m1.AAAAAAAAAAAAAAAAAAAAAAAAAA")

    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].get_json() == made_up.get_json()
    assert borealis.events_of(bob, "customer_scanned") == []


@pytest.mark.parametrize("code", [None, "", "   ", 5, ["m1"], "x" * 256, "a\0b", "\ud800"])
def test_a_code_that_is_no_short_text_is_refused(aurora: Till, code: Any) -> None:
    answer = aurora.post("scans", code=code)

    assert answer.status_code == 422
    assert list(answer.get_json()["error"]["fields"]) == ["code"]
    assert aurora.count(TillWrite) == 0


@pytest.mark.parametrize(
    ("state", "status", "code"),
    [("archived", 409, "member_archived"), ("erased", 410, "card_void")],
)
def test_the_card_of_one_who_is_no_member_any_more_is_refused(
    aurora: Till, alice: UUID, state: str, status: int, code: str
) -> None:
    scanned = aurora.code_of(alice).token
    set_state(aurora, alice, state)

    scan = aurora.post("scans", code=scanned)
    card = aurora.get(f"members/{public_id(aurora, alice)}/card")

    for answer in (scan, card):
        assert (answer.status_code, answer.get_json()["error"]["code"]) == (status, code)
    assert "Alice" not in scan.text
    assert aurora.events_of(alice, "customer_scanned") == []


def test_one_without_a_customer_is_shown_but_cannot_be_put_on_a_cart(
    aurora: Till, alice: UUID
) -> None:
    with shop_transaction(aurora.shop_id) as session:
        session.get_one(Customer, (aurora.shop_id, 501)).deleted_at = NOON

    answer = aurora.post("scans", code=aurora.code_of(alice).token)

    assert answer.get_json()["member"]["customer_id"] is None


def test_one_whom_shopify_deleted_is_archived(aurora: Till, alice: UUID) -> None:
    with shop_transaction(aurora.shop_id) as session:
        delete_customer(session, get_shop(session, aurora.shop_id), 501, now=NOON)

    answer = aurora.post("scans", code=aurora.code_of(alice).token)

    assert (answer.status_code, answer.get_json()["error"]["code"]) == (409, "member_archived")


def test_the_same_scan_again_counts_once_and_gets_the_same_answer(
    aurora: Till, alice: UUID
) -> None:
    scan = {"code": aurora.code_of(alice).token, "client_key": str(uuid4())}
    first = aurora.post("scans", **scan)
    aurora.post(f"members/{public_id(aurora, alice)}/grants", points=5, reason="other")

    again = aurora.post("scans", **scan)

    assert (again.status_code, again.get_json()) == (200, first.get_json())
    assert len(aurora.events_of(alice, "customer_scanned")) == 1


def test_the_same_key_for_another_code_is_refused(aurora: Till, alice: UUID) -> None:
    carol, key = aurora.enrol("Carol", 502), str(uuid4())
    aurora.post("scans", code=aurora.code_of(alice).token, client_key=key)

    answer = aurora.post("scans", code=aurora.code_of(carol).token, client_key=key.upper())

    assert (answer.status_code, answer.get_json()["error"]["code"]) == (409, "client_key_reused")
    assert "Carol" not in answer.text
    assert aurora.events_of(carol, "customer_scanned") == []


def test_the_same_key_in_another_shop_is_another_key(
    aurora: Till, borealis: Till, alice: UUID, bob: UUID
) -> None:
    key = str(uuid4())

    ours = aurora.post("scans", code=aurora.code_of(alice).token, client_key=key)
    theirs = borealis.post("scans", code=borealis.code_of(bob).token, client_key=key)

    assert (ours.status_code, theirs.status_code) == (200, 200)
    assert theirs.get_json()["member"]["name"].startswith("Bob")


def test_ten_resends_at_once_count_once(aurora: Till, alice: UUID) -> None:
    scan = {"code": aurora.code_of(alice).token, "client_key": str(uuid4())}

    answers = at_once(*[lambda: aurora.post("scans", **scan)] * 10)

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert len(aurora.events_of(alice, "customer_scanned")) == 1


def test_a_resend_waits_while_the_first_is_still_at_work(aurora: Till, alice: UUID) -> None:
    # given a first request that has claimed its key and then is undone
    scan = {"code": aurora.code_of(alice).token, "client_key": str(uuid4())}
    answers: list[Any] = []
    with shop_transaction(aurora.shop_id) as session:
        row = {"key": scan["client_key"], "at": utc_now(), "shop": aurora.shop_id}
        session.execute(_CLAIM, row)
        waiting = threading.Thread(target=lambda: answers.append(aurora.post("scans", **scan)))
        # when
        waiting.start()
        time.sleep(0.3)
        # then
        assert answers == []
        session.rollback()
    waiting.join(timeout=10)
    assert [answer.status_code for answer in answers] == [200]


def test_the_till_is_told_the_tier(aurora: Till, alice: UUID) -> None:
    with shop_transaction(aurora.shop_id) as session:
        shop = get_shop(session, aurora.shop_id)
        have_tiers(session, shop, ("Friend", 0, "1"))

    answer = aurora.post("scans", code=aurora.code_of(alice).token)

    assert answer.get_json()["member"]["tier"] == "Friend"
