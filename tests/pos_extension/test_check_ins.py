"""R162: a cashier checks a member in; a resend counts once, and the place must be the shop's."""

from datetime import timedelta
from uuid import UUID, uuid4

from loyalty.actions.tables import CheckIn
from loyalty.audit import AuditRow
from loyalty.base.clock import utc_now
from tests.pos_extension.cast import MAIN_STREET, Till, at_once, public_id
from tests.pos_extension.reader_cast import reward


def test_member_is_checked_in_at_the_tills_place(aurora: Till, alice: UUID) -> None:
    reward(aurora, 5, made_at=utc_now() - timedelta(minutes=1))

    answer = aurora.post(f"members/{public_id(aurora, alice)}/check-ins")

    assert answer.status_code == 200
    told = answer.get_json()
    assert (told["points"], told["member"]["points"], told["is_held"]) == (5, 5, False)
    (event,) = aurora.events_of(alice, "customer_tapped")
    assert (event.details["location"], event.details["actor"]) == ("Main Street", "till_user:7")
    actions = [row.action for row in aurora.rows(AuditRow)]
    assert actions.count("member_checked_in_at_till") == 1


def test_check_in_sent_again_counts_once(aurora: Till, alice: UUID) -> None:
    reward(aurora, 5, made_at=utc_now() - timedelta(minutes=1))
    path, key = f"members/{public_id(aurora, alice)}/check-ins", str(uuid4())

    first, again = (aurora.post(path, client_key=key) for _ in range(2))

    assert first.get_json() == again.get_json()
    assert aurora.count(CheckIn) == 1


def test_two_cashiers_at_once_earn_the_member_one_check_in(aurora: Till, alice: UUID) -> None:
    reward(aurora, 5, made_at=utc_now() - timedelta(minutes=1))
    path = f"members/{public_id(aurora, alice)}/check-ins"

    answers = at_once(*[lambda: aurora.post(path)] * 4)

    assert sorted(answer.get_json()["points"] for answer in answers) == [0, 0, 0, 5]
    assert aurora.points_of(alice) == 5


def test_unknown_place_is_refused(aurora: Till, alice: UUID) -> None:
    path = f"members/{public_id(aurora, alice)}/check-ins"

    answer = aurora.post(path, location_id=MAIN_STREET + 1)

    assert (answer.status_code, answer.get_json()["error"]["code"]) == (404, "unknown_location")
    assert aurora.count(CheckIn) == 0


def test_member_of_another_shop_is_not_found(aurora: Till, borealis: Till, bob: UUID) -> None:
    assert aurora.post(f"members/{public_id(borealis, bob)}/check-ins").status_code == 404
    mixed = f"{aurora.shop_id}-{bob.hex}"
    assert aurora.post(f"members/{mixed}/check-ins").status_code == 404
    assert borealis.events_of(bob, "customer_tapped") == []
