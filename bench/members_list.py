"""The members list of a shop of a million members beside one of ten thousand, page by page.

Time is the server's alone: from the request to the whole page as HTML, in one process, the cache
warm. Twenty named combinations of filter, order and search, the first page and one from the middle
each; then the rarest and broadest others, the count of all who match, and the file of everybody.
"""

import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import psycopg
from flask import Flask

from bench.figures import Figure, percentile
from bench.order_world import OrderWorld, open_world
from loyalty.audit import SYSTEM
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.listing import finding
from loyalty.listing.filters import Filters
from loyalty.queries.member_file import write_members
from loyalty.shops.directory import get_shop
from loyalty.tiers.plans import RungText, read_plan
from loyalty.tiers.settings import save_plan
from shopify_app.admin.blueprint import blueprint
from shopify_app.platform import settings as platform_settings
from tests.admin.cast import Settings, ShopAndClient, install_shop

MEMBERS, FEW, ROUNDS = 1_000_000, 10_000, 20
_FRIENDS, _GIANTS = "00000000-0000-0000-0000-00000000000a", "00000000-0000-0000-0000-00000000000b"
_FIRST = "Ann,Bo,Carla,Dmitri,Elena,Fatima,George,Hana,Ivan,Joanna,Karim,Lucía,Maria,Nils,Olga,Paul"
_LAST = (
    "Archer,Baker,Costa,Dumont,Ek,Fischer,García,Haddad,Ito,Jansen,Khan,Lopez,Müller,Novak,Ortiz"
)

_ROWS = (
    """
    INSERT INTO member (shop_id, id, state, first_name, last_name, email, email_norm, sources,
        enrolled_by, joined_at)
    SELECT %(shop)s, uuidv7(), 'active', f[1 + n %% 16],
        l[1 + n * 7 %% 15] || ' ' || left(md5(n::text), 4),
        lower(f[1 + n %% 16]) || n || '@example.com', lower(f[1 + n %% 16]) || n || '@example.com',
        '{}', 'backfill', now() - random() * interval '700 days'
    FROM generate_series(1, %(count)s) AS n, string_to_array(%(first)s, ',') AS f,
        string_to_array(%(last)s, ',') AS l
    """,
    """
    INSERT INTO member_balance (shop_id, member_id, available, pending, lifetime_earned,
        lifetime_burned)
    SELECT shop_id, id, points, 0, points, 0
    FROM (SELECT shop_id, id, (random() ^ 3 * 5000)::int AS points FROM member) AS made
    """,
    """
    INSERT INTO member_listing (shop_id, member_id, joined_at, points, tier_id, tier_rank,
        last_order_on, churn, consent, bounce, card)
    SELECT m.shop_id, m.id, m.joined_at, b.available, t.ids[1 + rank], rank,
        CASE WHEN random() < 0.8 THEN current_date - (random() * 600)::int ELSE '0001-01-01' END,
        floor(random() * 5), CASE WHEN random() < 0.6 THEN 3 ELSE floor(random() * 3) END,
        CASE WHEN random() < 0.01 THEN 2 WHEN random() < 0.02 THEN 1 ELSE 0 END,
        CASE WHEN random() < 0.3 THEN floor(1 + random() * 3) ELSE 0 END
    FROM member m JOIN member_balance b ON b.shop_id = m.shop_id AND b.member_id = m.id,
        LATERAL (SELECT least(2, b.available / 1500) AS rank) AS ranked,
        (SELECT array_agg(id ORDER BY threshold) AS ids FROM tier WHERE shop_id = %(shop)s) AS t
    """,
    """
    INSERT INTO segment_member (shop_id, segment_id, member_id, entered_at)
    SELECT shop_id, %(friends)s::uuid, id, now() FROM member WHERE random() < 0.001
    UNION ALL SELECT shop_id, %(giants)s::uuid, id, now() FROM member WHERE random() < 0.4
    """,
    """
    INSERT INTO segment (shop_id, id, name, size, created_at, refreshed_at)
    VALUES (%(shop)s, %(friends)s, 'Friends', 1, now(), now()),
        (%(shop)s, %(giants)s, 'Giants', 1, now(), now())
    """,
)
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
        "a large segment by points": {"segment": _GIANTS, "sort": "-points"},
        "a rare name": {"search": "carla77"},
    }  # fmt: skip


def _others(gold: str, bronze: str) -> dict[str, Query]:
    return {
        "a small segment by name": {"segment": _FRIENDS, "sort": "name"},
        "a common name": {"search": "ann", "sort": "name"},
        "two letters": {"search": "ca", "sort": "-points"},
        "a common name that bounces": {"search": "maria", "bounce": "hard"},
        "gold, high risk, hard bounce": {"tier": gold, "churn": "high", "bounce": "hard"},
        "bronze with many points: nobody": {"tier": bronze, "points_from": "4000", "sort": "name"},
        "everything at once": {
            "tier": gold, "churn": ["high", "medium"], "consent": "subscribed", "bounce": "soft",
            "card": "apple", "segment": _GIANTS, "points_from": "3500", "sort": "email",
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
        _shop(Path(folder)) as (world, shop),
    ):
        gold, bronze = _tiers(shop)
        _fill(world, shop, members)
        measured = Measured(
            {name: _page_ms(shop, q, rounds) for name, q in _named(gold, bronze).items()},
            {name: _page_ms(shop, q, rounds) for name, q in _others(gold, bronze).items()},
            {name: _count_ms(shop, q, rounds) for name, q in _others(gold, bronze).items()},
        )
        return measured, *_file(world, shop)


@contextmanager
def _shop(folder: Path) -> Iterator[tuple[OrderWorld, ShopAndClient]]:
    """A shop with three tiers whose staff open its pages in this very process."""
    before = platform_settings._settings
    platform_settings.configure(Settings())
    with open_world(folder) as world:
        app = Flask("admin", static_folder=None)
        app.register_blueprint(blueprint)
        yield world, install_shop("pages", app.test_client(), currency="USD", timezone="UTC")
    platform_settings._settings = before


def _tiers(shop: ShopAndClient) -> tuple[str, str]:
    """Bronze, silver and gold; the ids of gold and bronze."""
    rungs = [
        RungText(None, name, at) for name, at in (("Bronze", "0"), ("Silver", "5"), ("Gold", "9"))
    ]
    plan = read_plan(
        is_on=True, metric="spend", cycle="lifetime", grace_days="0", counts_grants=False,
        counts_imports=False, rungs=rungs, currency="USD", zone="UTC", known={},
    )  # fmt: skip
    with db.shop_transaction(shop.shop_id) as session:
        save_plan(session, get_shop(session, shop.shop_id), plan, actor=SYSTEM, now=utc_now())
    ids = [str(rung.id) for rung in plan.ladder.rungs]
    return ids[2], ids[0]


def _fill(world: OrderWorld, shop: ShopAndClient, members: int) -> None:
    """Members of all kinds, past the rules; foreign keys hold by the way they are made."""
    values = {"shop": shop.shop_id, "count": members, "first": _FIRST, "last": _LAST}
    values |= {"friends": _FRIENDS, "giants": _GIANTS}
    with psycopg.connect(world.server.url(role="postgres"), autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("SELECT setseed(0.5)")
        for statement in _ROWS:
            connection.execute(statement.encode(), values)
    world.settle()


def _page_ms(shop: ShopAndClient, query: Query, rounds: int) -> float:
    """p95 of the first page, of the next one, and of the one before that."""
    paths = [f"/app/members?{urlencode(query, doseq=True)}"]
    page = shop.get(paths[0])
    assert page.status_code == 200, page.text
    for label in ("Next page", "Previous page"):
        start, found, _ = shop.get(paths[-1]).text.partition(f'" aria-label="{label}"')
        if found and (path := start.rpartition('href="')[2]).startswith("/app/members"):
            paths.append(path.replace("&amp;", "&"))
    return _p95([lambda path=path: shop.get(path) for path in paths], rounds)  # type: ignore[misc]


def _count_ms(shop: ShopAndClient, query: Query, rounds: int) -> float:
    path = f"/app/members/total?{urlencode(query, doseq=True)}"
    return _p95([lambda: shop.get(path)], rounds)


def _p95(works: list[Callable[[], object]], rounds: int) -> float:
    taken = []
    for work in [*works, *(random.choice(works) for _ in range(rounds))]:
        began = time.perf_counter()
        work()
        taken.append(1000 * (time.perf_counter() - began))
    return percentile(taken[len(works) :], 0.95)


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
