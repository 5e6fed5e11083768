"""Store credit over real HTTP: paid once, however slow Shopify is, or a person is asked."""

import gzip
import json
import time
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from config import Settings
from jobs import redemptions
from jobs.credit_commands import credit_commands
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import DiscountRefused, RewardNotAvailable
from loyalty.reconciliation.tables import Finding
from loyalty.redemption import credit_windows, doubts
from loyalty.redemption.tables import Redemption
from shopify_app.platform import client, installations, redeeming
from shopify_app.platform.session_tokens import verify
from tests.platform.redeeming_cast import Redeemer, make_redeemer
from tests.platform.shopify import Shopify

PATIENT_S = 60
SCHEMA = Path(__file__).parents[2] / "sandbox/shopify/schema/admin_2026-10.json.gz"


@pytest.fixture
def alice(shopify: Shopify, connected: Settings) -> Redeemer:
    """Alice with 1000 points in Aurora, which is installed."""
    return make_redeemer(
        shopify, installations.ensure_installed(verify(shopify.id_token(), connected))
    )


@pytest.fixture
def reward(alice: Redeemer) -> UUID:
    """5.00 of store credit for 100 points."""
    return alice.a_reward(kind="store_credit")


def sweep(alice: Redeemer, redemption: Redemption) -> Redemption:
    """What the sweep makes of it, once whoever worked on it has died."""
    alice.make_due(redemption.id)
    redemptions.bring_on_due(alice.shop_id)
    return alice.read(redemption.id)


def asked_long_ago(
    alice: Redeemer, redemption: Redemption, ago: timedelta = credit_windows.SETTLED
) -> None:
    """Let the time be over in which what was asked for may yet be done, or some more."""
    with shop_transaction(alice.shop_id) as session:
        (doubt,) = session.scalars(select(Finding).where(Finding.thing == str(redemption.id)))
        doubt.found_at -= ago


def doubt_of(alice: Redeemer, redemption: Redemption) -> doubts.Doubt | None:
    with shop_transaction(alice.shop_id) as session:
        return doubts.find(session, alice.shop_id, redemption.id)


def test_store_credit_is_paid_once_and_used_at_once(alice: Redeemer, reward: UUID) -> None:
    redemption = alice.redeem(reward)

    assert (redemption.state, redemption.code) == ("used", None)
    assert alice.credits() == ["5.0"] and alice.points == 900
    assert doubt_of(alice, redemption) is None


def test_every_refusal_of_credit_gives_the_points_back_and_says_why(
    alice: Redeemer, reward: UUID
) -> None:
    codes = _refusals()
    assert len(codes) >= 6
    for code in codes:
        alice.shopify.fail("credit", "refuse", code=code, count=1)

        with pytest.raises(DiscountRefused) as caught:
            alice.redeem(reward)

        assert caught.value.shopify_code == code
        said = str(caught.value)
        assert said[0].isupper() and "_" not in said and "this discount" not in said, code
        assert alice.points == 1000 and alice.credits() == [], code


def test_store_credit_whose_answer_was_lost_is_found(alice: Redeemer, reward: UUID) -> None:
    alice.lose_answer("StoreCreditCredit", "cut")

    redemption = alice.redeem(reward)

    assert redemption.state == "reserved"
    assert sweep(alice, redemption).state == "used"
    assert alice.credits() == ["5.0"] and doubt_of(alice, redemption) is None


def test_a_slow_credit_is_not_asked_for_beside_itself(alice: Redeemer, reward: UUID) -> None:
    # Shopify pays it seconds after we have stopped waiting and looked
    alice.lose_answer("StoreCreditCredit", "stall", seconds=4)
    redemption = alice.redeem(reward, patience={"attempts_max": 1, "answer_s": 0.2})

    assert sweep(alice, redemption).state == "reserved"
    ends_at = time.monotonic() + PATIENT_S
    while not alice.credits() and time.monotonic() < ends_at:
        time.sleep(0.2)

    assert sweep(alice, redemption).state == "used"
    assert alice.credits() == ["5.0"] and alice.points == 900


def test_what_is_not_paid_by_the_time_it_can_be_is_asked_for_again(
    alice: Redeemer, reward: UUID
) -> None:
    alice.lose_answer("StoreCreditCredit", "fail")
    redemption = alice.redeem(reward)
    assert sweep(alice, redemption).state == "reserved" and alice.credits() == []

    asked_long_ago(alice, redemption)

    assert sweep(alice, redemption).state == "used"
    assert alice.credits() == ["5.0"] and alice.points == 900


def test_what_shopify_did_not_take_is_asked_for_at_the_next_sweep(
    alice: Redeemer, reward: UUID
) -> None:
    alice.shopify.fail("graphql", "throttle", count=1)

    redemption = alice.redeem(reward)

    assert redemption.state == "reserved" and doubt_of(alice, redemption) is None
    assert sweep(alice, redemption).state == "used"
    assert alice.credits() == ["5.0"]


def test_what_was_never_asked_for_is_not_found_in_somebody_elses_credit(
    alice: Redeemer, reward: UUID
) -> None:
    # given 5.00 that the merchant gave by hand, minutes before
    alice.give_credit("5.00")
    alice.shopify.fail("graphql", "throttle", count=1)
    redemption = alice.redeem(reward)
    # when the sweep asks for what could not be asked for
    assert sweep(alice, redemption).state == "used"
    # then it is paid besides
    assert alice.credits() == ["5.0", "5.0"]


def test_a_clock_that_goes_wrong_hides_no_credit(alice: Redeemer, reward: UUID) -> None:
    alice.lose_answer("StoreCreditCredit", "cut")
    redemption = alice.redeem(reward)
    with shop_transaction(alice.shop_id) as session:
        # so that Shopify's clock is nine minutes behind ours
        row = session.get_one(Redemption, (alice.shop_id, redemption.id))
        row.reserved_at += timedelta(minutes=9)
    asked_long_ago(alice, redemption)

    assert sweep(alice, redemption).state == "used"
    assert alice.credits() == ["5.0"]


def test_what_shopify_cannot_say_is_left_to_a_person(alice: Redeemer, reward: UUID) -> None:
    redemption = in_doubt(alice, reward)

    assert (redemption.state, redemption.flags) == ("reserved", ["credit_in_doubt"])
    assert redemption.next_at and redemption.next_at > utc_now() + timedelta(minutes=30)
    sweep(alice, redemption)
    assert "5.0" not in alice.credits() and alice.points == 900


@pytest.mark.parametrize(
    ("said", "state", "points"), [("paid", "used", 900), ("not-paid", "returned", 1000)]
)
def test_a_person_settles_what_is_in_doubt(
    alice: Redeemer, reward: UUID, said: str, state: str, points: int
) -> None:
    redemption = in_doubt(alice, reward)
    typed = ("settle-credit", "--shop", "aurora.myshopify.com", "--redemption", str(redemption.id))

    told = CliRunner().invoke(credit_commands, (*typed, f"--{said}"))
    again = CliRunner().invoke(credit_commands, (*typed, f"--{said}"))

    assert told.exit_code == 0 and state in told.output
    assert alice.read(redemption.id).state == state and alice.points == points
    assert again.exit_code == 1 and "not_in_doubt" in again.output


def test_a_second_store_credit_waits_for_the_first(alice: Redeemer, reward: UUID) -> None:
    alice.lose_answer("StoreCreditCredit")
    first = alice.redeem(reward)

    with pytest.raises(RewardNotAvailable, match="try again in a minute"):
        alice.redeem(reward)

    assert sweep(alice, first).state == "used"
    assert alice.redeem(reward).state == "used"
    assert alice.credits() == ["5.0", "5.0"] and alice.points == 800


def test_a_store_credit_of_another_amount_need_not_wait(alice: Redeemer, reward: UUID) -> None:
    # given a credit of 5.00 that was paid, and whose answer was lost
    other = alice.a_reward(kind="store_credit", amount_minor=700)
    alice.lose_answer("StoreCreditCredit")
    first = alice.redeem(reward)
    # when one of 7.00 is redeemed
    second = alice.redeem(other)
    # then each is found as what it is
    assert second.state == "used"
    assert sweep(alice, first).state == "used"
    assert sorted(alice.credits()) == ["5.0", "7.0"]
    assert alice.read(first.id).discount_gid != alice.read(second.id).discount_gid


def test_a_reward_per_point_waits_only_for_the_same_amount(alice: Redeemer, reward: UUID) -> None:
    per_point = alice.a_reward(
        kind="store_credit", pricing="per_point", cost_points=1, amount_minor=1
    )
    alice.lose_answer("StoreCreditCredit")
    alice.redeem(reward)

    with pytest.raises(RewardNotAvailable, match="of this amount is being paid"):
        alice.redeem(per_point, wish=alice.a_wish(per_point, points=500))

    assert alice.redeem(per_point, wish=alice.a_wish(per_point, points=501)).state == "used"


def test_what_is_in_doubt_holds_up_its_amount_for_half_an_hour(
    alice: Redeemer, reward: UUID
) -> None:
    doubted = in_doubt(alice, reward)
    with pytest.raises(RewardNotAvailable, match="in half an hour"):
        alice.redeem(reward)

    asked_long_ago(alice, doubted, credit_windows.APART - credit_windows.SETTLED)

    assert alice.redeem(reward).state == "used"


def test_a_later_credit_is_not_taken_for_the_one_in_doubt(alice: Redeemer, reward: UUID) -> None:
    # given a doubt of long ago, and a credit of its amount since whose answer was lost too
    doubted = in_doubt(alice, reward)
    asked_long_ago(alice, doubted, credit_windows.APART - credit_windows.SETTLED)
    alice.lose_answer("StoreCreditCredit")
    later = alice.redeem(reward)
    # when the doubt is looked at before the other is known
    looked_at = sweep(alice, doubted)
    # then
    assert (looked_at.state, looked_at.flags) == ("reserved", ["credit_in_doubt"])
    assert sweep(alice, later).state == "used"
    assert alice.credits().count("5.0") == 1


def test_an_earlier_credit_is_not_taken_for_the_lost_one(alice: Redeemer, reward: UUID) -> None:
    alice.redeem(reward)
    alice.lose_answer("StoreCreditCredit", "fail")
    lost = alice.redeem(reward)
    asked_long_ago(alice, lost)

    assert sweep(alice, lost).state == "used"
    assert alice.credits() == ["5.0", "5.0"]


def test_credit_is_not_asked_for_when_somebody_else_may_soon(alice: Redeemer, reward: UUID) -> None:
    alice.lose_answer("StoreCreditCredit", "fail")
    redemption = alice.redeem(reward)
    asked_long_ago(alice, redemption)
    with shop_transaction(alice.shop_id) as session:
        row = session.get_one(Redemption, (alice.shop_id, redemption.id))
        row.next_at = utc_now() + timedelta(seconds=15)

    late = redeeming.bring_on(alice.shop_id, redemption.id)

    assert late.state == "reserved" and alice.credits() == []
    assert sweep(alice, redemption).state == "used"
    assert alice.credits() == ["5.0"]


def _refusals() -> list[str]:
    """Every code with which Shopify refuses to pay store credit, by its own schema."""
    types = json.loads(gzip.decompress(SCHEMA.read_bytes()))["data"]["__schema"]["types"]
    (found,) = [each for each in types if each["name"] == "StoreCreditAccountCreditUserErrorCode"]
    return [value["name"] for value in found["enumValues"]]


def in_doubt(alice: Redeemer, reward: UUID) -> Redemption:
    """A credit whose answer was lost, with more movements since than Shopify shows at once."""
    alice.lose_answer("StoreCreditCredit", "fail")
    redemption = alice.redeem(reward)
    for _ in range(31):
        give = {"creditAmount": {"amount": "0.01", "currencyCode": "USD"}}
        variables = {"id": f"gid://shopify/Customer/{alice.customer_id}", "credit": give}
        client.execute(alice.shop_id, "store_credit_credit", variables)
    asked_long_ago(alice, redemption)
    return sweep(alice, redemption)
