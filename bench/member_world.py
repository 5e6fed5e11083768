"""A shop of as many members as asked for, whose staff open its pages in this very process."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from flask import Flask

from bench.figures import percentile
from bench.order_world import OrderWorld, open_world
from loyalty.audit import SYSTEM
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.shops.directory import get_shop
from loyalty.tiers.plans import RungText, read_plan
from loyalty.tiers.settings import save_plan
from shopify_app.admin.blueprint import blueprint
from shopify_app.platform import settings as platform_settings
from tests.admin.cast import Settings, ShopAndClient, install_shop

FRIENDS, GIANTS = "00000000-0000-0000-0000-00000000000a", "00000000-0000-0000-0000-00000000000b"
_FIRST = "Ann,Bo,Carla,Dmitri,Elena,Fatima,George,Hana,Ivan,Joanna,Karim,Lucía,Maria,Nils,Olga,Paul"
_LAST = (
    "Archer,Baker,Costa,Dumont,Ek,Fischer,García,Haddad,Ito,Jansen,Khan,Lopez,Müller,Novak,Ortiz"
)

_ROWS = (
    """
    INSERT INTO member (shop_id, id, state, first_name, last_name, email, email_norm, phone,
        sources, enrolled_by, joined_at)
    SELECT %(shop)s, uuidv7(), 'active', f[1 + n %% 16],
        l[1 + n * 7 %% 15] || ' ' || left(md5(n::text), 4),
        lower(f[1 + n %% 16]) || n || '@example.com', lower(f[1 + n %% 16]) || n || '@example.com',
        CASE WHEN n %% 2 = 0 THEN '+346' || (n - n %% 1000 / 998 * 2)::text END,
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


@contextmanager
def open_shop(folder: Path) -> Iterator[tuple[OrderWorld, ShopAndClient]]:
    """A shop with three tiers whose staff open its pages in this very process."""
    before = platform_settings._settings
    platform_settings.configure(Settings())
    with open_world(folder) as world:
        app = Flask("admin", static_folder=None)
        app.register_blueprint(blueprint)
        yield world, install_shop("pages", app.test_client(), currency="USD", timezone="UTC")
    platform_settings._settings = before


def add_tiers(shop: ShopAndClient) -> tuple[str, str]:
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


def fill(world: OrderWorld, shop: ShopAndClient, members: int) -> None:
    """Members of all kinds, past the rules; foreign keys hold by the way they are made."""
    values = {"shop": shop.shop_id, "count": members, "first": _FIRST, "last": _LAST}
    values |= {"friends": FRIENDS, "giants": GIANTS}
    with psycopg.connect(world.server.url(role="postgres"), autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("SELECT setseed(0.5)")
        for statement in _ROWS:
            connection.execute(statement.encode(), values)
    world.settle()


def p95_ms(works: list[Callable[[], object]], rounds: int) -> float:
    """Milliseconds of so many drawn at random, once each has been done."""
    taken = []
    for work in [*works, *(random.choice(works) for _ in range(rounds))]:
        began = time.perf_counter()
        work()
        taken.append(1000 * (time.perf_counter() - began))
    return percentile(taken[len(works) :], 0.95)
