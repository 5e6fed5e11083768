"""A shop with every rule on, as many members as asked for, and orders that wait in its inbox."""

import json
import random
import subprocess
import sys
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import psycopg

from bench.webhook_acceptance import ROOT, environment
from loyalty.audit import SYSTEM
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.earning.saving import add_promotion, add_rule
from loyalty.expiry.settings import set_expiry
from loyalty.programme.rules import get_programme
from loyalty.shops.directory import get_shop, install, register_shop_id
from loyalty.tiers.plans import RungText, read_plan
from loyalty.tiers.settings import save_plan
from sandbox.servers import postgres
from sandbox.servers.postgres import Postgres
from tests.factories import payloads
from tests.factories.payloads import Line

MEMBERS, PRODUCTS = 10_000, 200
BUFFERS = "1GB"
_FIRST_CUSTOMER, _FIRST_ORDER, _FIRST_PRODUCT = 7_000_000_000_000, 5_000_000_000_000, 8_000_000_000
_ORDER, _CUSTOMER = 5_987_654_321_001, 7_987_654_321_002
_LINES = (6_987_654_321_003, 6_987_654_321_004, 6_987_654_321_005)
_PRODUCTS = (8_987_654_301, 8_987_654_302, 8_987_654_303)

# Members and their customers, as an import long ago would have left them.
_MEMBERS = """
WITH made AS (
    SELECT uuidv7() AS id, n FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
), member_added AS (
    INSERT INTO member (shop_id, id, state, first_name, last_name, email, email_norm, sources,
        details_customer_id, enrolled_by, joined_at)
    SELECT %(shop)s, id, 'active', 'Alice', 'No ' || n, n || '@example.com', n || '@example.com',
        '{"first_name": "shopify", "last_name": "shopify", "email": "shopify"}', n, 'backfill',
        %(at)s
    FROM made
), balance_added AS (
    INSERT INTO member_balance (shop_id, member_id, available, pending, lifetime_earned,
        lifetime_burned)
    SELECT %(shop)s, id, 0, 0, 0, 0 FROM made
)
INSERT INTO customer (shop_id, customer_id, member_id, first_name, last_name, email, email_norm,
    has_verified_email, has_account, shopify_updated_at)
SELECT %(shop)s, n, id, 'Alice', 'No ' || n, n || '@example.com', n || '@example.com', true, true,
    %(at)s
FROM made
"""
_CATALOGUE = """
WITH made AS (SELECT %(first)s + n AS id, n FROM generate_series(0, %(count)s - 1) AS n),
collected AS (
    INSERT INTO collection (shop_id, collection_id, title) VALUES (%(shop)s, 1, 'Soaps')
), product_added AS (
    INSERT INTO product (shop_id, product_id, title, tags, collections_read_at)
    SELECT %(shop)s, id, 'Soap ' || n,
        CASE WHEN n %% 5 = 0 THEN '{new}'::text[] ELSE '{}' END, now()
    FROM made
)
INSERT INTO product_collection (shop_id, product_id, collection_id)
SELECT %(shop)s, id, 1 FROM made WHERE n %% 4 = 0
"""


@dataclass(frozen=True)
class OrderWorld:
    """A shop on a server of its own; this process is configured for it."""

    server: Postgres
    shop_id: int

    def execute(self, statement: str, **values: object) -> None:
        """Run SQL as the superuser."""
        with psycopg.connect(self.server.url(role="postgres")) as connection:
            connection.execute(statement, values)

    def settle(self) -> None:
        """Do now what the server would do beside the measuring after many rows were loaded."""
        with psycopg.connect(self.server.url(role="postgres"), autocommit=True) as connection:
            connection.execute("VACUUM (ANALYZE)")
            connection.execute("CHECKPOINT")

    def count(self, table: str) -> int:
        """The rows of a table."""
        with psycopg.connect(self.server.url(role="postgres")) as connection:
            row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
        assert row
        return int(row[0])


@contextmanager
def open_world(folder: Path) -> Iterator[OrderWorld]:
    """An embedded server with one shop, migrated, its rules as they are at install.

    It has buffers for a shop of a million members, as whoever runs one gives it.
    """
    folder.chmod(0o711)
    with ExitStack() as stack:
        server = postgres.start(folder / "postgres", {"shared_buffers": BUFFERS})
        stack.callback(server.remove)
        app = [sys.executable, str(ROOT / "app.py"), "migrate"]
        variables = environment(server, "redis://127.0.0.1:1", 1, "0" * 64)
        subprocess.run(app, env=variables, check=True, stdout=subprocess.DEVNULL)
        engine = db.configure(server.app_url)
        stack.callback(engine.dispose)
        yield OrderWorld(server, _install(utc_now() - timedelta(days=400)))


def add_members(world: OrderWorld, count: int) -> None:
    """Members that nothing has happened to yet, each with a customer."""
    first, at = _FIRST_CUSTOMER, utc_now() - timedelta(days=300)
    with psycopg.connect(world.server.url(role="postgres")) as connection:
        # Built at the end, the index of the search costs a fifth of what it costs row by row.
        search = "SELECT indexdef FROM pg_indexes WHERE indexname = 'ix_member__search'"
        definition = connection.execute(search).fetchone()
        assert definition
        connection.execute("DROP INDEX ix_member__search")
        for start in range(first, first + count, 100_000):
            last = min(start + 100_000, first + count) - 1
            values = {"shop": world.shop_id, "first": start, "last": last, "at": at}
            connection.execute(_MEMBERS, values)
        connection.execute(definition[0])
        connection.execute("ANALYZE member, member_balance, customer")


def turn_all_rules_on(world: OrderWorld) -> None:
    """Five rules of every kind, two promotions, three tiers, a hold, expiry and the badges."""
    world.execute(_CATALOGUE, shop=world.shop_id, first=_FIRST_PRODUCT, count=PRODUCTS)
    now = utc_now()
    with db.shop_transaction(world.shop_id) as session:
        shop = get_shop(session, world.shop_id)
        for rule in _RULES:
            add_rule(session, world.shop_id, rule, actor=SYSTEM, now=now)
        for promotion in _PROMOTIONS:
            add_promotion(session, world.shop_id, promotion, actor=SYSTEM, now=now)
        get_programme(session, world.shop_id).hold_days = 14
        set_expiry(session, shop, mode="days", days=365, actor=SYSTEM, now=now)
        rungs = [RungText(None, *rung) for rung in _RUNGS]
        plan = read_plan(
            is_on=True,
            metric="spend",
            cycle="calendar",
            grace_days=30,
            counts_grants=False,
            counts_imports=False,
            rungs=rungs,
            currency=shop.currency,
            zone=shop.timezone,
            known={},
        )
        save_plan(session, shop, plan, actor=SYSTEM, now=now)


_RULES: list[dict[str, object]] = [
    {"name": "Soaps", "points_per_unit": Decimal(3), "is_exclusive": True, "priority": 1}
    | {"conditions": {"collections": [1]}},
    {"name": "New", "points_per_unit": Decimal("0.5"), "conditions": {"tags": ["new"]}},
    {"name": "First", "gives": "fixed", "fixed_points": 50, "points_per_unit": None}
    | {"conditions": {"first_order": True}},
    {"name": "Much", "gives": "fixed", "fixed_points": 20, "points_per_unit": None}
    | {"conditions": {"minimum_minor": 10_000}},
    {"name": "Till", "points_per_unit": Decimal("0.1"), "rounding": "half_up"}
    | {"conditions": {"channels": ["pos"]}},
]
_PROMOTIONS: list[dict[str, object]] = [
    {"name": "Double", "multiplier": Decimal(2), "conditions": {"tags": ["new"]}},
    {"name": "More", "multiplier": Decimal("1.5"), "conditions": {"minimum_minor": 3000}},
]
_RUNGS = [("Bronze", "0", "1"), ("Silver", "100", "1.25"), ("Gold", "500", "1.5")]


def order_bodies(orders: int, members: int, *, at: datetime, first: int = 0) -> list[bytes]:
    """Bodies of paid orders of three lines, by members and of products drawn at random."""
    draw = random.Random(first)
    template = _template(at)
    return [_body(template, first + number, members, draw, at) for number in range(orders)]


def fill_inbox(world: OrderWorld, topic: str, bodies: Sequence[bytes]) -> None:
    """Rows as the web process leaves them."""
    now = utc_now()
    with psycopg.connect(world.server.url(role="postgres")) as connection:
        copy = (
            "COPY inbox_row (shop_id, id, webhook_id, topic, triggered_at, received_at, body,"
            " state, attempts, next_at) FROM STDIN"
        )
        with connection.cursor().copy(copy) as rows:
            for number, body in enumerate(bodies):
                at = now + timedelta(microseconds=number)
                row_id = uuid.uuid4()
                rows.write_row(
                    (world.shop_id, row_id, str(row_id), topic, now, now, body, "new", 0, at)
                )


def _template(at: datetime) -> str:
    lines = [
        Line("12.50", 2, id=_LINES[0], product_id=_PRODUCTS[0]),
        Line("30.00", 1, id=_LINES[1], product_id=_PRODUCTS[1], discount="3.00"),
        Line("7.90", 1, id=_LINES[2], product_id=_PRODUCTS[2]),
    ]
    buyer = payloads.customer(
        id=_CUSTOMER, last_name=f"No {_CUSTOMER}", email=f"{_CUSTOMER}@example.com", updated_at=at
    )
    buyer |= {"state": "enabled", "verified_email": True, "phone": None}
    return json.dumps(payloads.order(lines, buyer=buyer, id=_ORDER, at=at))


def _body(template: str, number: int, members: int, draw: random.Random, at: datetime) -> bytes:
    changes = {str(_ORDER): str(_FIRST_ORDER + number)}
    changes[str(_CUSTOMER)] = str(_FIRST_CUSTOMER + draw.randrange(members))
    for place, line in enumerate(_LINES):
        changes[str(line)] = str(6_000_000_000_000 + number * 3 + place)
        changes[str(_PRODUCTS[place])] = str(_FIRST_PRODUCT + draw.randrange(PRODUCTS))
    body = template
    for old, new in changes.items():
        body = body.replace(old, new)
    return body.encode()


def _install(at: datetime) -> int:
    domain = "aurora.myshopify.com"
    with db.shopless_transaction() as session:
        shop_id = register_shop_id(session, domain)
    with db.shop_transaction(shop_id) as session:
        install(
            session,
            shop_id,
            domain=domain,
            name="Aurora",
            currency="USD",
            timezone="Europe/Berlin",
            email=None,
            now=at,
        )
    return shop_id
