"""Segments of a shop of a million members: counted, filled, looked at again, and one member alone.

Each member has two orders and an entry for each, every tenth has redeemed, every other has points
that expire. "Many facts" asks for orders, points, redemptions, expiry, consent and the tier at
once; rules are read, compiled and executed as the app does it, in one worker, the cache warm.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg

from bench.figures import Figure, median
from bench.order_world import OrderWorld, add_members, open_world, turn_all_rules_on
from loyalty.audit import SYSTEM
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.segments import refreshing, saving, sizing
from loyalty.shops.directory import get_shop

MEMBERS, ROUNDS, CHANGED = 1_000_000, 3, 100

_AWAY = {"fact": "last_order_on", "is": "longer_ago_than_days", "value": 60}
_MANY = {
    "all": [
        {"any": [_AWAY, {"fact": "total_spend", "is": "at_least", "value": 10_000}]},
        {"fact": "available_points", "is": "at_least", "value": 100},
        {"fact": "redemption_count", "is": "equals", "value": 0},
        {"fact": "expiring_30_days", "is": "equals", "value": 0},
        {"not": {"fact": "email_consent", "is": "equals", "value": "unsubscribed"}},
        {"not": {"fact": "is_in_top_tier", "is": "equals", "value": True}},
    ]
}
_EVERYBODY = {"fact": "joined_on", "is": "known", "value": True}

_ROWS = (
    """
    INSERT INTO shop_order (shop_id, order_id, name, member_id, currency, taxes_included, is_test,
        is_paid, is_history, total_minor, current_total_minor, created_at, processed_at,
        shopify_updated_at)
    SELECT shop_id, n, '#' || n, id, 'USD', false, false, true, true, total, total, at, at, at
    FROM (
        SELECT m.shop_id, m.id, row_number() OVER () AS n, (random() * 10000)::int AS total,
            now() - random() * interval '300 days' AS at
        FROM member m, generate_series(1, 2)
    ) AS made
    """,
    """
    INSERT INTO ledger_entry (shop_id, id, member_id, kind, points, occurred_at, posted_at,
        source_kind, source_id, idempotency_key, actor, order_id)
    SELECT shop_id, uuidv7(), member_id, 'earn_order', 1 + total_minor / 100, processed_at,
        processed_at, 'order', order_id::text, 'order:' || order_id, 'system:bench', order_id
    FROM shop_order
    """,
    """
    INSERT INTO ledger_entry (shop_id, id, member_id, kind, points, occurred_at, posted_at,
        source_kind, source_id, idempotency_key, actor)
    SELECT shop_id, uuidv7(), id, 'redeem', -10, now(), now(), 'redemption', '1', 'redeem:' || id,
        'system:bench'
    FROM member WHERE random() < 0.1
    """,
    """
    INSERT INTO lot (shop_id, id, member_id, entry_id, order_id, points, points_left, opened_at,
        available_at, released_at, last_valid_on)
    SELECT shop_id, uuidv7(), member_id, id, order_id, points, points, posted_at, posted_at,
        posted_at, current_date + (random() * 365)::int
    FROM ledger_entry WHERE kind = 'earn_order' AND order_id % 4 = 0
    """,
    """
    INSERT INTO member_consent (shop_id, member_id, channel, state, source, changed_at)
    SELECT shop_id, id, 'email', CASE WHEN random() < 0.9 THEN 'subscribed' ELSE 'unsubscribed' END,
        'bench', now()
    FROM member
    """,
    "UPDATE member_balance SET available = (random() * 400)::int",
)


def run(members: int = MEMBERS) -> list[Figure]:
    """One shop on a server of its own."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder, open_world(Path(folder)) as world:
        turn_all_rules_on(world)
        add_members(world, members)
        _live(world)
        few, many = (_counted(world, rule) for rule in (_AWAY, _MANY))
        filled, again, size = _filled(world, _MANY)
        whole, _, whole_size = _filled(world, _EVERYBODY)
        one_ms = _changed(world)
    aim = "we aim at 5 s or less"
    return [
        Figure("counting who has not ordered for 60 days", f"{few:.1f} s", aim),
        Figure("counting by many facts", f"{many:.1f} s", aim),
        Figure("filling a new segment by many facts", f"{filled:.1f} s", f"{size:,} belong; {aim}"),
        Figure("looking at it again", f"{again:.1f} s", f"nobody moves; {aim}"),
        Figure("filling a segment of everybody", f"{whole:.1f} s", f"{whole_size:,} belong"),
        Figure(
            "a changed member, for all segments",
            f"{one_ms:.1f} ms",
            f"{CHANGED} at a time, eight segments",
        ),
    ]


def _live(world: OrderWorld) -> None:
    """What happened to the members, past the rules; foreign keys hold by the way it is made."""
    url = world.server.url(role="postgres")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        for statement in _ROWS:
            connection.execute(statement)
        connection.execute("VACUUM ANALYZE")


def _counted(world: OrderWorld, rule: Any) -> float:
    def count(session: Any, shop: Any) -> None:
        sizing.count(session, shop, rule, now=utc_now())

    return median([_timed(world, count) for _ in range(ROUNDS)])


def _filled(world: OrderWorld, rule: Any) -> tuple[float, float, int]:
    """Seconds of the first filling, of a look the next day, and how many belong."""
    now = utc_now()
    with db.shop_transaction(world.shop_id) as session:
        shop = get_shop(session, world.shop_id)
        segment = saving.add_segment(
            session, shop, name=str(now), criteria=rule, actor=SYSTEM, now=now
        )
    sizes = []

    def fill(session: Any, shop: Any) -> None:
        refreshed = refreshing.refresh(session, shop, segment.id, now=now)
        assert refreshed is not None
        sizes.append(refreshed.size)

    first = _timed(world, fill)
    return first, median([_timed(world, fill) for _ in range(ROUNDS)]), sizes[0]


def _changed(world: OrderWorld) -> float:
    """Milliseconds for each of a batch of members, for all segments of the shop."""
    with db.shop_transaction(world.shop_id) as session:
        rows = session.connection().exec_driver_sql(
            f"SELECT id FROM member TABLESAMPLE SYSTEM (1) LIMIT {CHANGED * ROUNDS}"
        )
        ids = [row.id for row in rows]
    batches = [ids[start : start + CHANGED] for start in range(0, len(ids), CHANGED)]

    def look(batch: list[Any]) -> Callable[[Any, Any], None]:
        return lambda session, shop: _look(session, shop, batch)

    return 1000 * median([_timed(world, look(batch)) / len(batch) for batch in batches])


def _look(session: Any, shop: Any, batch: list[Any]) -> None:
    refreshing.refresh_members(session, shop, batch, now=utc_now() + timedelta(seconds=1))


def _timed(world: OrderWorld, work: Callable[[Any, Any], None]) -> float:
    """Seconds of a transaction with this work."""
    began = time.perf_counter()
    with db.shop_transaction(world.shop_id) as session:
        work(session, get_shop(session, world.shop_id))
    return time.perf_counter() - began


if __name__ == "__main__":
    for figure in run(*map(int, sys.argv[1:])):
        print(f"{figure.name}: {figure.value} ({figure.meaning})")
