"""The chain under kill -9: each process dies at a named point with work in flight, none is lost.

A point that killed nobody, or had no work in flight, fails the proof.
"""

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.demo.story import let_read_all_orders, open_admin, operate
from sandbox.demo.world import World, running_world
from tests.flows.chain import SHOP, Chain

pytestmark = pytest.mark.proof

# Where a process dies, and what dies there.
POINTS = {
    "inbox_row_committed": "web: the webhook is stored, its 200 not yet sent",
    "inbox_before_commit": "inbox worker: a batch is handled, not yet committed",
    "committed_before_bell": "any process: a transaction is committed, nobody was told",
    "relay_mid_batch": "relay: deliveries are made, not yet committed",
    "delivery_after_claim.wallet": "wallet worker: a delivery is claimed, nothing sent yet",
    "delivery_before_done.wallet": "wallet worker: the push is out, not yet written down",
    "delivery_after_claim.google": "Google worker: a delivery is claimed, nothing sent yet",
    "google_before_send": "Google worker: the object is leased, not yet sent",
    "google_after_send": "Google worker: the object is sent, not yet written down",
    "delivery_before_done.google": "Google worker: all is written down, the delivery not yet done",
}
MAIL_POINTS = {
    "delivery_after_claim.mail": "mail worker: a delivery is claimed, nothing sent yet",
    "delivery_before_done.mail": "mail worker: the email is out, the delivery not yet done",
}
# What each point counts as work in flight.
IN_FLIGHT = {
    "backfill_batch_committed": "read",
    "inbox_row_committed": "rows",
    "inbox_before_commit": "rows",
    "committed_before_bell": "queue",
    "relay_mid_batch": "events",
    "delivery_after_claim": "deliveries",
    "delivery_before_done": "deliveries",
    "google_before_send": "revision",
    "google_after_send": "revision",
}
# A claim's lease must run out before another worker may take the work over.
HEALED_WITHIN_S = 200


@pytest.fixture(scope="module")
def armed_world() -> Iterator[World]:
    state = Path(tempfile.mkdtemp(prefix="encore-kill-", dir="/var/tmp"))
    state.chmod(0o711)
    try:
        points = state / "fault-points"
        with running_world(state, customers=60, orders=120, fault_points=points) as world:
            yield world
    finally:
        shutil.rmtree(state, ignore_errors=True)


@pytest.fixture(scope="module")
def chain(armed_world: World) -> Chain:
    return Chain(armed_world)


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    return {"points": 0}


def test_a_back_fill_killed_between_batches_goes_on_and_counts_once(
    chain: Chain, told: dict[str, Any]
) -> None:
    let_read_all_orders(chain.world, SHOP)
    arm(chain, "backfill_batch_committed")
    open_admin(chain.world, SHOP)
    print_hit(chain, "backfill_batch_committed", "back-fill: a batch is stored, more is to come")
    operate(chain.world, "wait-for-backfill", "--shop", SHOP)

    counts = chain.shopify_state()["counts"]
    assert chain.count("shop_order") == counts["Order"]
    assert chain.count("customer") == counts["Customer"]
    told["customer"] = chain.first_customer()
    told["phone"] = chain.add_card_to_phone(told["customer"]["email"])
    told["object"] = chain.save_google_card(told["customer"]["email"])


@pytest.mark.parametrize("point", POINTS)
def test_a_kill_at_a_named_point_loses_nothing(
    chain: Chain, told: dict[str, Any], point: str
) -> None:
    arm(chain, point)
    line = {"title": "Candle", "price": "7.00", "quantity": 2, "taxable": False}
    order = chain.shopify("orders", customer_id=told["customer"]["id"], lines=[line])
    print_hit(chain, point, POINTS[point])
    told["points"] += 14

    phone = told["phone"]
    chain.wait(
        lambda: chain.balance_on(phone) == told["points"],
        f"{told['points']} points on the phone after a kill at {point}",
        HEALED_WITHIN_S,
    )
    chain.wait(
        lambda: chain.balance_at_google(told["object"]) == told["points"],
        f"{told['points']} points at Google after a kill at {point}",
        HEALED_WITHIN_S,
    )

    entries = [entry for entry in chain.ledger() if f"order:{order['id']}:" in entry[0]]
    assert [points for _, _, points in entries] == [14]


@pytest.mark.parametrize("point", MAIL_POINTS)
def test_a_kill_of_the_mail_worker_neither_loses_nor_doubles_an_email(
    chain: Chain, point: str
) -> None:
    arm(chain, point)
    address = f"{point.replace('.', '-').replace('_', '-')}@example.com"
    newcomer = chain.shopify("customers", first_name="Nora", email=address)
    line = {"title": "Candle", "price": "7.00", "quantity": 1, "taxable": False}
    chain.shopify("orders", customer_id=newcomer["id"], lines=[line])
    print_hit(chain, point, MAIL_POINTS[point])
    chain.wait(lambda: bool(chain.emails_to(address)), "the card by email", HEALED_WITHIN_S)
    chain.wait(lambda: chain.count("delivery", "state = 'pending'") == 0, "deliveries made", 200)

    assert len(chain.emails_to(address)) == 1


def test_afterwards_nothing_is_stuck_and_the_books_agree(
    chain: Chain, told: dict[str, Any]
) -> None:
    chain.wait(lambda: chain.count("delivery", "state = 'pending'") == 0, "deliveries made", 200)
    chain.settle()

    assert chain.count("inbox_row", "state in ('new', 'parked')") == 0
    assert chain.count("delivery", "state = 'dead'") == 0
    assert chain.available(told["customer"]["email"]) == told["points"]
    operate(chain.world, "selfcheck")


def arm(chain: Chain, point: str) -> None:
    folder = chain.world.state / "fault-points"
    (folder / f"{point}.hit").unlink(missing_ok=True)
    (folder / point).touch()


def print_hit(chain: Chain, point: str, meaning: str) -> None:
    """Wait for the kill and print what it met; a kill that met no work is no proof."""
    hit = chain.world.state / "fault-points" / f"{point}.hit"
    # The member's work may still be under the claim of whoever died before.
    chain.wait(hit.exists, f"a kill at {point}", HEALED_WITHIN_S)
    met = json.loads(hit.read_text())
    print(f"\nkill -9 of {met['pid']} at {point} ({meaning}), in flight: {met['work']}")
    assert met["work"][IN_FLIGHT[point.partition(".")[0]]], "the kill met no work"
