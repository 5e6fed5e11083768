"""Orders drained from the inbox into the ledger by one worker, as a share of pgbench's postings.

Every kind of rule is on, with promotions, tiers, a hold, expiry and badges; each order has three
lines and comes as the JSON of one `orders/paid` webhook. pgbench posts one entry a transaction from
eight clients on the same server: it locks a balance, inserts the entry and updates the balance.
"""

import re
import sys
import tempfile
import time
from pathlib import Path

from bench.figures import Figure, median
from bench.order_world import (
    MEMBERS,
    OrderWorld,
    add_members,
    fill_inbox,
    open_world,
    order_bodies,
    turn_all_rules_on,
)
from loyalty.base import collector
from loyalty.base.clock import utc_now
from sandbox.servers.launching import ServerUser
from sandbox.servers.postgres import programs
from shopify_app.platform import inbox

ROUNDS, ORDERS, SECONDS, CLIENTS = 3, 2_000, 6, 8
WARM_UP = 400

_POSTING = r"""
\set n random(1, {members})
BEGIN;
SELECT member_id FROM posting_member WHERE n = :n \gset
SELECT available FROM member_balance WHERE shop_id = {shop} AND member_id = ':member_id' FOR UPDATE;
INSERT INTO ledger_entry (shop_id, id, member_id, kind, points, occurred_at, posted_at,
    source_kind, source_id, idempotency_key, actor)
VALUES ({shop}, uuidv7(), ':member_id', 'grant', 1, now(), now(), 'bench', 'bench',
    gen_random_uuid()::text, 'bench');
UPDATE member_balance SET available = available + 1 WHERE shop_id = {shop}
    AND member_id = ':member_id';
COMMIT;
"""
_NUMBERED = """
CREATE TABLE posting_member AS
SELECT row_number() OVER () AS n, member_id FROM member_balance;
CREATE UNIQUE INDEX ON posting_member (n)
"""


def run(orders: int = ORDERS) -> list[Figure]:
    """Both in turns, on a server that was idle before."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder, open_world(Path(folder)) as world:
        script = prepare(world, Path(folder), MEMBERS)
        ours, theirs = [], []
        for number in range(ROUNDS):
            theirs.append(postings_per_second(world, script))
            ours.append(drained_per_second(world, orders, MEMBERS, first=(number + 1) * 1_000_000))
        awards = world.count("award") / world.count("shop_order")
    share = median(ours) / median(theirs)
    return [
        Figure("orders drained per second", f"{median(ours):,.0f}", f"{awards:.1f} entries each"),
        Figure("pgbench's postings per second", f"{median(theirs):,.0f}", f"{CLIENTS} clients"),
        Figure("share", f"{share:.2f}", "one worker; we aim at 0.5"),
        Figure("share by entries", f"{share * awards:.2f}", "one worker; pgbench posts one each"),
    ]


def prepare(world: OrderWorld, folder: Path, members: int) -> Path:
    """The shop's members and rules, some orders behind it; pgbench's script."""
    collector.calm()  # as every worker begins
    add_members(world, members)
    turn_all_rules_on(world)
    drained_per_second(world, WARM_UP, members, first=0)
    for statement in _NUMBERED.split(";"):
        world.execute(statement)
    world.settle()
    script = folder / "posting.sql"
    script.write_text(_POSTING.format(shop=world.shop_id, members=members))
    script.chmod(0o644)
    return script


def drained_per_second(world: OrderWorld, orders: int, members: int, *, first: int) -> float:
    """How many new orders one worker records in a second; every one of them must be done."""
    fill_inbox(world, "orders/paid", order_bodies(orders, members, at=utc_now(), first=first))
    world.execute("ANALYZE inbox_row")
    before = world.count("shop_order")
    began = time.perf_counter()
    while inbox.drain(world.shop_id):
        pass
    seconds = time.perf_counter() - began
    assert world.count("shop_order") - before == orders
    assert world.count("inbox_row WHERE state <> 'done'") == 0
    return orders / seconds


def postings_per_second(world: OrderWorld, script: Path) -> float:
    """What pgbench reaches; nobody reads its entries."""
    user = ServerUser()
    done = user.run(
        [
            *(programs(user) / "pgbench", "-n", "-f", script),
            *("-c", str(CLIENTS), "-j", "2", "-T", str(SECONDS)),
            world.server.url(role="postgres"),
        ]
    )
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    assert found, done.stdout
    time.sleep(1)
    return float(found[1])


if __name__ == "__main__":
    for figure in run(*map(int, sys.argv[1:])):
        print(f"{figure.name}: {figure.value} ({figure.meaning})")
