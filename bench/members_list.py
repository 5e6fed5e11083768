"""The members list of a shop of a million members beside one of ten thousand, page by page.

Time is the server's alone: from the request to the whole page as HTML, in one process, the cache
warm. Twenty named combinations of filter, order and search, the first page and one from the middle
each; then the rarest and broadest others and the Account Merge Tool, the count of all who match,
and the file of everybody.
"""

import resource
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import psycopg

from bench.figures import Figure
from bench.member_world import FRIENDS, GIANTS, add_tiers, fill, open_shop, p95_ms
from bench.order_world import OrderWorld
from loyalty.base import db
from loyalty.listing import finding
from loyalty.listing.filters import Filters
from loyalty.queries.member_file import write_members
from loyalty.shops.directory import get_shop
from tests.admin.cast import ShopAndClient

MEMBERS, FEW, ROUNDS = 1_000_000, 10_000, 20
Query = Mapping[str, str | list[str]]


def _named(gold: str, bronze: str) -> dict[str, Query]:
    return {
        "all, newest first": {},
        "all by name": {"sort": "name"},
        "all by email, falling": {"sort": "-email"},
        "all by points": {"sort": "-points"},
        "all by tier": {"sort": "-tier"},
        "all by last order": {"sort": "-ordered"},
        "all by churn risk": {"sort": "-churn"},
        "gold by points": {"tier": gold, "sort": "-points"},
        "bronze by points": {"tier": bronze, "sort": "-points"},
        "gold by name": {"tier": gold, "sort": "name"},
        "high churn risk, newest": {"churn": "high"},
        "high churn risk with consent by points": {
            "churn": "high", "consent": "subscribed", "sort": "-points",
        },
        "hard bounces, newest": {"bounce": "hard"},
        "cards on phones by last order": {"card": "any", "sort": "-ordered"},
        "gold with card and consent": {"tier": gold, "card": "any", "consent": "subscribed"},
        "joined this year by name": {"joined_from": "2026-01-01", "sort": "name"},
        "not ordered for long, by points": {"ordered_to": "2026-01-01", "sort": "-points"},
        "1,000 points and more, by name": {"points_from": "1000", "sort": "name"},
        "a large segment by points": {"segment": GIANTS, "sort": "-points"},
        "a rare name": {"search": "carla77"},
    }  # fmt: skip


def _others(gold: str, bronze: str) -> dict[str, Query]:
    return {
        "a small segment by name": {"segment": FRIENDS, "sort": "name"},
        "a common name": {"search": "ann", "sort": "name"},
        "two letters": {"search": "ca", "sort": "-points"},
        "a common name that bounces": {"search": "maria", "bounce": "hard"},
        "gold, high risk, hard bounce": {"tier": gold, "churn": "high", "bounce": "hard"},
        "bronze with many points: nobody": {"tier": bronze, "points_from": "4000", "sort": "name"},
        "everything at once": {
            "tier": gold, "churn": ["high", "medium"], "consent": "subscribed", "bounce": "soft",
            "card": "apple", "segment": GIANTS, "points_from": "3500", "sort": "email",
        },
    }  # fmt: skip


@dataclass(frozen=True)
class Measured:
    """Milliseconds: p95 of each named combination, of the others, and of counts."""

    named: dict[str, float]
    others: dict[str, float]
    counts: dict[str, float]


def run(members: int = MEMBERS, few: int = FEW, rounds: int = ROUNDS) -> list[Figure]:
    """Two shops, each on a server of its own."""
    small = _measure_shop(few, rounds)[0]
    large, file_s, copy_s, file_mb = _measure_shop(members, rounds)
    ratios = {name: large.named[name] / small.named[name] for name in large.named}
    slowest = max(large.named, key=lambda name: large.named[name])
    worst = max(ratios, key=lambda name: ratios[name])
    other = max(large.others, key=lambda name: large.others[name])
    count = max(large.counts, key=lambda name: large.counts[name])
    figures = [
        Figure(
            "slowest of twenty named pages, p95",
            f"{large.named[slowest]:.0f} ms",
            f"{slowest}; of {members:,} members; the aim is 100 ms",
        ),
        Figure(
            f"most beside {few:,} members",
            f"{ratios[worst]:.1f} times",
            f"{worst}; the aim is 2",
        ),
        Figure("slowest other page, p95", f"{large.others[other]:.0f} ms", f"{other}; aim 400 ms"),
        Figure("slowest count, p95", f"{large.counts[count]:.0f} ms", f"{count}; asked for alone"),
        Figure(
            "a file of everybody",
            f"{file_s / copy_s:.1f} times COPY",
            f"{file_s:.1f} s, aim 2 times; {file_mb:.0f} MB more memory at the peak, aim 100",
        ),
    ]
    each = [
        Figure(name, f"{large.named[name]:.0f} ms", f"{small.named[name]:.0f} ms of {few:,}")
        for name in large.named
    ]
    return figures + each


def _measure_shop(members: int, rounds: int) -> tuple[Measured, float, float, float]:
    with (
        tempfile.TemporaryDirectory(dir="/var/tmp") as folder,
        open_shop(Path(folder)) as (world, shop),
    ):
        gold, bronze = add_tiers(shop)
        fill(world, shop, members)
        measured = Measured(
            {name: _page_ms(shop, q, rounds) for name, q in _named(gold, bronze).items()},
            {name: _page_ms(shop, q, rounds) for name, q in _others(gold, bronze).items()}
            | {"who may be the same person": _merge_tool_ms(shop, rounds)},
            {name: _count_ms(shop, q, rounds) for name, q in _others(gold, bronze).items()},
        )
        return measured, *_file(world, shop)


def _page_ms(shop: ShopAndClient, query: Query, rounds: int) -> float:
    """p95 of the first page, of the next one, and of the one before that."""
    paths = [f"/app/members?{urlencode(query, doseq=True)}"]
    page = shop.get(paths[0])
    assert page.status_code == 200, page.text
    for label in ("Next page", "Previous page"):
        start, found, _ = shop.get(paths[-1]).text.partition(f'" aria-label="{label}"')
        if found and (path := start.rpartition('href="')[2]).startswith("/app/members"):
            paths.append(path.replace("&amp;", "&"))
    return p95_ms([lambda path=path: shop.get(path) for path in paths], rounds)  # type: ignore[misc]


def _merge_tool_ms(shop: ShopAndClient, rounds: int) -> float:
    path = "/app/settings/merges"
    assert "Compare" in shop.get(path).text
    return p95_ms([lambda: shop.get(path)], rounds)


def _count_ms(shop: ShopAndClient, query: Query, rounds: int) -> float:
    path = f"/app/members/total?{urlencode(query, doseq=True)}"
    return p95_ms([lambda: shop.get(path)], rounds)


def _file(world: OrderWorld, shop: ShopAndClient) -> tuple[float, float, float]:
    """Seconds of the file of everybody, of COPY of the same columns, and megabytes at the peak."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    with db.shop_transaction(shop.shop_id) as session:
        row = get_shop(session, shop.shop_id)
    wanted = finding.select_matching(shop.shop_id, row.timezone, Filters())
    size = sum(map(len, write_members(lambda: db.shop_transaction(shop.shop_id), row, wanted)))
    file_s = time.perf_counter() - began
    assert size > 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return file_s, _copy_s(world), (peak - before) / 1024


def _copy_s(world: OrderWorld) -> float:
    """The same columns by PostgreSQL alone, past all walls."""
    statement = (
        "COPY (SELECT first_name, last_name, email, phone, consent, available, pending, "
        "lifetime_earned, lifetime_burned, tier_id, m.joined_at::date, last_order_on "
        "FROM member m JOIN member_balance b ON b.shop_id = m.shop_id AND b.member_id = m.id "
        "JOIN member_listing l ON l.shop_id = m.shop_id AND l.member_id = m.id) "
        "TO STDOUT (FORMAT csv)"
    )
    began = time.perf_counter()
    with (
        psycopg.connect(world.server.url(role="postgres")) as connection,
        connection.cursor() as cursor,
        cursor.copy(statement) as copy,
    ):
        for _ in copy:
            pass
    return time.perf_counter() - began


if __name__ == "__main__":
    for figure in run(*map(int, sys.argv[1:])):
        print(f"{figure.name}: {figure.value} ({figure.meaning})")
