"""A process dies of SIGKILL at each step of a redemption; the next sweep ends what it began."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from config import Settings
from jobs import redemptions
from loyalty.base import db, faults
from loyalty.base.db import shop_transaction
from loyalty.reconciliation.tables import Finding
from loyalty.redemption import credit_windows
from loyalty.redemption.tables import Redemption
from shopify_app.platform import installations, redeeming
from shopify_app.platform.session_tokens import verify
from tests.platform.redeeming_cast import STAFF, Redeemer, make_redeemer
from tests.platform.shopify import Shopify

REDEEMING = ("redemption_reserved", "redemption_discount_made", "redemption_issued")
RETURNING = ("redemption_returning", "redemption_code_dead", "redemption_returned")


@pytest.fixture
def alice(shopify: Shopify, connected: Settings) -> Redeemer:
    """Alice with 1000 points in Aurora, which is installed."""
    shop_id = installations.ensure_installed(verify(shopify.id_token(), connected))
    return make_redeemer(shopify, shop_id)


@pytest.mark.parametrize("point", REDEEMING)
def test_a_kill_while_redeeming_ends_with_one_code(
    alice: Redeemer, tmp_path: Path, point: str
) -> None:
    reward = alice.a_reward()
    wish = alice.a_wish(reward)
    before = alice.shopify.state()["counts"]["DiscountCodeNode"]

    kill_at(point, tmp_path, lambda: alice.redeem(reward, wish=wish))
    held = alice.redeem(reward, wish=wish)
    assert alice.points == 900
    sweep(alice, held)

    told = alice.redeem(reward, wish=wish)
    assert told.state == "issued" and alice.works(told.code)
    assert alice.points == 900
    assert alice.shopify.state()["counts"]["DiscountCodeNode"] == before + 1


@pytest.mark.parametrize("point", REDEEMING)
def test_a_kill_while_paying_store_credit_pays_it_once(
    alice: Redeemer, tmp_path: Path, point: str
) -> None:
    reward = alice.a_reward(kind="store_credit")
    wish = alice.a_wish(reward)

    kill_at(point, tmp_path, lambda: alice.redeem(reward, wish=wish))
    sweep(alice, alice.redeem(reward, wish=wish))

    assert alice.redeem(reward, wish=wish).state == "used"
    assert alice.credits() == ["5.0"] and alice.points == 900


def test_a_kill_between_the_note_and_the_credit_pays_it_once_it_is_settled(
    alice: Redeemer, tmp_path: Path
) -> None:
    reward = alice.a_reward(kind="store_credit")
    wish = alice.a_wish(reward)

    kill_at("redemption_credit_noted", tmp_path, lambda: alice.redeem(reward, wish=wish))
    held = alice.redeem(reward, wish=wish)
    sweep(alice, held)
    # nobody can know whether the call got through: it is not made beside itself
    assert alice.read(held.id).state == "reserved"
    with shop_transaction(alice.shop_id) as session:
        (doubt,) = session.scalars(select(Finding).where(Finding.thing == str(held.id)))
        doubt.found_at -= credit_windows.SETTLED
    sweep(alice, held)

    assert alice.read(held.id).state == "used"
    assert alice.credits() == ["5.0"] and alice.points == 900


@pytest.mark.parametrize("point", RETURNING)
def test_a_kill_while_taking_back_ends_with_the_points_alone(
    alice: Redeemer, tmp_path: Path, point: str
) -> None:
    redemption = alice.redeem(alice.a_reward())

    kill_at(point, tmp_path, lambda: void(alice, redemption))
    # never both: who has the points back has no code
    assert not (alice.points == 1000 and alice.works(redemption.code))
    sweep(alice, redemption)

    assert alice.read(redemption.id).state == "returned"
    assert alice.points == 1000 and not alice.works(redemption.code)


@pytest.mark.parametrize("point", ["redemption_discount_made", "redemption_issued"])
def test_a_sweep_killed_while_it_heals_is_followed_by_another(
    alice: Redeemer, tmp_path: Path, point: str
) -> None:
    reward = alice.a_reward()
    wish = alice.a_wish(reward)
    kill_at("redemption_reserved", tmp_path, lambda: alice.redeem(reward, wish=wish))
    redemption = alice.redeem(reward, wish=wish)
    alice.make_due(redemption.id)

    kill_at(point, tmp_path, lambda: redemptions.bring_on_due(alice.shop_id))
    sweep(alice, redemption)

    healed = alice.read(redemption.id)
    assert healed.state == "issued" and alice.works(healed.code) and alice.points == 900


def kill_at(point: str, folder: Path, do: Callable[[], object]) -> None:
    """Run `do` in a process of its own, which must die of SIGKILL at `point`."""
    (folder / point).touch()
    pid = os.fork()
    if pid == 0:
        try:
            # The parent's connections are the parent's.
            db.engine().dispose(close=False)
            faults.arm(folder)
            do()
        finally:
            os._exit(1)
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    assert (folder / f"{point}.hit").exists()


def sweep(alice: Redeemer, redemption: Redemption) -> None:
    """The sweep, once the lease of whoever died is over."""
    if alice.read(redemption.id).state in ("reserved", "returning"):
        alice.make_due(redemption.id)
    redemptions.bring_on_due(alice.shop_id)


def void(alice: Redeemer, redemption: Redemption) -> None:
    redeeming.void(alice.shop_id, redemption.id, reason="changed_mind", actor=STAFF)
