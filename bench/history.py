"""A shop's history read at install: a bulk operation's result over HTTP to rows, in one worker.

Customers first, who become members, then orders of two lines each, as the real back-fill reads
them: spooled, batch by batch, the run's progress committed with each. All of it was before the
install, so it earns nothing.
"""

import resource
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import timedelta
from multiprocessing import Pipe, Process
from multiprocessing.connection import Connection
from pathlib import Path

from sqlalchemy import select

from bench.figures import Figure
from bench.order_world import OrderWorld, open_world
from bench.webhook_acceptance import ROOT
from loyalty.base import collector, db
from loyalty.base.clock import utc_now
from sandbox.demo.waiting import wait_for_http
from sandbox.servers.launching import free_port
from shopify_app.platform import backfill_runs as runs
from shopify_app.platform.backfill import readers
from shopify_app.platform.tables import BackfillRun

SUBJECTS = ("customers", "orders")
CUSTOMERS, ORDERS = 100_000, 500_000


def run(customers: int = CUSTOMERS, orders: int = ORDERS) -> list[Figure]:
    """All of it, in a process of its own, whose memory is then its own, too."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir="/var/tmp")))
        world = stack.enter_context(open_world(folder))
        port = free_port()
        server = subprocess.Popen(
            [sys.executable, "-m", "bench.bulk_result", *map(str, (port, customers, orders))],
            cwd=ROOT,
        )
        stack.callback(server.wait)
        stack.callback(server.terminate)
        wait_for_http(f"http://127.0.0.1:{port}/")
        ours, theirs = Pipe()
        worker = Process(target=_read, args=(theirs, world, port))
        worker.start()
        customer_s, order_s, memory_mb = ours.recv()
        worker.join()
        assert (world.count("member"), world.count("shop_order")) == (customers, orders)
        assert world.count("ledger_entry") == 0
    sizes = f"{customers:,} customers, {orders:,} orders"
    return [
        Figure("orders per second", f"{orders / order_s:,.0f}", "we aim at 1,500"),
        Figure("customers per second", f"{customers / customer_s:,.0f}", sizes),
        Figure("memory at its highest", f"{memory_mb:,.0f} MB", "we aim at 300 MB or less"),
    ]


def _read(answer: Connection, world: OrderWorld, port: int) -> None:
    collector.calm()  # as every worker begins
    engine = db.configure(world.server.app_url)
    seconds = [_read_subject(world.shop_id, name, port) for name in SUBJECTS]
    memory_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answer.send((*seconds, memory_kb / 1024))
    engine.dispose()


def _read_subject(shop_id: int, subject: str, port: int) -> float:
    with db.shop_transaction(shop_id) as session:
        generation = runs.start(session, shop_id, now=utc_now())
        run_id = session.scalars(
            select(BackfillRun.id).filter_by(generation=generation, subject=subject)
        ).one()
        url = f"http://127.0.0.1:{port}/{subject}"
        operation = f"gid://shopify/BulkOperation/{1 + SUBJECTS.index(subject)}"
        lease = timedelta(minutes=5)
        job = readers.BulkJob(shop_id, run_id, subject, url, lease, operation)
    began = time.perf_counter()
    assert readers.read_bulk(job, skip=0, for_s=24 * 3600)
    return time.perf_counter() - began


if __name__ == "__main__":
    for figure in run(*map(int, sys.argv[1:])):
        print(f"{figure.name}: {figure.value} ({figure.meaning})")
