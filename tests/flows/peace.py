"""The same arrivals again, in a second database, and nobody killed: what the books should be."""

from dataclasses import dataclass

import psycopg

from loyalty.base import db
from loyalty.shops.directory import get_shop, install, register_shop_id
from shopify_app.platform import inbox
from tests.conftest import DatabaseUrls
from tests.flows.chain import SHOP, Chain

_ARRIVED = """
SELECT webhook_id, event_id, topic, api_version, triggered_at, received_at, body
FROM inbox_row WHERE topic LIKE 'orders/%' OR topic LIKE 'refunds/%' OR topic LIKE 'customers/%'
ORDER BY received_at, id
"""
_ARRIVE = """
INSERT INTO inbox_row (shop_id, id, webhook_id, event_id, topic, api_version, triggered_at,
                       received_at, body, state, attempts, next_at)
VALUES (%(shop_id)s, gen_random_uuid(), %(webhook_id)s, %(event_id)s, %(topic)s, %(api_version)s,
        %(triggered_at)s, %(received_at)s, %(body)s, 'new', 0, %(received_at)s)
"""
BALANCES = """
SELECT c.customer_id::text AS customer_id, b.available AS points FROM customer c
JOIN member_balance b ON b.shop_id = c.shop_id AND b.member_id = c.member_id WHERE b.available <> 0
"""
POINTS_OF_ORDERS = """
SELECT split_part(idempotency_key, ':', 2) AS order_id, sum(points) AS points
FROM ledger_entry WHERE idempotency_key LIKE 'order:%' GROUP BY 1 HAVING sum(points) <> 0
"""


@dataclass(frozen=True)
class Books:
    """Points by order id, of those that have any; and the balance of each customer who has one."""

    orders: dict[str, int]
    balances: dict[str, int]


def books_in_storm(chain: Chain) -> Books:
    """What `chain` wrote, whatever died meanwhile."""
    return Books(
        {row["order_id"]: int(row["points"]) for row in chain.rows(POINTS_OF_ORDERS)},
        {row["customer_id"]: int(row["points"]) for row in chain.rows(BALANCES)},
    )


def books_in_peace(chain: Chain, database: DatabaseUrls) -> Books:
    """The same after one undisturbed process handled every webhook that `chain` got."""
    engine = db.configure(database.app)
    try:
        shop_id = _install_like(chain)
        _copy_arrivals(chain, shop_id)
        while inbox.drain(shop_id):
            pass
        return Books(_read(shop_id, POINTS_OF_ORDERS), _read(shop_id, BALANCES))
    finally:
        engine.dispose()


def _install_like(chain: Chain) -> int:
    """The same shop, installed at the same moment: what counts as history depends on it."""
    [shop] = chain.rows("SELECT name, currency, timezone, installed_at, earning_since FROM shop")
    with db.shopless_transaction() as session:
        shop_id = register_shop_id(session, SHOP)
    with db.shop_transaction(shop_id) as session:
        install(
            session,
            shop_id,
            domain=SHOP,
            name=shop["name"],
            currency=shop["currency"],
            timezone=shop["timezone"],
            email=None,
            now=shop["installed_at"],
        )
        get_shop(session, shop_id).earning_since = shop["earning_since"]
    return shop_id


def _copy_arrivals(chain: Chain, shop_id: int) -> None:
    rows = [{**row, "shop_id": shop_id} for row in chain.rows(_ARRIVED)]
    assert rows, "nothing arrived"
    with db.shop_transaction(shop_id) as session:
        driver = session.connection().connection.driver_connection
        assert isinstance(driver, psycopg.Connection)
        with driver.cursor() as cursor:
            cursor.executemany(_ARRIVE, rows)


def _read(shop_id: int, query: str) -> dict[str, int]:
    with db.shop_transaction(shop_id) as session:
        rows = session.connection().exec_driver_sql(query.replace("%", "%%"))
        return {key: int(points) for key, points in rows}
