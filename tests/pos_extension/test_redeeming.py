"""Rewards at the till: the newest code of the card or a second proof, and points away once."""

from collections.abc import Iterator
from threading import Barrier, Thread
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import select

from config import Settings
from jobs import redemptions
from loyalty.audit import AuditRow
from loyalty.base.db import shop_transaction
from loyalty.base.errors import InsufficientPoints
from loyalty.ledger.selfcheck import find_differences
from loyalty.ledger.tables import LedgerEntry
from loyalty.members.tables import Member
from loyalty.redemption.doubts import CREDIT_IN_DOUBT
from loyalty.redemption.tables import Redemption
from loyalty.till.tables import TillAllowance
from shopify_app.platform import installations
from shopify_app.platform import settings as platform_settings
from shopify_app.platform.session_tokens import verify
from tests.platform.conftest import make_settings
from tests.platform.redeeming_cast import make_redeemer
from tests.platform.shopify import Shopify, running
from tests.pos_extension.cast import Till, at_once, install_till
from tests.pos_extension.redeem_cast import Customer, appoint, limit
from wallet.tokens import find_scanned

MANAGER, PIN = "Mona", "271828"


@pytest.fixture(scope="module")
def shopify(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shopify]:
    """A stand-in for Shopify with two small shops."""
    with running(tmp_path_factory.mktemp("shopify"), customers=5, orders=5) as shopify:
        yield shopify


@pytest.fixture
def aurora(app: Flask, shopify: Shopify) -> Till:
    """A till of Aurora whose token works at Shopify; no fault of an earlier test is left."""
    for surface in ("graphql", "token"):
        shopify.fail(surface, "off")
    settings: Settings = make_settings(shopify_url_template=shopify.url_template)
    platform_settings.configure(settings)
    till = install_till(app, "aurora")
    assert installations.ensure_installed(verify(shopify.id_token(), settings)) == till.shop_id
    return till


@pytest.fixture
def customer(aurora: Till, shopify: Shopify) -> Customer:
    """Alice with 1000 points, at Aurora's till."""
    return Customer(aurora, make_redeemer(shopify, aurora.shop_id))


def error_of(answer: Any) -> str:
    """The code of a refusal."""
    code: str = answer.get_json()["error"]["code"]
    return code


def test_a_scanned_card_buys_a_code_for_the_cart(customer: Customer) -> None:
    reward = customer.alice.a_reward()

    answer = customer.redeem(reward)

    assert answer.status_code == 201, answer.get_json()
    body = answer.get_json()
    redemption = body["redemption"]
    assert (redemption["state"], redemption["points"]) == ("issued", 100)
    assert customer.alice.works(redemption["code"])
    assert body["member"]["points"] == customer.alice.points == 900
    [row] = customer.till.rows(Redemption)
    assert (row.channel, row.actor) == ("till", "till_user:7")


def test_what_the_till_says_of_cost_and_discount_is_not_read(customer: Customer) -> None:
    reward = customer.alice.a_reward()

    answer = customer.redeem(
        reward, cost_points=1, amount_minor=99999, code="MINE", channel="admin"
    )

    redemption = answer.get_json()["redemption"]
    assert (redemption["points"], customer.alice.points) == (100, 900)
    assert redemption["code"] != "MINE"
    order = customer.alice.shopify.tell(
        "orders",
        customer_id=customer.alice.customer_id,
        lines=[{"title": "Tea", "price": "20.00"}],
        discounts=[{"code": redemption["code"]}],
    )
    assert order["total_discounts"] == "5.00"


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


def test_a_shopify_that_is_silent_makes_the_code_later(
    customer: Customer, shopify: Shopify
) -> None:
    reward = customer.alice.a_reward()
    shopify.fail("graphql", "cut", topic="DiscountCodeBasicCreate", count=1)

    answer = customer.redeem(reward)

    assert answer.status_code == 202
    redemption = answer.get_json()["redemption"]
    assert (redemption["state"], redemption["code"]) == ("reserved", None)
    assert customer.alice.points == 900
    [row] = customer.till.rows(Redemption)
    customer.alice.make_due(row.id)
    redemptions.bring_on_due(customer.till.shop_id)
    later = customer.till.get(f"redemptions/{redemption['id']}").get_json()["redemption"]
    assert later["state"] == "issued"
    assert customer.alice.works(later["code"])


def test_what_shopify_refuses_is_told_and_the_points_are_back(
    customer: Customer, shopify: Shopify
) -> None:
    reward, key = customer.alice.a_reward(), str(uuid4())
    shopify.fail("discounts", "refuse", code="MAX_APP_DISCOUNTS", count=1)

    answers = [customer.redeem(reward, client_key=key) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [409, 409]
    assert [error_of(answer) for answer in answers] == ["discount_refused"] * 2
    assert "Shopify" in answers[0].get_json()["error"]["fields"]["reward"]
    assert customer.alice.points == 1000


def test_a_code_is_taken_back_and_is_dead(customer: Customer) -> None:
    made = customer.redeem(customer.alice.a_reward()).get_json()["redemption"]
    path = f"/pos/v1/redemptions/{made['id']}"
    client = customer.till.app.test_client()

    first = client.delete(path, headers=customer.till.bearer())
    again = client.delete(path, headers=customer.till.bearer())

    assert (first.status_code, again.status_code) == (200, 200)
    assert first.get_json()["redemption"]["state"] == "returned"
    assert customer.alice.points == again.get_json()["member"]["points"] == 1000
    assert not customer.alice.works(made["code"])


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


def test_redemptions_of_another_shop_are_unknown(customer: Customer, borealis: Till) -> None:
    made = customer.redeem(customer.alice.a_reward()).get_json()["redemption"]
    client = borealis.app.test_client()

    for path in (made["id"], made["id"].replace(f"{customer.till.shop_id}-", "999-"), "x"):
        read = client.get(f"/pos/v1/redemptions/{path}", headers=borealis.bearer())
        void = client.delete(f"/pos/v1/redemptions/{path}", headers=borealis.bearer())
        assert (read.status_code, void.status_code) == (404, 404)
    ours = made["id"].replace(f"{customer.till.shop_id}-", f"{borealis.shop_id}-")
    guessed = client.delete(f"/pos/v1/redemptions/{ours}", headers=borealis.bearer())
    assert (guessed.status_code, error_of(guessed)) == (404, "unknown_redemption")
    assert customer.alice.works(made["code"])


def test_the_till_is_told_what_can_be_had_and_what_is_missing(customer: Customer) -> None:
    cheap = customer.alice.a_reward()
    dear = customer.alice.a_reward(name="Dear", cost_points=1066)
    customer.alice.a_reward(name="Online only", visibility="online")

    found = customer.offers()

    assert [one["id"] for one in found["rewards"]] == [str(cheap), str(dear)]
    near, far = found["rewards"]
    assert (near["is_redeemable"], near["missing_points"]) == (True, 0)
    assert (far["is_redeemable"], far["missing_points"]) == (False, 66)
    assert found["redemptions"] == []


def test_a_reward_per_point_costs_what_the_cart_can_use(customer: Customer) -> None:
    reward = customer.alice.a_reward(
        name="By points", pricing="per_point", cost_points=100, amount_minor=100
    )

    [offer] = customer.offers(cart_subtotal="3.00", cart_currency="USD")["rewards"]
    answer = customer.redeem(reward, cart_subtotal="3.00", cart_currency="USD")

    assert offer["cost_points"] == 300
    assert answer.get_json()["redemption"]["points"] == 300


def test_what_is_held_already_is_shown_with_its_code(customer: Customer) -> None:
    made = customer.redeem(customer.alice.a_reward()).get_json()["redemption"]

    [held] = customer.offers()["redemptions"]

    assert held == made


def test_a_store_credit_of_which_nobody_knows_is_told_as_one(customer: Customer) -> None:
    made = customer.redeem(customer.alice.a_reward()).get_json()["redemption"]
    with shop_transaction(customer.till.shop_id) as session:
        redemption = session.scalars(select(Redemption)).one()
        redemption.state, redemption.flags = "reserved", [CREDIT_IN_DOUBT]

    [held] = customer.offers()["redemptions"]

    assert (made["is_in_doubt"], held["is_in_doubt"]) == (False, True)


def test_who_redeems_often_is_told_of_and_served(customer: Customer) -> None:
    reward = customer.alice.a_reward(cost_points=1)
    answers = [customer.redeem(reward) for _ in range(10)]

    warnings = [answer.get_json()["redemption"]["warnings"] for answer in answers]

    assert warnings[0] == []
    assert "velocity_member" in warnings[-1]
    assert customer.alice.points == 990


BAD = [
    ("reward_id", {"reward_id": "x"}),
    ("client_key", {"client_key": "x"}),
    ("points", {"points": 0}),
    ("points", {"points": 1.5}),
    ("points", {"points": "5"}),
    ("cart_subtotal", {"cart_subtotal": "lots", "cart_currency": "USD"}),
    ("cart_subtotal", {"cart_subtotal": -1, "cart_currency": "USD"}),
    ("cart_subtotal", {"cart_subtotal": "1.001", "cart_currency": "USD"}),
    ("shown_code", {"shown_code": "12345"}),
    ("shown_code", {"shown_code": "١٢٣٤٥٦"}),
    ("manager_pin", {"manager_pin": "1234"}),
    ("location_id", {"location_id": 0}),
]


@pytest.mark.parametrize(("field", "change"), BAD)
def test_a_malformed_wish_is_told_beside_its_field(
    customer: Customer, field: str, change: dict[str, Any]
) -> None:
    reward = customer.alice.a_reward()

    answer = (
        customer.redeem(reward, scanned=customer.token, **change)
        if field != "reward_id"
        else (customer.till.post(f"members/{customer.id}/redemptions", **change))
    )

    assert answer.status_code == 422
    assert list(answer.get_json()["error"]["fields"]) == [field]
    assert customer.till.count(Redemption) == 0


@pytest.mark.parametrize("state", ["archived", "erased"])
def test_who_is_no_member_any_more_redeems_nothing(customer: Customer, state: str) -> None:
    reward = customer.alice.a_reward()
    with shop_transaction(customer.till.shop_id) as session:
        place = (customer.till.shop_id, customer.alice.member_id)
        session.get_one(Member, place).state = state

    answer = customer.redeem(reward)

    assert answer.status_code in (409, 410)
    assert customer.till.count(Redemption) == 0


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
