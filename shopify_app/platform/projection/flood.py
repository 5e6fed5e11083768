"""When very many members have changed at once: they are marked, and one bulk operation shows them.

due (marked) → sent (in the file of an operation) → kept. The operation is one of the
back-fill's runs: asked for, polled, read. The invariant: what is sent and not confirmed is asked
for one by one.
"""

import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import IO, Any

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from loyalty import outbox
from loyalty.base.bulk import among, put_rows
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.outbox import Delivery
from loyalty.reconciliation import recording
from shopify_app.platform import backfill_runs as runs
from shopify_app.platform.backfill import bulk_writes
from shopify_app.platform.payloads.reading import identifier
from shopify_app.platform.projection import definitions, sheets
from shopify_app.platform.projection.planning import AT_ONCE_MAX, BULK_FROM
from shopify_app.platform.projection.sheets import Sheet
from shopify_app.platform.projection.tables import ShownCustomer

log = structlog.get_logger()

BYTES_MAX = 20 * 1024 * 1024
"""What one operation is sent; the rest is the next one's."""
_BATCH = 500
_LINES = 40


def is_on(session: Session, shop_id: int) -> bool:
    """Whether so many members of the shop wait that one operation shows them sooner."""
    waiting = (
        select(Delivery.id)
        .where(
            Delivery.shop_id == shop_id,
            Delivery.subscriber == "projection",
            Delivery.state == "pending",
        )
        .limit(BULK_FROM)
        .subquery()
    )
    return (session.scalar(select(func.count()).select_from(waiting)) or 0) >= BULK_FROM


def may_wait(sheet: Sheet) -> bool:
    """Whether a bulk operation can write the customer: metafields alone, their digests known."""
    return (
        sheet.member_id is not None
        and sheet.digests is not None
        and bool(sheet.inputs())
        and not sheet.surplus()
        and sheet.tag == sheet.wanted_tag
    )


def mark(session: Session, shop_id: int, waiting: Sequence[Sheet], *, now: datetime) -> None:
    """Leave these customers to the next operation; what they then show is read when it is made."""
    rows = [sheets.row_of(shop_id, sheet) | {"state": "due"} for sheet in waiting]
    put_rows(session, ShownCustomer, rows)
    runs.ask_for_projection(session, shop_id, now=now)


def start(shop_id: int, still_here: Callable[[], None]) -> str | None:
    """Send all that is due in one operation; its gid, or None when nothing is. Commits.

    `still_here` is called between its parts; what it raises ends the work.
    """
    definitions.make(shop_id)
    still_here()
    _take_back_sent(shop_id)
    with tempfile.TemporaryFile() as file:
        count = _write(shop_id, file, still_here)
        if count == 0:
            return None
        file.seek(0)
        still_here()
        operation_id = bulk_writes.run(shop_id, "metafields_set", file)
    log.info("customers_sent_in_bulk", shop=shop_id, customers=count)
    return operation_id


def take_result(
    shop_id: int, lines: Iterable[bytes], still_here: Callable[[], None] = lambda: None
) -> None:
    """Keep what the lines of an operation's result confirm; twice is as once. Commits.

    `still_here` is called before each batch; what it raises ends the work.
    """
    rows = iter(lines)
    while batch := list(islice(rows, _LINES)):
        still_here()
        with shop_transaction(shop_id) as session:
            _take(session, shop_id, [json.loads(line) for line in batch if line.strip()])


def end(session: Session, shop_id: int, *, now: datetime) -> None:
    """Ask one by one for what was sent and not confirmed. Flushes."""
    left = session.scalars(
        select(ShownCustomer.customer_id).where(
            ShownCustomer.shop_id == shop_id, ShownCustomer.state == "sent"
        )
    ).all()
    unsure = sheets.load_some(session, shop_id, left)
    put_rows(
        session,
        ShownCustomer,
        [sheets.row_of(shop_id, one) | {"state": "kept", "digests": None} for one in unsure],
    )
    for sheet in unsure:
        if sheet.member_id is not None:
            outbox.stage(session, shop_id, outbox.SHOWN_ASKED, member_id=sheet.member_id, now=now)


def has_due(session: Session, shop_id: int) -> bool:
    """Whether some came together while an operation ran: the next one is theirs."""
    due = select(ShownCustomer.customer_id).where(
        ShownCustomer.shop_id == shop_id, ShownCustomer.state == "due"
    )
    return session.scalar(due.limit(1)) is not None


def _take_back_sent(shop_id: int) -> None:
    """An operation that failed, or that we lost sight of, has confirmed nothing of these."""
    with shop_transaction(shop_id) as session:
        session.execute(
            update(ShownCustomer)
            .where(ShownCustomer.shop_id == shop_id, ShownCustomer.state == "sent")
            .values(state="due")
        )


def _write(shop_id: int, file: IO[bytes], still_here: Callable[[], None]) -> int:
    """A line for each 25 metafields of what is due; how many customers they are."""
    count = 0
    for batch in _due(shop_id):
        still_here()
        with shop_transaction(shop_id) as session:
            found = sheets.load_some(session, shop_id, batch)
            ready = [sheet for sheet in found if may_wait(sheet)]
            _leave(session, shop_id, [sheet for sheet in found if not may_wait(sheet)])
            _set_state(session, shop_id, ready, "sent")
        for chunk in sheets.chunks(ready, AT_ONCE_MAX):
            inputs = [one for sheet in chunk for one in sheet.inputs()]
            file.write(json.dumps({"metafields": inputs}).encode() + b"\n")
        count += len(ready)
        if file.tell() > BYTES_MAX:
            break
    return count


def _due(shop_id: int) -> Iterator[Sequence[int]]:
    while True:
        with shop_transaction(shop_id) as session:
            batch = session.scalars(
                select(ShownCustomer.customer_id)
                .where(ShownCustomer.shop_id == shop_id, ShownCustomer.state == "due")
                .order_by(ShownCustomer.customer_id)
                .limit(_BATCH)
            ).all()
        if not batch:
            return
        yield batch


def _leave(session: Session, shop_id: int, others: Sequence[Sheet]) -> None:
    """What has come to need more than an operation does is asked for one by one."""
    _set_state(session, shop_id, others, "kept")
    for sheet in others:
        if sheet.differs() and sheet.member_id is not None:
            now = utc_now()
            outbox.stage(session, shop_id, outbox.SHOWN_ASKED, member_id=sheet.member_id, now=now)


def _set_state(session: Session, shop_id: int, some: Sequence[Sheet], state: str) -> None:
    if some:
        session.execute(
            update(ShownCustomer)
            .where(
                ShownCustomer.shop_id == shop_id,
                among(ShownCustomer.customer_id, [sheet.customer_id for sheet in some]),
            )
            .values(state=state)
            .execution_options(synchronize_session=False)
        )


def _take(session: Session, shop_id: int, rows: Sequence[Mapping[str, Any]]) -> None:
    fields = [field for row in rows for field in _written(row)]
    ids = {identifier(field["owner"]["id"], "owner.id") for field in fields}
    # What was written or looked at since the operation was sent knows better than its result.
    found = [one for one in sheets.load_some(session, shop_id, ids) if one.state != "kept"]
    by_gid = {sheet.gid: sheet for sheet in found}
    sheets.take(by_gid, [field for field in fields if field["owner"]["id"] in by_gid])
    states = {"sent": "kept"}
    now = utc_now()
    kept = [
        sheets.row_of(shop_id, sheet)
        | {"state": states.get(sheet.state, sheet.state), "written_at": now}
        for sheet in found
    ]
    put_rows(session, ShownCustomer, kept)
    things = [str(sheet.customer_id) for sheet in found]
    recording.mend(session, shop_id, recording.SHOWN_CHANGED, things, now=now)


def _written(row: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The metafields that a line's answer says stand there now; none when it was refused."""
    answer = (row.get("data") or {}).get("metafieldsSet") or {}
    return () if answer.get("userErrors") else (answer.get("metafields") or ())
