"""The whole of insight for a shop of a million members and five million orders: time and memory.

Members come evenly over three years and order at rates of their own, until they leave for good;
every other one has said yes to emails. All are in the members list, and a segment asks for a churn
band. Twice: the first run, where every score is new, and the run of the next night, each until the
segment and the list say what it found. Memory is the largest that the process ever had.
"""

import resource
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

import psutil
import psycopg

from bench.figures import Figure
from bench.order_world import OrderWorld, add_members, open_world
from jobs import insights, listing, segments
from loyalty.audit import SYSTEM
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.segments.saving import add_segment
from loyalty.shops.directory import get_shop

MEMBERS = 1_000_000

_ROWS = (
    # Six times a gap that is drawn anew for each member, until chance ends it or today does.
    """
    INSERT INTO shop_order (shop_id, order_id, name, member_id, currency, taxes_included, is_test,
        is_paid, is_history, total_minor, current_total_minor, created_at, processed_at,
        shopify_updated_at)
    SELECT shop_id, row_number() OVER (), '#', id, 'USD', false, false, true, true, total, total,
        at, at, at
    FROM (
        SELECT m.shop_id, m.id, (scale * (0.5 + random()))::int AS total,
            began + number * gap * (0.5 + random()) AS at
        FROM (
            SELECT shop_id, id, now() - random() * interval '1000 days' AS began,
                interval '1 day' * (-ln(1 - random()) * 60 + 5) AS gap,
                1000 + (random() ^ 3 * 20000)::int AS scale,
                floor(-ln(1 - random()) * 6)::int AS orders
            FROM member
        ) AS m, generate_series(0, m.orders) AS number
    ) AS made
    WHERE at < now()
    """,
    """
    INSERT INTO member_consent (shop_id, member_id, channel, state, source, changed_at)
    SELECT shop_id, id, 'email', 'subscribed', 'bench', now() FROM member WHERE random() < 0.5
    """,
)


def run(members: int = MEMBERS) -> list[Figure]:
    """One shop on a server of its own."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder, open_world(Path(folder)) as world:
        add_members(world, members)
        orders = _live(world)
        _prepare(world)
        before = _peak_mb()
        first, night = (_timed(world, utc_now() + timedelta(days=days)) for days in (0, 1))
    aim = "we aim at 60 s or less"
    return [
        Figure("the first run", first, f"{members:,} members, {orders:,} orders; {aim}"),
        Figure("the run of the next night", night, aim),
        Figure("memory", f"{_peak_mb():,.0f} MB", f"{before:,.0f} MB before; we aim at 2,000 MB"),
    ]


def _live(world: OrderWorld) -> int:
    """The orders, past the rules; how many there are."""
    with psycopg.connect(world.server.url(role="postgres"), autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        for statement in _ROWS:
            connection.execute(statement)
        connection.execute("VACUUM ANALYZE")
        row = connection.execute("SELECT count(*) FROM shop_order").fetchone()
    assert row is not None
    return int(row[0])


def _prepare(world: OrderWorld) -> None:
    """The list and a segment, as they are before anything was scored."""
    now, rule = utc_now(), {"fact": "churn_risk", "is": "equals", "value": "high"}
    with db.shop_transaction(world.shop_id) as session:
        shop = get_shop(session, world.shop_id)
        add_segment(session, shop, name="At risk", criteria=rule, actor=SYSTEM, now=now)
    segments.fill_waiting(world.shop_id)
    listing.mend_shop(world.shop_id, now=now)
    world.settle()


def _timed(world: OrderWorld, now: datetime) -> str:
    """How long it took, and how much of that the processors worked for it."""
    began, worked = time.perf_counter(), _worked_s(world)
    assert insights.run_shop(world.shop_id, now=now) is not None
    took, worked = time.perf_counter() - began, _worked_s(world) - worked
    return f"{took:.1f} s, processors {worked:.1f} s"


def _worked_s(world: OrderWorld) -> float:
    """Processor time of this process and of the server, its sessions before among it."""
    server = psutil.Process(world.server.pid)
    processes = [psutil.Process(), server, *server.children()]
    live = sum(map(_own_s, processes))
    return live + server.cpu_times().children_user + server.cpu_times().children_system


def _own_s(process: psutil.Process) -> float:
    """Nothing of a session that ended meanwhile: the server counts it among those before."""
    try:
        took = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(took.user + took.system)


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    for figure in run(*map(int, sys.argv[1:])):
        print(f"{figure.name}: {figure.value} ({figure.meaning})")
