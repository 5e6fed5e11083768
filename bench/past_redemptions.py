"""Redemptions of long ago: each member of a shop has redeemed once, with all that this leaves.

The points that bought it were granted the day before, so that every lot, debit and balance agrees.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg
from psycopg.types.json import Jsonb

from bench.order_world import OrderWorld
from loyalty.base.clock import utc_now
from loyalty.redemption.terms import Terms
from loyalty.rewards.tables import Reward

DAYS, CASHIERS, BATCH = 300, 20, 100_000

# Most codes were used by an order; a third of the last 30 days' can be used still.
_PAST = """
WITH made AS MATERIALIZED (
    SELECT member_id, customer_id AS n, customer_id %% 1000000000 AS small,
        uuidv7() AS earned_id, uuidv7() AS lot_id, uuidv7() AS id, uuidv7() AS entry_id,
        'till_user:' || customer_id %% %(cashiers)s AS actor,
        %(now)s::timestamptz - random() * %(span)s::interval AS at
    FROM customer
    WHERE shop_id = %(shop)s AND customer_id BETWEEN %(first)s AND %(last)s
), entry_added AS (
    INSERT INTO ledger_entry (shop_id, id, member_id, kind, points, occurred_at, posted_at,
        source_kind, source_id, idempotency_key, actor)
    SELECT %(shop)s, earned_id, member_id, 'grant', %(points)s, at - interval '1 day',
        at - interval '1 day', 'bench', n::text, 'bench:past:' || n, 'system:bench'
    FROM made
    UNION ALL
    SELECT %(shop)s, entry_id, member_id, 'redeem', -%(points)s, at, at, 'redemption', id::text,
        'redemption:' || id, actor
    FROM made
), lot_added AS (
    INSERT INTO lot (shop_id, id, member_id, entry_id, points, points_left, opened_at,
        available_at, released_at, last_valid_on)
    SELECT %(shop)s, lot_id, member_id, earned_id, %(points)s, 0, at - interval '1 day',
        at - interval '1 day', at - interval '1 day', (at + interval '364 days')::date
    FROM made
), debit_added AS (
    INSERT INTO lot_debit (shop_id, id, entry_id, lot_id, points)
    SELECT %(shop)s, uuidv7(), entry_id, lot_id, %(points)s FROM made
), balance_raised AS (
    UPDATE member_balance AS balance
    SET lifetime_earned = lifetime_earned + %(points)s,
        lifetime_burned = lifetime_burned + %(points)s
    FROM made
    WHERE balance.shop_id = %(shop)s AND balance.member_id = made.member_id
), shown AS (
    -- An odd factor gives each its own number below 2³².
    SELECT *, lpad(upper(to_hex(small * 2654435761 %% 4294967296)), 8, '0') AS digits,
        n %% 3 = 0 AND at > %(now)s::timestamptz - interval '30 days' AS is_open
    FROM made
)
INSERT INTO redemption (shop_id, id, member_id, reward_id, reward_version, terms, points, state,
    code, discount_gid, channel, actor, client_key, entry_id, order_id, reserved_at, issued_at,
    used_at, expires_at)
SELECT %(shop)s, id, member_id, %(reward)s, 1, %(terms)s, %(points)s,
    CASE WHEN is_open THEN 'issued' ELSE 'used' END,
    'ENC-' || left(digits, 4) || '-' || right(digits, 4), 'gid://shopify/DiscountCodeNode/' || n,
    'till', actor, gen_random_uuid(), entry_id, CASE WHEN NOT is_open THEN n END, at, at,
    CASE WHEN NOT is_open THEN at END, at + interval '30 days'
FROM shown
"""
_CUSTOMERS = "SELECT min(customer_id), max(customer_id) FROM customer WHERE shop_id = %s"


@dataclass(frozen=True)
class _Batch:
    first: int
    last: int


def add_past_redemptions(world: OrderWorld, reward: Reward) -> None:
    """One redemption of `reward` for each member, spread over the last 300 days."""
    now = utc_now()
    with psycopg.connect(world.server.url(role="postgres")) as connection:
        # Every key points at a row of the same statement: looking each up would take minutes.
        connection.execute("SET session_replication_role = replica")
        for batch in _batches(connection, world.shop_id):
            connection.execute(_PAST, _values(world, reward, batch, now))
        connection.execute("ANALYZE redemption, ledger_entry, lot, lot_debit, member_balance")


def _batches(connection: psycopg.Connection, shop_id: int) -> list[_Batch]:
    row = connection.execute(_CUSTOMERS, [shop_id]).fetchone()
    assert row
    first, last = row
    starts = range(first, last + 1, BATCH)
    return [_Batch(start, min(start + BATCH - 1, last)) for start in starts]


def _values(world: OrderWorld, reward: Reward, batch: _Batch, now: datetime) -> dict[str, object]:
    terms = Terms.of(
        reward, "USD", amount_minor=reward.amount_minor, asked_points=None, cart_minor=None
    )
    return {
        "shop": world.shop_id,
        "reward": reward.id,
        "terms": Jsonb(terms.to_json()),
        "points": reward.cost_points,
        "cashiers": CASHIERS,
        "span": timedelta(days=DAYS),
        "now": now,
        "first": batch.first,
        "last": batch.last,
    }
