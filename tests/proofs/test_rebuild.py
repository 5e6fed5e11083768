"""A rebuild from entries and lots equals the cache for each of 100,000 members.

Postings go through the books themselves, many members at once, as the drain and the jobs do.
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from loyalty.base import db
from loyalty.base.errors import InsufficientPoints
from loyalty.expiry.running import expire_dated
from loyalty.ledger.books import Books
from loyalty.ledger.journal import Cause
from loyalty.ledger.posting import release_due
from loyalty.ledger.selfcheck import find_differences
from loyalty.shops.directory import get_shop, install, register_shop_id
from loyalty.shops.tables import Shop
from tests.conftest import DatabaseUrls
from tests.factories.facts import NOON

pytestmark = pytest.mark.proof

MEMBERS = 100_000
AT_ONCE = 2_000
ROUNDS = 3
# What is posted, and how often: reversals mostly of what somebody has.
KINDS = {"grant": 30, "earn_order": 30, "redeem": 20, "deduct": 19, "earn_reversal": 1}
_MEMBERS = text("""
WITH made AS (
    INSERT INTO member (shop_id, id, state, sources, enrolled_by, joined_at)
    SELECT :shop_id, gen_random_uuid(), 'active', '{}', 'proof', :now
    FROM generate_series(1, :count) RETURNING id
)
INSERT INTO member_balance (shop_id, member_id, available, pending, lifetime_earned,
    lifetime_burned)
SELECT :shop_id, id, 0, 0, 0, 0 FROM made RETURNING member_id
""")


@pytest.fixture
def database(fresh_database: DatabaseUrls) -> Iterator[None]:
    """A database that is dropped afterwards: to remove so large a shop takes minutes."""
    before = db._engine
    engine = db.configure(fresh_database.app)
    yield
    engine.dispose()
    db._engine = before


@pytest.fixture
def analyse(fresh_database: DatabaseUrls) -> Callable[[], None]:
    """What autovacuum does within a minute; a proof that loads so fast must not wait for it."""

    def run() -> None:
        with psycopg.connect(fresh_database.owner, autocommit=True) as connection:
            connection.execute("ANALYZE")

    return run


def test_a_rebuild_equals_the_cache_for_each_of_many_members(
    database: None, analyse: Callable[[], None], capsys: pytest.CaptureFixture[str]
) -> None:
    # given
    shop_id = _install()
    members = _make_members(shop_id)
    analyse()
    chance, posted = random.Random(7), Counter[str]()

    for turn in range(ROUNDS):
        now = NOON + timedelta(days=20 * turn)
        for start in range(0, MEMBERS, AT_ONCE):
            posted += _post(shop_id, members[start : start + AT_ONCE], turn, now, chance)
        analyse()
        posted["released"] += _repeat(shop_id, _release, now)
        posted["expired"] += _repeat(shop_id, expire_dated, now)

    # when
    with db.shop_transaction(shop_id) as session:
        began = time.perf_counter()
        differences = find_differences(session, shop_id)
        took_s = time.perf_counter() - began

    # then
    with capsys.disabled():
        print(f"\n{MEMBERS:,} members rebuilt in {took_s:.1f} s after {dict(posted)}")
    assert differences == []
    assert min(posted[kind] for kind in (*KINDS, "refused", "released", "expired")) > MEMBERS / 200
    with db.shop_transaction(shop_id) as session:
        spoil = "UPDATE member_balance SET available = available + 1 WHERE member_id = :id"
        session.execute(text(spoil), {"id": members[4711]})
        assert [each.member_id for each in find_differences(session, shop_id)] == [members[4711]]


def _post(
    shop_id: int, members: list[UUID], turn: int, now: datetime, chance: random.Random
) -> Counter[str]:
    """One random movement for each of the members, in one transaction."""
    posted = Counter[str]()
    with db.shop_transaction(shop_id) as session:
        books = Books.open(session, shop_id, members, now=now)
        for member_id in members:
            [kind] = chance.choices(list(KINDS), KINDS.values() if turn else (1, 1, 0, 0, 0))
            posted[_move(books, member_id, kind, turn, chance.randint(1, 500))] += 1
        books.write()
    return posted


def _move(books: Books, member_id: UUID, kind: str, turn: int, points: int) -> str:
    """Post it; what became of it."""
    order_id = int(member_id) % 10**15 if kind.startswith("earn") else None
    cause = Cause(
        kind=kind,
        idempotency_key=f"{kind}:{member_id}:{turn}",
        source_kind="proof",
        source_id=str(member_id),
        actor="system:encore",
        occurred_at=books.now,
        order_id=order_id,
    )
    books.vouch(cause.idempotency_key)
    try:
        if kind == "earn_order":
            available_at = books.now + timedelta(days=14)
            books.credit(member_id, cause, points=points, available_at=available_at)
        elif kind == "grant":
            books.credit(member_id, cause, points=points)
        elif kind == "earn_reversal":
            assert order_id
            books.reverse(member_id, cause, points=1 + points // 10, order_id=order_id)
        else:
            books.debit(member_id, cause, points=points)
    except InsufficientPoints:
        return "refused"
    return kind


def _install() -> int:
    with db.shopless_transaction() as session:
        shop_id = register_shop_id(session, "aurora.myshopify.com")
    with db.shop_transaction(shop_id) as session:
        install(
            session,
            shop_id,
            domain="aurora.myshopify.com",
            name="Aurora",
            currency="EUR",
            timezone="Europe/Madrid",
            email=None,
            now=NOON,
        )
    return shop_id


def _make_members(shop_id: int) -> list[UUID]:
    """Members with nothing, as many as there must be, in the order of their ids."""
    with db.shop_transaction(shop_id) as session:
        set_expiry = (
            "UPDATE programme SET expiry_mode = 'days', expiry_days = 25, expiry_since = :on"
        )
        session.execute(text(set_expiry), {"on": NOON.date()})
        values = {"shop_id": shop_id, "now": NOON, "count": MEMBERS}
        return sorted(session.execute(_MEMBERS, values).scalars())


def _release(session: Session, shop: Shop, *, now: datetime) -> int:
    return release_due(session, shop.shop_id, now=now)


def _repeat(shop_id: int, job: Callable[..., int], now: datetime) -> int:
    """Run a job, a transaction each time, until it finds nothing more; what it did in all."""
    total = 0
    while True:
        with db.shop_transaction(shop_id) as session:
            done = job(session, get_shop(session, shop_id), now=now)
        total += done
        if not done:
            return total
