"""Redeeming at the till: one scan, one wish and the same points redeem once."""

from threading import Barrier, Thread
from typing import Any
from uuid import uuid4

from jobs import redemptions
from loyalty.base.db import shop_transaction
from loyalty.base.errors import InsufficientPoints
from loyalty.ledger.selfcheck import find_differences
from loyalty.ledger.tables import LedgerEntry
from loyalty.redemption.tables import Redemption
from loyalty.till.tables import TillAllowance
from tests.pos_extension.cast import at_once
from tests.pos_extension.redeem_cast import Customer, error_of
from wallet.tokens import find_scanned


def test_each_redemption_makes_the_scanned_code_an_old_one(customer: Customer) -> None:
    reward, first = customer.alice.a_reward(), customer.token

    customer.redeem(reward, scanned=first)
    again = customer.redeem(reward, scanned=first)

    assert (again.status_code, error_of(again)) == (409, "second_proof_needed")
    assert customer.alice.points == 900
    with shop_transaction(customer.till.shop_id) as session:
        found = find_scanned(session, customer.till.shop_id, first)
    assert found is not None and not found.is_newest
    assert customer.redeem(reward).status_code == 201


def test_two_tills_with_one_scan_redeem_once(customer: Customer) -> None:
    reward, token = customer.alice.a_reward(), customer.token
    other = customer.till.logged_in(8)

    answers = at_once(
        lambda: customer.redeem(reward, scanned=token),
        lambda: customer.redeem(reward, till=other, scanned=token),
    )

    assert sorted(answer.status_code for answer in answers) == [201, 409]
    assert customer.alice.points == 900


def test_of_till_and_phone_that_redeem_the_same_points_one_is_told(customer: Customer) -> None:
    reward, told = customer.alice.a_reward(cost_points=700), []
    token, barrier = customer.token, Barrier(2)

    def at_the_till() -> None:
        barrier.wait()
        answer = customer.redeem(reward, scanned=token)
        told.append(answer.status_code == 409)

    def on_the_phone() -> None:
        barrier.wait()
        try:
            customer.alice.redeem(reward)
            told.append(False)
        except InsufficientPoints:
            told.append(True)

    threads = [Thread(target=at_the_till), Thread(target=on_the_phone)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(told) == [False, True]
    assert customer.alice.points == 300
    assert customer.till.count(Redemption) == 1


def test_of_two_who_redeem_the_same_points_one_is_told(customer: Customer) -> None:
    reward = customer.alice.a_reward(cost_points=700)
    token, code = customer.token, customer.shown_code()

    answers = at_once(
        lambda: customer.redeem(reward, scanned=token),
        lambda: customer.redeem(reward, shown_code=code),
    )

    told = [error_of(answer) for answer in answers if answer.status_code == 409]
    assert told == ["insufficient_points"]
    assert customer.alice.points == 300


def test_a_resend_gets_the_same_code_and_proves_nothing_again(customer: Customer) -> None:
    said: dict[str, Any] = {"client_key": str(uuid4()), "scanned": customer.token}
    reward = customer.alice.a_reward()

    first = customer.redeem(reward, **said)
    again = customer.redeem(reward, **said)
    bare = customer.redeem(reward, client_key=said["client_key"], scanned=None)

    codes = {answer.get_json()["redemption"]["code"] for answer in (first, again, bare)}
    assert len(codes) == 1 and None not in codes
    assert customer.alice.points == 900
    assert [row.redeemed for row in customer.till.rows(TillAllowance)] == [100]


def test_the_same_key_for_another_reward_is_refused(customer: Customer) -> None:
    key = str(uuid4())
    customer.redeem(customer.alice.a_reward(), client_key=key)

    other = customer.redeem(customer.alice.a_reward(cost_points=50), client_key=key)

    assert (other.status_code, error_of(other)) == (409, "client_key_reused")
    assert customer.alice.points == 900


def test_a_resend_of_what_is_being_taken_back_says_so(customer: Customer) -> None:
    # given a code whose end Shopify has not told us of yet
    reward, key = customer.alice.a_reward(), str(uuid4())
    made = customer.redeem(reward, client_key=key).get_json()["redemption"]
    customer.alice.lose_answer("DiscountCodeDeactivate", "fail")
    client = customer.till.app.test_client()
    client.delete(f"/pos/v1/redemptions/{made['id']}", headers=customer.till.bearer())
    # when
    resent = customer.redeem(reward, client_key=key)
    # then
    told = resent.get_json()["redemption"]
    assert (resent.status_code, told["state"], told["code"]) == (200, "returning", None)
    assert customer.alice.points == 900
    # and once it is dead
    [row] = customer.till.rows(Redemption)
    customer.alice.make_due(row.id)
    redemptions.bring_on_due(customer.till.shop_id)
    resent = customer.redeem(reward, client_key=key)
    assert (resent.status_code, resent.get_json()["redemption"]["state"]) == (200, "returned")
    assert customer.alice.points == 1000


def test_the_books_agree_after_all_that(customer: Customer) -> None:
    reward = customer.alice.a_reward()
    for _ in range(3):
        made = customer.redeem(reward).get_json()["redemption"]
    path = f"/pos/v1/redemptions/{made['id']}"
    customer.till.app.test_client().delete(path, headers=customer.till.bearer())

    with shop_transaction(customer.till.shop_id) as session:
        assert list(find_differences(session, customer.till.shop_id)) == []
    kinds = sorted(row.kind for row in customer.till.rows(LedgerEntry))
    assert kinds == ["grant", "redeem", "redeem", "redeem", "redeem_reversal"]
