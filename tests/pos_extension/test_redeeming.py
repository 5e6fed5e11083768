"""Redeeming at the till needs the newest code of the card or a second proof, within the limits."""

import pytest

from loyalty.audit import AuditRow
from loyalty.redemption.tables import Redemption
from loyalty.till.tables import TillAllowance
from tests.pos_extension.cast import Till, at_once
from tests.pos_extension.redeem_cast import Customer, appoint, error_of, limit

MANAGER, PIN = "Mona", "271828"


@pytest.mark.parametrize("scanned", [None, "old", "short", "bob", "nobody"])
def test_without_the_newest_code_of_this_card_nothing_is_redeemed(
    customer: Customer, borealis: Till, scanned: str | None
) -> None:
    bob = borealis.enrol("Bob", 601)
    shown = {
        None: None,
        "old": customer.age_card(),
        "short": customer.till.code_of(customer.alice.member_id).short_code,
        "bob": borealis.code_of(bob).token,
        "nobody": "m1." + "A" * 26,
    }[scanned]

    answer = customer.redeem(customer.alice.a_reward(), scanned=shown)

    assert (answer.status_code, error_of(answer)) == (409, "second_proof_needed")
    assert customer.alice.points == 1000
    assert customer.till.count(Redemption, TillAllowance) == 0


def test_a_code_of_the_members_page_is_good_once(customer: Customer) -> None:
    reward, old = customer.alice.a_reward(), customer.age_card()
    code = customer.shown_code()

    first = customer.redeem(reward, scanned=old, shown_code=f"{code[:3]} {code[3:]}")
    again = customer.redeem(reward, scanned=old, shown_code=code)

    assert first.status_code == 201
    assert (again.status_code, error_of(again)) == (409, "wrong_proof")
    assert list(again.get_json()["error"]["fields"]) == ["shown_code"]
    assert customer.alice.points == 900


def test_a_refused_redemption_leaves_the_pages_code_good(customer: Customer) -> None:
    dear, cheap = customer.alice.a_reward(cost_points=5000), customer.alice.a_reward()
    code = customer.shown_code()

    assert error_of(customer.redeem(dear, shown_code=code)) == "insufficient_points"
    assert customer.redeem(cheap, shown_code=code).status_code == 201


def test_a_managers_pin_vouches_and_is_named_in_the_audit(customer: Customer) -> None:
    manager = appoint(customer.till, MANAGER, PIN)
    reward = customer.alice.a_reward()

    answer = customer.redeem(reward, manager_pin=PIN, pinned_staff_id=99)

    assert answer.status_code == 201
    [row] = [row for row in customer.till.rows(AuditRow) if row.action == "reward_redeemed_at_till"]
    assert (row.actor_kind, row.actor_id) == ("till_user", "7")
    assert row.details["proved_by"] == "manager_pin"
    assert row.details["manager"] == str(manager)
    assert row.details["pinned_staff_id_claimed"] == 99
    assert PIN not in str(row.details)


def test_a_pin_of_another_shops_manager_is_wrong(customer: Customer, borealis: Till) -> None:
    appoint(borealis, MANAGER, PIN)

    answer = customer.redeem(customer.alice.a_reward(), manager_pin=PIN)

    assert (answer.status_code, error_of(answer)) == (409, "wrong_proof")
    assert list(answer.get_json()["error"]["fields"]) == ["manager_pin"]


def test_a_wrong_pin_beside_a_good_scan_redeems_nothing(customer: Customer) -> None:
    answer = customer.redeem(
        customer.alice.a_reward(), scanned=customer.token, manager_pin="999998"
    )

    assert error_of(answer) == "wrong_proof"
    assert customer.alice.points == 1000


def test_who_guesses_is_stopped_after_five_tries(customer: Customer) -> None:
    appoint(customer.till, MANAGER, PIN)
    reward = customer.alice.a_reward()
    for guess in range(5):
        assert error_of(customer.redeem(reward, manager_pin=f"10203{guess}")) == "wrong_proof"

    right = customer.redeem(reward, manager_pin=PIN)

    assert (right.status_code, error_of(right)) == (409, "too_many_tries")
    assert customer.alice.points == 1000
    # Another user, and who has the card, are not stopped by it.
    other = customer.till.logged_in(8)
    assert customer.redeem(reward, till=other, manager_pin=PIN).status_code == 201
    assert customer.redeem(reward).status_code == 201


def test_guesses_that_come_at_once_are_counted_all(customer: Customer) -> None:
    appoint(customer.till, MANAGER, PIN)
    reward = customer.alice.a_reward()

    answers = at_once(
        *(lambda n=n: customer.redeem(reward, manager_pin=f"90807{n}") for n in range(8))
    )

    told = sorted(error_of(answer) for answer in answers)
    assert told == ["too_many_tries"] * 3 + ["wrong_proof"] * 5


def test_a_right_proof_forgets_the_wrong_ones_before_it(customer: Customer) -> None:
    appoint(customer.till, MANAGER, PIN)
    reward = customer.alice.a_reward()
    for _ in range(2):
        for guess in range(4):
            customer.redeem(reward, manager_pin=f"10203{guess}")
        assert customer.redeem(reward, manager_pin=PIN).status_code == 201


@pytest.mark.parametrize("is_looked_at", [False, True])
def test_a_cards_own_proof_forgets_no_guess_of_a_pin(
    customer: Customer, is_looked_at: bool
) -> None:
    appoint(customer.till, MANAGER, PIN)
    reward = customer.alice.a_reward()
    for guess in range(4):
        customer.redeem(reward, manager_pin=f"10203{guess}")

    code = customer.shown_code() if is_looked_at else "000000"
    proof = {"shown_code": code} | ({} if is_looked_at else {"scanned": customer.token})
    assert customer.redeem(reward, **proof).status_code == 201
    customer.redeem(reward, manager_pin="908070")

    assert error_of(customer.redeem(reward, manager_pin=PIN)) == "too_many_tries"


def test_beyond_the_users_limit_a_manager_is_asked(customer: Customer) -> None:
    appoint(customer.till, MANAGER, PIN)
    limit(customer.till, 150)
    reward = customer.alice.a_reward()
    assert customer.redeem(reward).status_code == 201

    over = customer.redeem(reward)
    lifted = customer.redeem(reward, scanned=customer.token, manager_pin=PIN)

    assert (over.status_code, error_of(over)) == (409, "over_redeem_limit")
    assert over.get_json()["error"]["left_today"] == 50
    assert lifted.status_code == 201
    [row] = customer.till.rows(TillAllowance)
    assert (row.redeemed, row.granted) == (200, 0)


def test_the_narrowest_limit_counts(customer: Customer) -> None:
    limit(customer.till, 0)
    limit(customer.till, 100, user_id=7)

    assert customer.redeem(customer.alice.a_reward()).status_code == 201
    other = customer.till.logged_in(8)
    refused = customer.redeem(customer.alice.a_reward(), till=other)
    assert error_of(refused) == "over_redeem_limit"
