"""Carries out privacy requests as they fall due: each in one transaction, a kill undoes it whole.

None is ever given up: what fails is tried again, later each time, and shows in the metrics.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import case, select, text
from sqlalchemy.orm import Session

from jobs.privacy.erasing import erase, look_again
from jobs.privacy.gathering import gather
from jobs.privacy.removal import ShopIsBack, remove
from loyalty import audit
from loyalty.base import db, faults
from loyalty.base.clock import utc_now
from shopify_app.edge import sentry
from shopify_app.platform.inbox import reason
from shopify_app.platform.tables import PrivacyRequest

log = structlog.get_logger()

_AGAIN_FIRST = timedelta(minutes=5)
_AGAIN_MAX = timedelta(hours=12)
DONE = {
    "customers/data_request": "data_gathered",
    "customers/redact": "customer_redacted",
    "member/erase": "member_erased",
    "shop/redact": "shop_removed",
}


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request that is not met yet, as it may be known past its shop."""

    shop_id: int
    subject: str
    is_stuck: bool
    next_at: datetime
    due_at: datetime


def list_waiting(session: Session) -> Sequence[Waiting]:
    """All open requests of all shops, the soonest due first; needs no shop."""
    rows = session.execute(
        text("SELECT shop, topic, stuck, next_at, due_at FROM privacy_waiting()")
    )
    return [Waiting(*row) for row in rows]


def run_all() -> int:
    """Carry out what is due in every shop; how many requests were worked on."""
    with db.shopless_transaction() as session:
        now = utc_now()
        shops = {one.shop_id for one in list_waiting(session) if one.next_at <= now}
    return sum(run_shop(shop_id) for shop_id in sorted(shops))


def run_shop(shop_id: int, *, now: datetime | None = None) -> int:
    """Carry out what is due in the shop; how many requests were worked on. Commits each."""
    done: set[UUID] = set()
    while True:
        request_id = _run_next(shop_id, done, now or utc_now())
        if request_id is None:
            return len(done)
        done.add(request_id)


def _run_next(shop_id: int, done: set[UUID], now: datetime) -> UUID | None:
    """Carry out the next due request that this turn has not had; None when there is none."""
    request_id: UUID | None = None
    try:
        with db.shop_transaction(shop_id) as session:
            request = _claim(session, shop_id, done, now)
            if request is None:
                return None
            request_id = request.id
            _carry_out(session, request, now)
            faults.point("privacy_before_commit", shop=shop_id, request=request_id)
    except Exception as error:
        if request_id is None:
            raise
        _put_off(shop_id, request_id, error, now)
    return request_id


def _claim(session: Session, shop_id: int, done: set[UUID], now: datetime) -> PrivacyRequest | None:
    """The next one, locked. What a person asks to see is gathered before anything is erased."""
    first = case((PrivacyRequest.subject == "customers/data_request", 0), else_=1)
    return session.scalars(
        select(PrivacyRequest)
        .where(
            PrivacyRequest.shop_id == shop_id,
            PrivacyRequest.done_at.is_(None),
            PrivacyRequest.next_at <= now,
            PrivacyRequest.id.not_in(done),
        )
        .order_by(first, PrivacyRequest.due_at, PrivacyRequest.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()


def _carry_out(session: Session, request: PrivacyRequest, now: datetime) -> None:
    if request.subject == "shop/redact":
        _remove_shop(session, request, now)
    elif request.subject == "customers/data_request":
        gather(session, request, now=now)
        _end(session, request, now)
    elif request.state == "checking":
        next_at = look_again(session, request, now=now)
        if next_at is None:
            _end(session, request, now)
        else:
            request.next_at = next_at
    else:
        request.next_at = erase(session, request, now=now)
        request.state = "checking"
        _audit(session, request, DONE[request.subject], now)
    session.flush()


def _remove_shop(session: Session, request: PrivacyRequest, now: datetime) -> None:
    shop_id = request.shop_id
    try:
        remove(session, request, now=now)
    except ShopIsBack:
        request.state, request.done_at = "refused", now
        request.error = "the shop has installed Encore again"
        _audit(session, request, "shop_removal_refused", now)
    else:
        log.info("shop_removed", shop=shop_id)


def _end(session: Session, request: PrivacyRequest, now: datetime) -> None:
    request.state, request.done_at, request.error = "done", now, None
    was_erased = request.subject in ("customers/redact", "member/erase")
    action = "privacy_request_done" if was_erased else DONE[request.subject]
    _audit(session, request, action, now)


def _audit(session: Session, request: PrivacyRequest, action: str, now: datetime) -> None:
    subject = ("privacy_request", str(request.id))
    audit.record(session, request.shop_id, audit.SYSTEM, action, subject, now=now)


def _put_off(shop_id: int, request_id: UUID, error: Exception, now: datetime) -> None:
    with db.shop_transaction(shop_id) as session:
        request = session.get(PrivacyRequest, (shop_id, request_id), with_for_update=True)
        if request is None:
            return
        request.attempts += 1
        request.error = reason(error)
        wait = min(_AGAIN_FIRST * 2 ** min(request.attempts - 1, 10), _AGAIN_MAX)
        request.next_at = now + wait
    sentry.report(error)
    log.error("privacy_request_failed", shop=shop_id, request=str(request_id), reason=reason(error))
