"""Planning how a whole shop's changed balances are shown, from Shopify's own cost budget.

Every member's balance has changed since Shopify last showed it, and nothing else. All of them are
looked through as the projection does, which says how many metafields differ and how many calls
they make; the shop's budget is asked for over HTTP, and the plan is made. Nothing is written.
"""

import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from multiprocessing import Pipe, Process
from multiprocessing.connection import Connection
from pathlib import Path

from cryptography.fernet import Fernet
from sqlalchemy import select
from sqlalchemy.orm import Session

from bench.figures import Figure
from bench.order_world import OrderWorld, add_members, open_world
from config import Settings
from loyalty.base import collector, db
from loyalty.base.bulk import put_rows
from loyalty.members.tables import Customer
from shopify_app.platform import installations
from shopify_app.platform import settings as platform_settings
from shopify_app.platform.projection import planning, sheets, shown
from shopify_app.platform.projection.planning import AT_ONCE_MAX, Plan, Way
from shopify_app.platform.projection.sheets import Sheet
from shopify_app.platform.projection.tables import ShownCustomer
from shopify_app.platform.session_tokens import verify
from tests.platform.shopify import Shopify, running
from tests.platform.tokens import CLIENT_ID, SECRET
from wallet import setup as wallet_setup
from wallet.setup import WalletSettings
from wallet.shown import list_shown

MEMBERS, BATCH = 100_000, 500


@dataclass(frozen=True)
class Planned:
    """What was found, what was planned, and what that took."""

    members: int
    calls: int
    plan: Plan
    seconds: float
    memory_mb: float


def run(members: int = MEMBERS) -> list[Figure]:
    """The plan is made in a process of its own, whose memory is then its own, too."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir="/var/tmp")))
        world = stack.enter_context(open_world(folder))
        shopify = stack.enter_context(running(folder / "shopify", customers=2, orders=0))
        world = replace(world, shop_id=_connect(shopify))
        _change_everybody(world, members)
        ours, theirs = Pipe()
        worker = Process(target=_plan_all, args=(theirs, world))
        worker.start()
        found: Planned = ours.recv()
        worker.join()
    plan = found.plan
    assert (found.members, found.calls) == (members, plan.one_by_one.calls)
    budget = f"{plan.bucket_max:,} points, {plan.restored_per_s} a second, as Shopify says"
    looked_through = "all members looked through, Shopify asked for the budget"
    return [
        Figure("calls, one by one", f"{plan.one_by_one.calls:,}", f"{members:,} members, as found"),
        Figure("cost of them", f"{plan.one_by_one.points:,} points", budget),
        Figure("time of them", _minutes(plan.one_by_one), "what the budget alone allows"),
        Figure(f"calls, {plan.in_bulk.name}", f"{plan.in_bulk.calls:,}", _is_chosen(plan)),
        Figure("cost of them in bulk", f"{plan.in_bulk.points:,} points", "the upload costs none"),
        Figure("time of them in bulk", _minutes(plan.in_bulk), "besides Shopify's own work on it"),
        Figure("time to plan", f"{found.seconds:.1f} s", looked_through),
        Figure("memory at its highest", f"{found.memory_mb:,.0f} MB", "we aim at 300 MB or less"),
    ]


def _plan_all(answer: Connection, world: OrderWorld) -> None:
    collector.calm()  # as every worker begins
    engine = db.configure(world.server.app_url)
    began = time.perf_counter()
    members = fields = calls = 0
    for batch in _batches(world):
        changed = [sheet for sheet in batch if sheet.inputs()]
        members += len(changed)
        fields += sum(len(sheet.inputs()) for sheet in changed)
        calls += sum(1 for _ in sheets.chunks(changed, AT_ONCE_MAX))
    plan = planning.plan(world.shop_id, members=members, metafields=fields // members)
    seconds = time.perf_counter() - began
    memory_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answer.send(Planned(members, calls, plan, seconds, memory_kb / 1024))
    engine.dispose()


def _connect(shopify: Shopify) -> int:
    """Aurora installs us: its token is ours from then on, and its cards have addresses."""
    values: dict[str, object] = {
        "sandbox": True,
        "app_url": "http://localhost:5002",
        "database_url": "postgresql://localhost/unused",
        "redis_url": "redis://localhost/0",
        "shopify_api_key": CLIENT_ID,
        "shopify_api_secret": SECRET,
        "shopify_url_template": shopify.url_template,
        "encryption_keys": Fernet.generate_key().decode(),
        "link_secret": os.urandom(32).hex(),
    }
    settings = Settings(_env_file=None, **values)  # type: ignore[arg-type, call-arg]
    platform_settings.configure(settings)
    wallet_setup.configure(WalletSettings("https://encore.example", os.urandom(32), apple=None))
    shown.register(list_shown)
    return installations.ensure_installed(verify(shopify.id_token(), settings))


def _change_everybody(world: OrderWorld, members: int) -> None:
    """Shopify shows all of them as they were; then each has 100 points."""
    add_members(world, members)
    world.execute("UPDATE member_balance SET available = 50")
    for batch in _batches(world):
        for sheet in batch:
            sheet.held = shown.kept(sheet.wanted)
            sheet.digests = dict.fromkeys(sheet.wanted, "d" * 64)
        rows = [sheets.row_of(world.shop_id, sheet) for sheet in batch]
        with db.shop_transaction(world.shop_id) as session:
            put_rows(session, ShownCustomer, rows)
    world.execute("UPDATE member_balance SET available = 100")
    world.settle()


def _batches(world: OrderWorld) -> Iterator[list[Sheet]]:
    last = 0
    while True:
        with db.shop_transaction(world.shop_id) as session:
            ids = _next_ids(session, world.shop_id, last)
            if not ids:
                return
            batch = sheets.load_some(session, world.shop_id, ids)
        yield batch
        last = ids[-1]


def _next_ids(session: Session, shop_id: int, last: int) -> list[int]:
    statement = (
        select(Customer.customer_id)
        .where(Customer.shop_id == shop_id, Customer.customer_id > last)
        .order_by(Customer.customer_id)
        .limit(BATCH)
    )
    return list(session.scalars(statement))


def _minutes(way: Way) -> str:
    return f"{way.seconds / 60:.1f} min"


def _is_chosen(plan: Plan) -> str:
    return "this way is taken" if plan.chosen is plan.in_bulk else "this way is not taken"


if __name__ == "__main__":
    for figure in run(*map(int, sys.argv[1:])):
        print(f"{figure.name}: {figure.value} ({figure.meaning})")
