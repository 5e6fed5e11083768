"""Where a till says it stands is one of its shop's open places, or nothing is written."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete

from loyalty.audit import AuditRow
from loyalty.base.db import shop_transaction
from loyalty.shops.tables import Location
from pos_extension.tables import TillWrite
from tests.pos_extension.cast import MAIN_STREET, Till, public_id

ELSEWHERE, CLOSED = 905, 906


def writes(till: Till, member_id: UUID) -> dict[str, dict[str, Any]]:
    """Every kind of write that a till can ask for: its path and body."""
    member = f"members/{public_id(till, member_id)}"
    return {
        "scans": {"code": till.code_of(member_id).token},
        "members": {"name": "Mary", "contact": "mary@example.com"},
        f"{member}/grants": {"points": 10, "reason": "other"},
        f"{member}/check-ins": {},
        f"{member}/redemptions": {"reward_id": str(uuid4()), "scanned": "m1.X"},
    }


@pytest.mark.parametrize("location_id", [ELSEWHERE, CLOSED, 77])
def test_a_place_that_is_none_of_the_shops_open_ones_is_refused(
    aurora: Till, borealis: Till, alice: UUID, location_id: int
) -> None:
    # given a place of another shop's, and a closed one
    borealis.open_place(ELSEWHERE)
    aurora.open_place(CLOSED, is_active=False)
    # when a till claims to stand there, or at a place of nobody's
    answers = [
        aurora.post(path, **body, location_id=location_id)
        for path, body in writes(aurora, alice).items()
    ]
    answers.append(aurora.get(f"settings?location_id={location_id}"))
    # then each is told so in words, and nothing is written
    said = [(answer.status_code, answer.get_json()["error"]["code"]) for answer in answers]
    assert said == [(404, "unknown_location")] * 6
    assert "no open place of this shop" in answers[0].get_json()["error"]["message"]
    assert aurora.count(AuditRow, TillWrite) == 0


def test_any_place_of_the_shops_own_is_taken_at_the_tills_word(aurora: Till, alice: UUID) -> None:
    aurora.open_place(77)

    answer = aurora.post("scans", code=aurora.code_of(alice).token, location_id=77)

    assert answer.status_code == 200


def test_a_shop_whose_places_are_not_read_yet_is_served(aurora: Till, alice: UUID) -> None:
    with shop_transaction(aurora.shop_id) as session:
        session.execute(delete(Location).where(Location.shop_id == aurora.shop_id))

    answer = aurora.post("scans", code=aurora.code_of(alice).token, location_id=77)

    assert answer.status_code == 200
    [event] = aurora.events_of(alice, "customer_scanned")
    assert (event.details["location_id"], event.details["location"]) == (77, None)


def test_what_was_written_before_its_place_closed_gets_the_same_answer(
    aurora: Till, alice: UUID
) -> None:
    scan = {"code": aurora.code_of(alice).token, "client_key": str(uuid4())}
    first = aurora.post("scans", **scan)
    with shop_transaction(aurora.shop_id) as session:
        session.get_one(Location, (aurora.shop_id, MAIN_STREET)).is_active = False

    again, other = aurora.post("scans", **scan), aurora.post("scans", code=scan["code"])

    assert again.get_json() == first.get_json()
    assert (again.status_code, other.status_code) == (200, 404)
