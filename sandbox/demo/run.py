"""`app.py demo`: start the world, tell its addresses, wait for Ctrl-C, stop clean."""

import json
import os
import shutil
import signal
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from sandbox.demo import story
from sandbox.demo.world import SHOPS, World, running_world

LIVE_ORDERS = 120


def run() -> None:
    """Run until SIGINT or SIGTERM; READY_FILE, when set, is written once all of it serves."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    started_at = time.monotonic()
    state = Path(tempfile.mkdtemp(prefix="encore-demo-", dir="/var/tmp"))
    # The databases may run as another user than we do; their folders are closed, this one is not.
    state.chmod(0o711)
    try:
        print("Encore is starting ...", flush=True)
        with running_world(state) as world:
            phone_url = story.tell(world, live_orders=LIVE_ORDERS)
            addresses = _addresses(world, phone_url)
            _tell_people(addresses, time.monotonic() - started_at)
            _tell_scripts(addresses)
            stop.wait()
            print("Stopping ...", flush=True)
    except Exception:
        _show_logs(state)
        raise
    finally:
        shutil.rmtree(state, ignore_errors=True)


def _addresses(world: World, phone_url: str) -> dict[str, Any]:
    return {
        "app_url": world.app_url,
        "admin_url": world.admin_url(),
        "till_url": world.till_page(),
        "phone_url": phone_url,
        "shop": SHOPS[0],
        "client_id": world.secrets.client_id,
        "client_secret": world.secrets.client_secret,
        "database_url": world.servers.app_url,
        "database_owner_url": world.servers.owner_url,
        "redis_url": world.servers.redis_url,
        "metrics_token": world.secrets.metrics_token,
        "stand_ins": {
            "shopify": world.shopify_url,
            "shopify_received": f"{world.shopify_url}/received",
            "phones": world.phone_url,
            "phones_received": f"{world.phone_url}/received",
            "apns": f"https://localhost:{world.ports.apns}",
            "till": world.till_url,
            "till_received": f"{world.till_url}/received",
            "google": world.google_url,
            "google_received": f"{world.google_url}/received",
            "mail": world.mail_url,
            "mail_inbox": f"{world.mail_url}/inbox",
            "mail_received": f"{world.mail_url}/received",
        },
    }


def _tell_people(addresses: dict[str, Any], seconds: float) -> None:
    print(f"Encore is ready after {seconds:.0f} s.")
    print(f"  admin   {addresses['admin_url']}")
    print(f"  till    {addresses['till_url']}")
    print(f"  phone   {addresses['phone_url']}")
    print(f"  Shopify stand-in, what it received   {addresses['stand_ins']['shopify_received']}")
    print(f"  Apple stand-in, what it received     {addresses['stand_ins']['phones_received']}")
    print(f"  Google stand-in, its Android phone   {addresses['stand_ins']['google']}/phones")
    print(f"  Amazon stand-in, everybody's inbox   {addresses['stand_ins']['mail_inbox']}")
    print("Ctrl-C ends it.", flush=True)


def _tell_scripts(addresses: dict[str, Any]) -> None:
    """Write READY_FILE whole or not at all; it holds credentials, so for its owner only."""
    name = os.environ.get("READY_FILE")
    if not name:
        return
    target = Path(name)
    draft = target.with_name(target.name + ".part")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(addresses, indent=2))
    draft.replace(target)


def _show_logs(state: Path) -> None:
    """The last words of each program, for whoever must find out why."""
    for log in sorted((state / "logs").glob("*.log")):
        lines = log.read_text(errors="replace").splitlines()[-15:]
        print(f"--- {log.name}", *lines, sep="\n", flush=True)
