"""The demo's past, told through the front doors: install, back-fill, a week of sales, a phone.

Nothing is written behind the app's back: every row comes in over HTTP.
"""

import json
import subprocess
import sys
import urllib.request
from typing import Any

from sandbox.demo.waiting import wait_for_http
from sandbox.demo.world import ROOT, SHOPS, World


def tell(world: World, *, live_orders: int) -> str:
    """Live through the story; the address of the phone that holds a member's card."""
    open_admin(world, SHOPS[0])
    operate(world, "wait-for-backfill", "--shop", SHOPS[0])
    sell(world, live_orders)
    return add_card_to_phone(world)


def open_admin(world: World, domain: str) -> None:
    """Load the app as Shopify admin frames it: the first load installs it."""
    frame = ask(f"{world.shopify_url}/_control/frame-url?shop={domain}")
    wait_for_http(frame["url"], timeout_s=30)


def sell(world: World, orders: int) -> None:
    """Paid orders of the last week, one after the other, each with its webhooks."""
    ask(f"{world.shopify_url}/_control/sell", {"shop": SHOPS[0], "orders": orders})
    operate(world, "wait-for-work")


def add_card_to_phone(world: World) -> str:
    """Open a member's public page on a new phone and add the pass there."""
    link = operate(world, "card-link", "--shop", SHOPS[0])
    phone = ask(f"{world.phone_url}/phones", {})
    ask(f"{world.phone_url}/phones/{phone['id']}/add", {"url": f"{link}/apple.pkpass"})
    return f"{world.phone_url}/phones/{phone['id']}"


def operate(world: World, *command: str) -> str:
    """Run one of our operator commands; what it printed."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "app.py"), *command],
        env=world.environment,
        check=True,
        capture_output=True,
        text=True,
        timeout=300,
    )
    return done.stdout.strip()


def ask(url: str, content: dict[str, Any] | None = None) -> Any:
    """GET `url`, or POST `content` to it as JSON; the JSON it answers."""
    body = None if content is None else json.dumps(content).encode()
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    request = urllib.request.Request(url, body, headers)
    with urllib.request.urlopen(request, timeout=120) as response:
        return json.loads(response.read() or b"null")
