"""What each subject of a back-fill reads, and how it lands: a transaction a batch, safe twice."""

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import text
from sqlalchemy.orm import Session

from loyalty.base import faults
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.shops import directory, locations
from shopify_app.platform import bulk_rows, client, coupon_codes, coupon_states, shop_facts
from shopify_app.platform.backfill import batches, bulk, catalogue, joins, merges
from shopify_app.platform.backfill.one_customer import read_customer
from shopify_app.platform.backfill.one_order import read_order
from shopify_app.platform.backfill.paging import pages
from shopify_app.platform.backfill.spool import Spool
from shopify_app.platform.payloads.reading import moment_or_none, object_at
from shopify_app.platform.reconciling import codes, shown, sweep
from shopify_app.platform.tables import BackfillRun

log = structlog.get_logger()

BATCH_OBJECTS = 500
_PLANS_LAST = 20
"""How many batches are stored by the same plans."""
BULK = {
    "products": catalogue.store_products,
    "customers": batches.store_customers,
    "orders": batches.store_orders,
    "shown": shown.store_shown,
}
Node = dict[str, Any]


def read_small(shop_id: int, subject: str) -> None:
    """Read the shop, its locations or its collections; or `location:<id>`, `collection:<id>`,
    `product:<id>`, `order:<id>`, `customer:<id>`; or carry out `merge:<gone>:<kept>`,
    `join:<request>`, `coupon:<id>`; or look for what no webhook brought: `sweep`, `codes`,
    `coupons`.
    """
    kind, _, number = subject.partition(":")
    if kind == "shop":
        _read_shop(shop_id)
    elif kind == "locations":
        _read_locations(shop_id)
    elif kind == "location":
        _read_one_location(shop_id, int(number))
    elif kind == "collections":
        catalogue.read_collections(shop_id)
    elif kind == "collection":
        catalogue.read_collection(shop_id, int(number))
    elif kind == "product":
        catalogue.read_product(shop_id, int(number))
    elif kind == "merge":
        merges.carry_out(shop_id, number)
    elif kind == "join":
        joins.carry_out(shop_id, UUID(number))
    elif kind == "coupon":
        coupon_codes.make_codes(shop_id, UUID(number))
    elif kind == "coupons":
        coupon_states.follow(shop_id)
    elif kind == "customer":
        read_customer(shop_id, int(number))
    elif kind == "sweep":
        sweep.run(shop_id)
    elif kind == "codes":
        codes.run(shop_id)
    else:
        read_order(shop_id, int(number))


@dataclass(frozen=True, slots=True)
class BulkJob:
    """A finished bulk operation to be stored; `url` is None when it found nothing."""

    shop_id: int
    run_id: UUID
    subject: str
    url: str | None
    lease: timedelta
    operation_id: str


def read_bulk(job: BulkJob, *, skip: int, for_s: float) -> bool:
    """Store the objects of a bulk result from `skip` on; whether its end was reached in `for_s`.

    Each batch commits with the run's progress, and renews its lease. An object that cannot be
    read is left out, counted in the run's `error`, and logged.
    """
    if job.url is None:
        return True
    operation = job.operation_id.rpartition("/")[2]
    spool = Spool(f"{job.shop_id}-{job.run_id}-{operation}")
    if not spool.is_complete():
        with bulk.lines_of(job.url) as lines:
            spool.fill(lines, lambda: _renew_lease(job))
    ends_at = time.monotonic() + for_s
    for number, batch in enumerate(spool.batches(skip=skip, size=BATCH_OBJECTS)):
        with shop_transaction(job.shop_id) as session:
            if number % _PLANS_LAST == 0:
                # Plans made while a new shop's tables were small would read them from end to end.
                session.execute(text("DISCARD PLANS"))
            shop = directory.get_shop(session, job.shop_id)
            unreadable = BULK[job.subject](session, shop, batch)
            skip += len(batch)
            _note_progress(session, job, skip, unreadable)
        faults.point("backfill_batch_committed", shop=job.shop_id, subject=job.subject, read=skip)
        if time.monotonic() > ends_at:
            return False
    spool.discard()
    return True


def _renew_lease(job: BulkJob) -> None:
    with shop_transaction(job.shop_id) as session:
        run = session.get_one(BackfillRun, (job.shop_id, job.run_id), with_for_update=True)
        run.next_at = utc_now() + job.lease


def _note_progress(session: Session, job: BulkJob, objects_read: int, unreadable: int) -> None:
    run = session.get_one(BackfillRun, (job.shop_id, job.run_id), with_for_update=True)
    run.objects_read = max(run.objects_read, objects_read)
    run.next_at = utc_now() + job.lease
    if unreadable:
        run.error = f"{_left_out(run.error) + unreadable} left out: they could not be read"


def _left_out(error: str | None) -> int:
    """How many objects earlier batches left out."""
    count, _, rest = (error or "").partition(" ")
    return int(count) if rest.startswith("left out") else 0


def _read_shop(shop_id: int) -> None:
    data = client.execute(shop_id, "shop_info")
    facts = shop_facts.read(data)
    with shop_transaction(shop_id) as session:
        directory.update_shop(
            session,
            shop_id,
            name=facts.name,
            timezone=facts.timezone,
            email=facts.email,
            updated_at=moment_or_none(object_at(data, "shop"), "updatedAt") or utc_now(),
        )


def _read_locations(shop_id: int) -> None:
    nodes = list(pages(shop_id, "locations", "locations", {}))
    with shop_transaction(shop_id) as session:
        for node in nodes:
            locations.record_location(session, shop_id, bulk_rows.read_location(node))


def _read_one_location(shop_id: int, location_id: int) -> None:
    variables = {"id": f"gid://shopify/Location/{location_id}"}
    node = client.execute(shop_id, "location_by_id", variables).get("location")
    with shop_transaction(shop_id) as session:
        if node is None:  # Deleted since.
            locations.delete_location(session, shop_id, location_id, now=utc_now())
        else:
            locations.record_location(session, shop_id, bulk_rows.read_location(node))
