"""The demo's past, told through the front doors: install, back-fill, a week of sales, a phone.

Nothing is written behind the app's back: every row comes in over HTTP.
"""

import html
import json
import random
import re
import subprocess
import sys
import urllib.request
from typing import Any

from sandbox.demo.world import ROOT, SHOPS, World
from sandbox.servers.launching import wait_until

REWARDS = (
    {"name": "Free shipping", "kind": "free_shipping", "cost_points": 50},
    {"name": "5 off", "kind": "fixed_amount", "amount": "5.00", "cost_points": 100},
    {
        "name": "Points as money",
        "kind": "fixed_amount",
        "pricing": "per_point",
        "amount": "1.00",
        "cost_points": 20,
        "points_max": 1000,
        "visibility": "till",
    },
)


def tell(world: World, *, live_orders: int) -> str:
    """Live through the story; the address of the phone that holds a member's card."""
    let_read_all_orders(world, SHOPS[0])
    open_admin(world, SHOPS[0])
    operate(world, "wait-for-backfill", "--shop", SHOPS[0])
    offer_rewards(world)
    sell(world, live_orders)
    return add_card_to_phone(world)


def open_admin(world: World, domain: str) -> None:
    """Open the app in Shopify admin as a browser would: the first load installs it."""
    page = _fetch(world.admin_url(domain)).decode()
    frame = re.search(r'<iframe[^>]*\ssrc="([^"]+)"', page)
    assert frame, "the admin page frames no app"
    _fetch(html.unescape(frame[1]))


def let_read_all_orders(world: World, domain: str) -> None:
    """Grant what Shopify's review grants in life: orders older than 60 days."""
    shopify = f"{world.shopify_url}/_control"
    ask(f"{shopify}/install", {"shop": domain})
    granted = ask(f"{shopify}/state?shop={domain}")["scopes"]
    ask(f"{shopify}/scopes", {"shop": domain, "scopes": [*granted, "read_all_orders"]})


def offer_rewards(world: World) -> None:
    """What points buy: there before the orders, which bring some of it within reach."""
    for reward in REWARDS:
        operate(world, "add-reward", "--shop", SHOPS[0], json.dumps(reward))


def sell(world: World, orders: int) -> None:
    """Paid orders, one after the other, each with its webhooks: most online, some at the till."""
    customers = ask(f"{world.shopify_url}/_control/customers?shop={SHOPS[0]}")
    products = ask(f"{world.shopify_url}/_control/state?shop={SHOPS[0]}")["products"]
    # The same story at each start.
    chance = random.Random(7)
    for _ in range(orders):
        lines = [
            {"product_id": product["id"], "quantity": chance.choice((1, 1, 1, 2, 3))}
            for product in chance.sample(products, k=chance.choice((1, 1, 2, 3)))
        ]
        order = {
            "shop": SHOPS[0],
            # Regulars buy more often than the rest.
            "customer_id": customers[int(len(customers) * chance.random() ** 2)]["id"],
            "source": chance.choice(("web", "web", "web", "pos")),
            "lines": lines,
        }
        ask(f"{world.shopify_url}/_control/orders", order)
    wait_until(
        lambda: ask(f"{world.shopify_url}/_control/state?shop={SHOPS[0]}")["webhooks_idle"],
        timeout_s=120,
        what="the webhooks of the live orders",
    )
    operate(world, "wait-for-work")


def add_card_to_phone(world: World) -> str:
    """Open a member's public page on a new phone and add the pass there."""
    link = operate(world, "card-link", "--shop", SHOPS[0])
    phone = ask(f"{world.phone_url}/phones", {})
    ask(f"{world.phone_url}/phones/{phone['id']}/add", {"url": f"{link}/apple.pkpass"})
    return f"{world.phone_url}/phones/{phone['id']}"


def operate(world: World, *command: str, typed: str | None = None) -> str:
    """Run one of our operator commands, which reads what is `typed`; what it printed."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "app.py"), *command],
        env=world.environment,
        input=typed,
        check=True,
        capture_output=True,
        text=True,
        timeout=300,
    )
    return done.stdout.strip()


def ask(url: str, content: dict[str, Any] | None = None) -> Any:
    """GET `url`, or POST `content` to it as JSON; the JSON it answers."""
    return json.loads(_fetch(url, content, accept="application/json") or b"null")


def _fetch(url: str, content: dict[str, Any] | None = None, accept: str = "text/html") -> bytes:
    body = None if content is None else json.dumps(content).encode()
    headers = {"Content-Type": "application/json", "Accept": accept}
    request = urllib.request.Request(url, body, headers)
    with urllib.request.urlopen(request, timeout=120) as response:
        answer: bytes = response.read()
        return answer
