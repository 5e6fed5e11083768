"""The back-fill's state machine: a step does one short thing, and says when to go on.

waiting → (shop, locations, a re-read: read at once → done), else asked → reading → done. A run
is claimed by moving its `next_at`, which goes on moving while the step works and which a killed
step leaves to run out.
"""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import select, update

from loyalty.audit import SYSTEM
from loyalty.base import bell
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import LoyaltyError, MemberHasMoved
from loyalty.insights.running import ask_for_run
from loyalty.segments.saving import ask_for_refresh
from loyalty.tiers.nightly import ask_for_round
from shopify_app.platform import backfill_runs as runs
from shopify_app.platform.backfill import bulk, leases, readers
from shopify_app.platform.backfill.leases import Lease, LeaseLost
from shopify_app.platform.errors import NeedsReauth, ShapeError, ShopifyError, UserErrors
from shopify_app.platform.projection import flood
from shopify_app.platform.tables import BackfillRun

log = structlog.get_logger()

ATTEMPTS_MAX = 8
_JOB_S = 60.0
_WAIT_MAX_S = 1.0
_POLL_AFTER = timedelta(seconds=1)
_POLL_AFTER_MAX = timedelta(seconds=30)
_BUSY_AFTER = timedelta(seconds=30)
# A result that the same question may yet give, asked again.
_ENDED_BADLY = ("FAILED", "CANCELED", "CANCELING", "EXPIRED")


@dataclass(frozen=True, slots=True)
class Claim:
    """A run that this step may work on while it has `lease`, as it stood when it was claimed."""

    shop_id: int
    id: UUID
    subject: str
    state: str
    bulk_operation_id: str | None
    objects_read: int
    started_at: datetime
    lease: Lease


def step(shop_id: int) -> None:
    """Bring the shop's back-fill on as far as it goes without a long wait; commits as it goes.

    Steps follow one another while the next is due within a second and the job's time lasts;
    then the bell is rung if one is due, and else the sweep comes back for it.
    """
    ends_at = time.monotonic() + _JOB_S
    while (wait_s := take_step(shop_id)) is not None and wait_s <= _WAIT_MAX_S:
        if time.monotonic() > ends_at:
            bell.ring("backfill", shop_id)
            return
        time.sleep(wait_s)


def take_step(shop_id: int) -> float | None:
    """Do the next due thing for one run; seconds until something is due again, None for never."""
    claim = _claim(shop_id)
    if claim is not None:
        try:
            _work(claim)
        except LeaseLost:
            log.warning("backfill_lease_lost", shop=shop_id, subject=claim.subject)
        except Exception as error:
            # Whatever it is, the run must count it and end some day, not come back for ever.
            _put_off(claim, error)
    return _next_in_s(shop_id)


def _work(claim: Claim) -> None:
    if claim.subject in readers.BULK:
        _BULK_STEPS[claim.state](claim)
        return
    if claim.subject == "projection":
        _FLOOD_STEPS[claim.state](claim)
        return
    with claim.lease.held():
        readers.read_small(claim.shop_id, claim.subject)
    _end(claim)


def _ask(claim: Claim) -> None:
    operation_id = bulk.ask(claim.shop_id, claim.subject)
    _change(claim, state="asked", bulk_operation_id=operation_id, next_at=utc_now() + _POLL_AFTER)


def _poll(claim: Claim) -> None:
    assert claim.bulk_operation_id is not None
    operation = bulk.poll(claim.shop_id, claim.bulk_operation_id)
    if operation.status == "COMPLETED":
        _change(claim, state="reading", objects_total=operation.root_objects, next_at=utc_now())
    elif operation.status in _ENDED_BADLY:
        _change(claim, state="waiting", bulk_operation_id=None)
        reason = f"bulk operation {operation.status} {operation.error_code or ''}".strip()
        raise ShopifyError(reason, retryable=operation.error_code != "ACCESS_DENIED")
    else:
        _change(claim, objects_total=operation.root_objects or None, next_at=_next_poll(claim))


def _next_poll(claim: Claim) -> datetime:
    """The longer it has taken, the less often we ask; the finish webhook cuts the wait short."""
    now = utc_now()
    return now + min(_POLL_AFTER_MAX, max(_POLL_AFTER, (now - claim.started_at) / 10))


def _read(claim: Claim) -> None:
    assert claim.bulk_operation_id is not None
    url = bulk.poll(claim.shop_id, claim.bulk_operation_id).url
    operation_id = claim.bulk_operation_id
    job = readers.BulkJob(claim.shop_id, claim.id, claim.subject, url, leases.LASTS, operation_id)
    if readers.read_bulk(job, skip=claim.objects_read, for_s=_JOB_S / 2):
        _end(claim)
    else:
        _change(claim, next_at=utc_now())


def _send(claim: Claim) -> None:
    """Send all members that are due to be shown; none is: it is done."""
    with claim.lease.held():
        operation_id = flood.start(claim.shop_id, claim.lease.hold)
    claim.lease.hold()
    if operation_id is None:
        _end(claim)
        return
    _change(claim, state="asked", bulk_operation_id=operation_id, next_at=utc_now() + _POLL_AFTER)


def _take_shown(claim: Claim) -> None:
    """Read what the operation has written; what came together meanwhile is sent next."""
    assert claim.bulk_operation_id is not None
    url = bulk.poll(claim.shop_id, claim.bulk_operation_id).url
    if url is not None:
        with claim.lease.held(), bulk.lines_of(url) as lines:
            flood.take_result(claim.shop_id, lines, claim.lease.hold)
    claim.lease.hold()
    with shop_transaction(claim.shop_id) as session:
        flood.end(session, claim.shop_id, now=utc_now())
    _end(claim)


_BULK_STEPS = {"waiting": _ask, "asked": _poll, "reading": _read}
_FLOOD_STEPS = {"waiting": _send, "asked": _poll, "reading": _take_shown}


def _claim(shop_id: int) -> Claim | None:
    now = utc_now()
    with shop_transaction(shop_id) as session:
        run = session.scalars(
            select(BackfillRun)
            .where(
                BackfillRun.shop_id == shop_id,
                BackfillRun.state.in_(("waiting", "asked", "reading")),
                BackfillRun.next_at <= now,
            )
            .order_by(BackfillRun.next_at, BackfillRun.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        ).first()
        if run is None:
            return None
        run.next_at = now + leases.LASTS
        run.started_at = run.started_at or now
        return Claim(
            shop_id,
            run.id,
            run.subject,
            run.state,
            run.bulk_operation_id,
            run.objects_read,
            run.started_at,
            Lease(shop_id, run.id, run.next_at),
        )


def _change(claim: Claim, **values: object) -> None:
    with shop_transaction(claim.shop_id) as session:
        session.execute(
            update(BackfillRun)
            .where(BackfillRun.shop_id == claim.shop_id, BackfillRun.id == claim.id)
            .values(attempts=0, **values)
        )


def _end(claim: Claim) -> None:
    with shop_transaction(claim.shop_id) as session:
        run = session.get(BackfillRun, (claim.shop_id, claim.id), with_for_update=True)
        if run is None:
            return  # Somebody who took the lease over has ended it.
        is_reread = run.generation == runs.REREADS
        if is_reread and _is_asked_again(run, claim):
            return
        if claim.subject == "projection" and flood.has_due(session, claim.shop_id):
            run.state, run.bulk_operation_id, run.next_at = "waiting", None, utc_now()
            return
        runs.finish(session, run, now=utc_now())
        if is_reread:
            session.delete(run)
        elif run.subject == "orders":
            # What history does to tiers and badges is looked at once, not with every batch.
            ask_for_round(session, claim.shop_id)
            ask_for_refresh(session, claim.shop_id)
            ask_for_run(session, claim.shop_id, actor=SYSTEM, now=utc_now())


def _is_asked_again(run: BackfillRun, claim: Claim) -> bool:
    """Whether a re-read was asked for while it was read: then it is due once more."""
    if claim.subject in readers.BULK:
        return run.state != claim.state  # Each batch has renewed the lease.
    return run.next_at != claim.lease.ends_at


def _is_anothers(run: BackfillRun, claim: Claim) -> bool:
    """Whether the lease was taken over, or the same asked for anew."""
    return claim.subject not in readers.BULK and run.next_at != claim.lease.ends_at


def _put_off(claim: Claim, error: Exception) -> None:
    now = utc_now()
    with shop_transaction(claim.shop_id) as session:
        run = session.get(BackfillRun, (claim.shop_id, claim.id), with_for_update=True)
        if run is None or _is_anothers(run, claim):
            return  # Whoever works on it now, or is to, sees for themselves.
        run.error = _reason(error)
        if isinstance(error, NeedsReauth):
            # Not the run's fault: it waits for the merchant's next visit.
            run.next_at = now + timedelta(hours=1)
            return
        if _is_busy(error):
            run.next_at = now + _BUSY_AFTER
            return
        run.attempts += 1
        if not _may_work_later(error) or run.attempts >= ATTEMPTS_MAX:
            runs.finish(session, run, now=now, error=run.error)
        else:
            run.next_at = now + min(timedelta(seconds=2**run.attempts), timedelta(minutes=10))
    log.warning("backfill_step_failed", shop=claim.shop_id, subject=claim.subject, reason=run.error)


def _is_busy(error: Exception) -> bool:
    """Whether Shopify only says that enough bulk operations of the shop are running."""
    return isinstance(error, UserErrors) and bool(
        error.codes & {"OPERATION_IN_PROGRESS", "LIMIT_REACHED"}
    )


def _may_work_later(error: Exception) -> bool:
    if isinstance(error, ShopifyError):
        return error.retryable
    if isinstance(error, MemberHasMoved):
        return True  # Merged while we looked: the next try finds the survivor.
    return not isinstance(error, ShapeError | LoyaltyError)


def _reason(error: Exception) -> str:
    """Why, without the values that an unforeseen error may quote."""
    is_ours = isinstance(error, ShopifyError | ShapeError | LoyaltyError)
    return str(error)[:300] if is_ours else type(error).__name__


def _next_in_s(shop_id: int) -> float | None:
    with shop_transaction(shop_id) as session:
        next_at = session.scalar(
            select(BackfillRun.next_at)
            .where(
                BackfillRun.shop_id == shop_id,
                BackfillRun.state.in_(("waiting", "asked", "reading")),
            )
            .order_by(BackfillRun.next_at)
            .limit(1)
        )
    if next_at is None or next_at > utc_now() + timedelta(days=365):
        return None
    return max(0.0, (next_at - utc_now()).total_seconds())
