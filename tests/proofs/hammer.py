"""Threads that fall upon the same members at once, each over connections of its own.

A blow is what one party does: it returns what it achieved, and raises what surfaced. No
party retries anything: where two deadlock, the product itself must begin again.
"""

import json
import random
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

from loyalty.adjustments import adjust
from loyalty.audit import Actor
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.base.errors import (
    BadMerge,
    IdempotencyConflict,
    InsufficientPoints,
    MemberHasMoved,
)
from loyalty.expiry.running import expire_dated
from loyalty.ledger.posting import release_due
from loyalty.members.identity import survivor_of
from loyalty.merging.merging import merge
from loyalty.merging.undoing import undo
from loyalty.shops.directory import get_shop
from loyalty.till.grants import TillUser, grant
from shopify_app.platform import inbox
from shopify_app.platform.inbox_insert import Arrival, InboxConnection

STAFF = Actor("staff", "42")
GRANTS, GRANTED = 12, 5
"""How many times each member is granted how many points."""
MERGES = 8
AHEAD = timedelta(days=20)
"""How far the night's clock is ahead of the webhooks', so that holds end while they come."""


@dataclass(frozen=True)
class Field:
    """Where the blows fall; `is_over` once every webhook is handled."""

    database_url: str
    shop_id: int
    members: tuple[UUID, ...]
    is_over: threading.Event = field(default_factory=threading.Event)


Blow = Callable[[Field, int], int]


def strike(field: Field, blows: Sequence[Blow]) -> list[int]:
    """All blows at once, a thread for each; what each achieved. Raises what surfaced."""
    together = threading.Barrier(len(blows))

    def one(blow: Blow, number: int) -> int:
        together.wait()
        return blow(field, number)

    with ThreadPoolExecutor(len(blows)) as threads:
        running = [threads.submit(one, blow, number) for number, blow in enumerate(blows)]
        try:
            return [done.result() for done in running]
        finally:
            field.is_over.set()


def post_webhooks(database_url: str, shop_id: int, messages: list[tuple[str, Any]]) -> None:
    """Put webhooks into the shop's inbox, each twice as Shopify may, in a shuffled order."""
    arrivals = [
        Arrival(
            shop_id=shop_id,
            webhook_id=f"{number}-{copy}",
            event_id=None,
            topic=topic,
            api_version="2026-07",
            triggered_at=utc_now(),
            received_at=utc_now() - timedelta(hours=1),
            body=json.dumps(payload).encode(),
        )
        for number, (topic, payload) in enumerate(messages)
        for copy in (1, 2)
    ]
    random.Random(4).shuffle(arrivals)
    InboxConnection(database_url).insert(shop_id, arrivals)


def drain_webhooks(field: Field, number: int) -> int:
    """A worker of the inbox: how many webhooks it looked at. Nothing left to do ends the hammer."""
    handled = 0
    while count := inbox.drain(field.shop_id):
        handled += count
    field.is_over.set()
    return handled


def grant_at_till(field: Field, number: int) -> int:
    """A till: the grants of all tills, in an order of its own; how many it was told are done."""
    keys = [(member, n) for member in field.members for n in range(GRANTS)]
    random.Random(number).shuffle(keys)
    for member_id, n in keys:
        _grant(field, member_id, uuid5(member_id, f"grant {n}"))
    return len(keys)


def _grant(field: Field, member_id: UUID, key: UUID) -> None:
    """Grant once; who was merged meanwhile is granted it as who they are by now."""
    while True:
        try:
            with db.shop_transaction(field.shop_id) as session:
                grant(
                    session,
                    get_shop(session, field.shop_id),
                    survivor_of(session, field.shop_id, member_id),
                    points=GRANTED,
                    reason="other",
                    note=None,
                    client_key=key,
                    by=TillUser(7, 901),
                    now=utc_now(),
                )
        except MemberHasMoved:
            continue
        except IdempotencyConflict:
            pass  # The other till was first, while the member was another.
        return


def deduct_by_hand(field: Field, number: int) -> int:
    """Staff: deduct until the hammer ends, and once at least; the points that were taken."""
    taken, chance, done = 0, random.Random(number), 0
    while not (field.is_over.is_set() and taken):
        done += 1
        points = chance.randint(1, 90)
        try:
            with db.shop_transaction(field.shop_id) as session:
                adjust(
                    session,
                    field.shop_id,
                    chance.choice(field.members),
                    points=-points,
                    reason="other",
                    note=None,
                    order_reference=None,
                    client_key=f"hammer-{number}-{done}",
                    actor=STAFF,
                    now=utc_now(),
                )
        except (InsufficientPoints, MemberHasMoved):
            continue
        taken += points
    return taken


def run_nightly_jobs(field: Field, number: int) -> int:
    """The clock's jobs over and over, with every hold at its end; how many lots they moved.

    They pass by whom others hold, and so may come to nobody before the others are done.
    """
    done = 0
    while not (field.is_over.is_set() and done):
        with db.shop_transaction(field.shop_id) as session:
            done += release_due(session, field.shop_id, now=utc_now() + AHEAD)
        with db.shop_transaction(field.shop_id) as session:
            done += expire_dated(session, get_shop(session, field.shop_id), now=utc_now() + AHEAD)
    return done


def merge_there_and_back(field: Field, number: int) -> int:
    """Merge two members and undo it, again and again; the next party does it the other way."""
    one, two = field.members[:2] if number % 2 else reversed(field.members[:2])
    merges = 0
    while merges < MERGES:
        try:
            merge_id = _merge(field, one, two)
        except BadMerge:
            continue  # The other way round stands at the moment.
        merges += 1
        with db.shop_transaction(field.shop_id) as session:
            undo(session, get_shop(session, field.shop_id), merge_id, actor=STAFF, now=utc_now())
    return merges


def _merge(field: Field, survivor_id: UUID, merged_id: UUID) -> UUID:
    with db.shop_transaction(field.shop_id) as session:
        shop = get_shop(session, field.shop_id)
        return merge(session, shop, survivor_id, merged_id, actor=STAFF, now=utc_now()).id
