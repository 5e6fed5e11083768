"""A member's profile in a shop of a million members and ten million entries, beside a small shop.

Time is the server's alone: from the request to the whole page as HTML, in one process. Each member
has two orders, ten entries, two lots of points and five events; the pages are those of members
drawn at random, none of whom was asked for before. The busiest member has five thousand orders,
ten thousand entries, and five hundred lots that still hold points.
"""

import sys
import tempfile
import time
from pathlib import Path

import psycopg

from bench.figures import Figure, percentile
from bench.member_world import add_tiers, fill, open_shop
from bench.order_world import OrderWorld
from tests.admin.cast import ShopAndClient

MEMBERS, FEW, DRAWN, BUSY = 1_000_000, 10_000, 100, 5_000
TABS = ("overview", "transactions", "orders", "consent", "segments", "timeline", "notes")
AIM = "the aim is 50 ms"

_ROWS = (
    """
    INSERT INTO shop_order (shop_id, order_id, name, member_id, currency, taxes_included, is_test,
        is_paid, is_history, total_minor, current_total_minor, created_at, processed_at,
        shopify_updated_at)
    SELECT shop_id, n, '#' || n, id, 'USD', false, false, true, true, total, total, at, at, at
    FROM (
        SELECT shop_id, id, row_number() OVER () AS n, (random() * 10000)::int AS total,
            now() - random() * interval '600 days' AS at
        FROM member, generate_series(1, CASE WHEN email = %(busy)s THEN %(many)s ELSE 2 END)
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
    SELECT shop_id, uuidv7(), id, CASE WHEN n %% 4 = 0 THEN 'deduct' ELSE 'grant' END,
        CASE WHEN n %% 4 = 0 THEN -1 ELSE 5 END, now() - n * interval '9 hours', now(),
        'adjustment', id || ':' || n, id || ':' || n, 'staff:1'
    FROM member, generate_series(1, CASE WHEN email = %(busy)s THEN %(many)s ELSE 8 END) AS n
    """,
    """
    INSERT INTO lot (shop_id, id, member_id, entry_id, order_id, points, points_left, opened_at,
        available_at, released_at, last_valid_on)
    SELECT shop_id, uuidv7(), member_id, id, order_id, points,
        CASE WHEN row_number() OVER (PARTITION BY member_id) > 500 THEN 0 ELSE points END,
        posted_at, posted_at, posted_at, current_date + (random() * 365)::int
    FROM ledger_entry WHERE kind = 'earn_order'
    """,
    """
    INSERT INTO timeline_event (shop_id, id, member_id, kind, occurred_at, details)
    SELECT shop_id, uuidv7(), id, 'tier_changed', now() - n * interval '11 hours',
        '{"from": "Bronze", "to": "Silver"}'
    FROM member, generate_series(1, CASE WHEN email = %(busy)s THEN %(many)s ELSE 5 END) AS n
    """,
)


def run(members: int = MEMBERS, few: int = FEW, drawn: int = DRAWN) -> list[Figure]:
    """Two shops, each on a server of its own."""
    small, _ = _measure_shop(few, drawn)
    large, busy = _measure_shop(members, drawn)
    figures = [
        Figure(
            f"{tab}, p95",
            f"{large[tab]:.0f} ms",
            f"of {members:,} members; {small[tab]:.0f} ms of {few:,}; {AIM}",
        )
        for tab in TABS
    ]
    slowest = max(busy, key=lambda tab: busy[tab])
    return [
        *figures,
        Figure("the busiest member, p95", f"{busy[slowest]:.0f} ms", f"{slowest}; {AIM}"),
    ]


def _measure_shop(members: int, drawn: int) -> tuple[dict[str, float], dict[str, float]]:
    with (
        tempfile.TemporaryDirectory(dir="/var/tmp") as folder,
        open_shop(Path(folder)) as (world, shop),
    ):
        add_tiers(shop)
        fill(world, shop, members)
        busy = _live(world)
        return _p95_ms(shop, _draw(world, drawn)), _p95_ms(shop, [busy] * (drawn // 5))


def _live(world: OrderWorld) -> str:
    """What happened to the members, past the rules; the id of the busiest."""
    url = world.server.url(role="postgres")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        someone = connection.execute("SELECT id, email FROM member LIMIT 1").fetchone()
        assert someone
        for statement in _ROWS:
            connection.execute(statement.encode(), {"busy": someone[1], "many": BUSY})
    world.settle()
    return str(someone[0])


def _draw(world: OrderWorld, drawn: int) -> list[str]:
    with psycopg.connect(world.server.url(role="postgres")) as connection:
        rows = connection.execute("SELECT id FROM member ORDER BY random() LIMIT %s", [drawn])
        return [str(row[0]) for row in rows]


def _p95_ms(shop: ShopAndClient, members: list[str]) -> dict[str, float]:
    """Of each tab, once the pages themselves are warm."""
    for tab in TABS:
        shop.get(f"/app/members/{members[-1]}?tab={tab}")
    taken: dict[str, list[float]] = {tab: [] for tab in TABS}
    for member in members:
        for tab in TABS:
            began = time.perf_counter()
            page = shop.get(f"/app/members/{member}?tab={tab}")
            taken[tab].append(1000 * (time.perf_counter() - began))
            assert page.status_code == 200, page.text
    return {tab: percentile(times, 0.95) for tab, times in taken.items()}


if __name__ == "__main__":
    for figure in run(*map(int, sys.argv[1:])):
        print(f"{figure.name}: {figure.value} ({figure.meaning})")
