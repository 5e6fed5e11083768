"""From placing an order to the new balance on the phone, in the idle demo.

The clock starts before the shop is asked to place the order and stops when the phone shows more
points: webhook, inbox, rules, ledger, relay, a new revision, APNs, two requests of the phone and a
freshly signed pass lie between.
"""

import tempfile
import time
from pathlib import Path
from typing import Any

from bench.figures import Figure, percentile
from sandbox.demo import story
from sandbox.demo.world import SHOPS, World, running_world
from sandbox.servers.launching import wait_until

ORDERS, PAUSE_S, POLL_S = 40, 0.7, 0.02
EMAIL = "bench@example.com"


def run() -> list[Figure]:
    """One order after the other, each once the phone is idle again."""
    with tempfile.TemporaryDirectory(prefix="encore-bench-", dir="/var/tmp") as folder:
        Path(folder).chmod(0o711)
        with running_world(Path(folder), customers=50, orders=100) as world:
            story.open_admin(world, SHOPS[0])
            story.operate(world, "wait-for-backfill", "--shop", SHOPS[0])
            customer_id = _new_member(world)
            phone = _phone_with_card(world)
            seconds = [_seconds_until_shown(world, customer_id, phone) for _ in range(ORDERS)]
    return [
        Figure("p50", f"{percentile(seconds, 0.50):.2f} s", f"{ORDERS} orders, one at a time"),
        Figure("p95", f"{percentile(seconds, 0.95):.2f} s", "we aim at 2 s or less"),
        Figure("slowest", f"{max(seconds):.2f} s", ""),
    ]


def _new_member(world: World) -> int:
    customer = {"first_name": "Alice", "last_name": "Bench", "email": EMAIL}
    made = story.ask(f"{world.shopify_url}/_control/customers", customer)
    _place_order(world, made["id"])
    story.operate(world, "wait-for-work")
    return int(made["id"])


def _phone_with_card(world: World) -> str:
    link = story.operate(world, "card-link", "--shop", SHOPS[0], "--member", EMAIL)
    phone = story.ask(f"{world.phone_url}/phones", {})
    url = f"{world.phone_url}/phones/{phone['id']}"
    story.ask(f"{url}/add", {"url": f"{link}/apple.pkpass"})
    wait_until(lambda: _card(url)["registration"] == "registered", timeout_s=30, what="the phone")
    return url


def _seconds_until_shown(world: World, customer_id: int, phone: str) -> float:
    time.sleep(PAUSE_S)
    before = _card(phone)["balance"]
    started = time.perf_counter()
    _place_order(world, customer_id)
    while _card(phone)["balance"] == before:
        spent = time.perf_counter() - started
        assert spent < 60, f"the phone still shows {before} after {spent:.0f} s"
        time.sleep(POLL_S)
    return time.perf_counter() - started


def _place_order(world: World, customer_id: int) -> None:
    story.ask(f"{world.shopify_url}/_control/orders", {"customer_id": customer_id})


def _card(phone: str) -> dict[str, Any]:
    card: dict[str, Any] = story.ask(phone)["passes"][0]
    return card
