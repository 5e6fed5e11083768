"""kill -9 at every step of a redemption: never points and code both, healed within a minute.

A point that killed nobody fails the proof. While it heals, points and code are watched.
"""

import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from sandbox.demo.story import ask, open_admin, operate
from sandbox.demo.world import ROOT, running_world
from tests.flows.chain import SHOP, Chain

pytestmark = pytest.mark.proof

COST = 100
REDEEM_POINTS = {
    "redemption_reserved": "the points are away, Shopify was not asked yet",
    "redemption_discount_made": "Shopify made it, nobody wrote it down",
    "redemption_issued": "all is written down, nobody was told",
}
VOID_POINTS = {
    "redemption_returning": "it is to be taken back, the code still works",
    "redemption_code_dead": "the code is dead, the points are not back",
    "redemption_returned": "all is written down, nobody was told",
}
HEALED_WITHIN_S = 60
# The world beside it starts processes anew and shares two cores.
KILLED_WITHIN_S = 90


@dataclass
class Shopper:
    """A member with points, and the reward that they redeem."""

    chain: Chain
    member_id: str
    customer_id: int
    email: str
    rewards: dict[str, str]

    @property
    def points(self) -> int:
        """What the books say is available."""
        return self.chain.available(self.email)

    def redemption(self, key: str) -> dict[str, Any]:
        """The redemption of a client key."""
        return self.chain.rows("SELECT * FROM redemption WHERE client_key = %s", key)[0]

    def works(self, code: str | None) -> bool:
        """Whether Shopify would take the code now."""
        return any(code in one["codes"] and one["status"] == "ACTIVE" for one in self._discounts())

    def codes(self) -> set[str]:
        """The codes of all discounts that are ours."""
        ours = [one for one in self._discounts() if "encore" in one["tags"]]
        return {code for one in ours for code in one["codes"]}

    def credits(self) -> int:
        """How often they were paid store credit."""
        url = f"{self.chain.world.shopify_url}/_control/customers/{self.customer_id}/credit"
        return len(ask(f"{url}?shop={SHOP}"))

    def _discounts(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = ask(
            f"{self.chain.world.shopify_url}/_control/discounts?shop={SHOP}"
        )
        return found


@pytest.fixture(scope="module")
def chain() -> Iterator[Chain]:
    state = Path(tempfile.mkdtemp(prefix="encore-redeem-kill-", dir="/var/tmp"))
    state.chmod(0o711)
    try:
        points = state / "fault-points"
        with running_world(state, customers=20, orders=20, fault_points=points) as world:
            open_admin(world, SHOP)
            operate(world, "wait-for-backfill", "--shop", SHOP)
            yield Chain(world)
    finally:
        shutil.rmtree(state, ignore_errors=True)


@pytest.fixture(scope="module")
def shopper(chain: Chain) -> Shopper:
    made = chain.shopify("customers", first_name="Nora", email="nora.redeems@example.com")
    line = {"title": "Sofa", "price": "5000.00", "quantity": 1, "taxable": False}
    chain.shopify("orders", customer_id=made["id"], lines=[line])
    chain.wait(lambda: bool(_member(chain, made["id"])), "the member")
    email = "nora.redeems@example.com"
    chain.wait(lambda: chain.available(email) == 5000, "5000 points")
    five = {"name": "Five off", "kind": "fixed_amount", "amount": "5.00", "cost_points": COST}
    paid = five | {"name": "Credit", "kind": "store_credit"}
    rewards = {
        name: operate(chain.world, "add-reward", "--shop", SHOP, json.dumps(given)).split()[0]
        for name, given in (("code", five), ("credit", paid))
    }
    return Shopper(chain, _member(chain, made["id"])[0]["member_id"], made["id"], email, rewards)


@pytest.mark.parametrize("point", REDEEM_POINTS)
def test_a_redemption_killed_at_a_step_ends_with_one_code(shopper: Shopper, point: str) -> None:
    before, codes, key = shopper.points, shopper.codes(), str(uuid4())

    kill(shopper.chain, point, *redeem(shopper, "code", key))
    healed_s = wait_watching(shopper, key, "issued", before)

    (code,) = shopper.codes() - codes
    told = operate(shopper.chain.world, *redeem(shopper, "code", key))
    print(f"\nkill -9 at {point} ({REDEEM_POINTS[point]}): healed after {healed_s:.0f} s")
    assert code in told and shopper.works(code)
    assert shopper.points == before - COST
    assert len(shopper.codes() - codes) == 1


@pytest.mark.parametrize("point", REDEEM_POINTS)
def test_store_credit_killed_at_a_step_is_paid_once(shopper: Shopper, point: str) -> None:
    before, paid, key = shopper.points, shopper.credits(), str(uuid4())

    kill(shopper.chain, point, *redeem(shopper, "credit", key))
    healed_s = wait_watching(shopper, key, "used", before)

    print(f"\nkill -9 of a credit at {point}: healed after {healed_s:.0f} s")
    assert shopper.credits() == paid + 1
    assert shopper.points == before - COST


@pytest.mark.parametrize("point", VOID_POINTS)
def test_a_return_killed_at_a_step_ends_with_the_points(shopper: Shopper, point: str) -> None:
    before, key = shopper.points, str(uuid4())
    operate(shopper.chain.world, *redeem(shopper, "code", key))
    redemption = shopper.redemption(key)
    assert redemption["state"] == "issued"

    void = ("void-redemption", "--shop", SHOP, "--id", str(redemption["id"]))
    kill(shopper.chain, point, *void)
    healed_s = wait_watching(shopper, key, "returned", before)

    print(f"\nkill -9 at {point} ({VOID_POINTS[point]}): healed after {healed_s:.0f} s")
    assert not shopper.works(redemption["code"])
    assert shopper.points == before


@pytest.mark.parametrize("point", ["redemption_discount_made", "redemption_code_dead"])
def test_a_sweep_killed_while_it_heals_is_taken_over(shopper: Shopper, point: str) -> None:
    before, codes, key = shopper.points, shopper.codes(), str(uuid4())
    command: tuple[str, ...]
    if point == "redemption_code_dead":
        operate(shopper.chain.world, *redeem(shopper, "code", key))
        redemption = shopper.redemption(key)
        command = ("void-redemption", "--shop", SHOP, "--id", str(redemption["id"]))
        first, end = "redemption_returning", "returned"
    else:
        command, first, end = redeem(shopper, "code", key), "redemption_reserved", "issued"
    kill(shopper.chain, first, *command)

    arm(shopper.chain, point)
    wait_for_hit(shopper.chain, point)
    healed_s = wait_watching(shopper, key, end, before)

    print(f"\nkill -9 of the sweep at {point}: healed after {healed_s:.0f} s more")
    assert shopper.works(shopper.redemption(key)["code"]) == (end == "issued")
    assert shopper.points == before - (COST if end == "issued" else 0)
    assert len(shopper.codes() - codes) == 1


def test_afterwards_what_was_issued_used_and_returned_is_what_the_books_say(
    shopper: Shopper,
) -> None:
    shopper.chain.settle()

    rows = shopper.chain.rows("SELECT state, points, points_returned FROM redemption")
    assert {row["state"] for row in rows} <= {"issued", "used", "returned"}
    out = sum(row["points"] - row["points_returned"] for row in rows)
    assert shopper.points == 5000 - out
    operate(shopper.chain.world, "selfcheck")


def redeem(shopper: Shopper, reward: str, key: str) -> tuple[str, ...]:
    """The command that redeems for the shopper."""
    return (
        *("redeem", "--shop", SHOP, "--member", str(shopper.member_id)),
        *("--reward", shopper.rewards[reward], "--key", key),
    )


def kill(chain: Chain, point: str, *command: str) -> None:
    """Run an operator command that must die of SIGKILL at `point`."""
    arm(chain, point)
    done = subprocess.run(
        [sys.executable, str(ROOT / "app.py"), *command],
        env=chain.world.environment,
        capture_output=True,
        timeout=KILLED_WITHIN_S,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()[-2000:]
    wait_for_hit(chain, point)


def arm(chain: Chain, point: str) -> None:
    folder = chain.world.state / "fault-points"
    (folder / f"{point}.hit").unlink(missing_ok=True)
    (folder / point).touch()


def wait_for_hit(chain: Chain, point: str) -> None:
    hit = chain.world.state / "fault-points" / f"{point}.hit"
    chain.wait(hit.exists, f"a kill at {point}", KILLED_WITHIN_S)
    assert json.loads(hit.read_text())["work"]["redemption"], "the kill met no redemption"


def wait_watching(shopper: Shopper, key: str, state: str, before: int) -> float:
    """Wait for the redemption's end; never may the points be back and the code still work."""
    began = time.monotonic()
    while True:
        # The points first: once they are back the code must be dead for good.
        has_points_back = shopper.points == before
        redemption = shopper.redemption(key)
        assert not (has_points_back and shopper.works(redemption["code"])), redemption
        if redemption["state"] == state:
            return time.monotonic() - began
        assert time.monotonic() - began < HEALED_WITHIN_S, redemption
        time.sleep(0.5)


def _member(chain: Chain, customer_id: int) -> list[dict[str, Any]]:
    query = "SELECT member_id FROM customer WHERE customer_id = %s AND member_id IS NOT NULL"
    return chain.rows(query, customer_id)
