"""The account's rate and quota, kept by all processes together: one row that each send passes.

What SES says counts; between two looks at it what was sent is added. The invariant: no more than
the rate in any second and no more than the quota in a day are handed over; the rest waits.
"""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from loyalty.base.clock import utc_now
from loyalty.base.db import shopless_transaction
from loyalty.base.said import said
from mailing import setup
from mailing.account import read_account
from mailing.errors import EmailError, PaceExceeded
from mailing.permission import WAITED_FOR
from mailing.tables import MailPace

log = structlog.get_logger()

LOOK_EVERY = timedelta(minutes=1)
WAIT_MAX = timedelta(seconds=5)
"""A turn that comes within it is waited for; for a later one the email is put off."""
UNTOLD_RATE_PER_S = 1
"""Until Amazon has told: no account has a lower one."""
QUOTA_PAUSE = timedelta(minutes=10)
UNASKED_PERCENT = 90
"""Of the day's quota, for what nobody asked for: the rest is kept for the codes and cards that
people wait for."""

_LONG_AGO = datetime.fromisoformat("2000-01-01T00:00:00+00:00")


@dataclass(frozen=True, slots=True)
class Pace:
    """What the account may still do. None: Amazon has not told yet, or sets no limit."""

    rate_per_s: int | None
    left_24h: int | None


def take(kind: str, *, is_asked_for: bool = False, now: datetime | None = None) -> None:
    """Wait for the turn of one email of `kind`, and count it. Commits; up to five seconds.

    Raises PaceExceeded when its turn does not come so soon, or the day's quota is used up.
    """
    is_waited_for = is_asked_for or kind in WAITED_FOR
    wait = _try(is_waited_for, now)
    while wait is None:
        _look()
        wait = _try(is_waited_for, now)
    if wait > timedelta(0):
        time.sleep(wait.total_seconds())


def read() -> Pace:
    """What the account may still do, as it is known here."""
    with shopless_transaction() as session:
        row = session.get(MailPace, setup.current().region)
    if row is None:
        return Pace(None, None)
    left = None if row.quota_24h is None else max(0, row.quota_24h - row.sent_24h)
    return Pace(row.rate_per_s, left)


def is_used_up() -> bool:
    """Whether what nobody asked for waits until Amazon allows more, as far as is known here."""
    with shopless_transaction() as session:
        row = session.get(MailPace, setup.current().region)
    if row is None or row.quota_24h is None:
        return False
    return row.sent_24h >= _share(row.quota_24h, is_waited_for=False)


def _try(is_waited_for: bool, now: datetime | None) -> timedelta | None:
    """Take the next turn; how long until it comes, or None when it is on us to ask SES anew."""
    at = now or utc_now()
    with shopless_transaction() as session:
        row = _lock_row(session, at)
        if row.read_at <= at - LOOK_EVERY:
            # The others go on by what they know meanwhile.
            row.read_at = at
            return None
        return _reserve(row, is_waited_for, at)


def _lock_row(session: Session, now: datetime) -> MailPace:
    region = setup.current().region
    statement = select(MailPace).where(MailPace.region == region).with_for_update()
    row = session.scalars(statement).one_or_none()
    if row is not None:
        return row
    session.execute(
        insert(MailPace)
        .values(region=region, sent_24h=0, read_at=_LONG_AGO, next_at=now)
        .on_conflict_do_nothing()
    )
    return session.scalars(statement).one()


def _reserve(row: MailPace, is_waited_for: bool, now: datetime) -> timedelta:
    if row.quota_24h is not None and row.sent_24h >= _share(row.quota_24h, is_waited_for):
        raise PaceExceeded(said("The day's quota of emails is used up"), QUOTA_PAUSE)
    # A clock that was set back must not hold emails back for long.
    wait = min(row.next_at - now, WAIT_MAX * 12)
    if wait > WAIT_MAX:
        raise PaceExceeded(said("The account's rate of emails is used up"), wait)
    row.next_at = max(row.next_at, now) + timedelta(seconds=1) / (
        row.rate_per_s or UNTOLD_RATE_PER_S
    )
    row.sent_24h += 1
    return max(wait, timedelta(0))


def _share(quota: int, is_waited_for: bool) -> int:
    return quota if is_waited_for else quota * UNASKED_PERCENT // 100


def _look() -> None:
    """Write down what SES says now."""
    try:
        account = read_account()
    except EmailError as error:
        # What was known stays; SES itself refuses what is too much.
        log.warning("mail_pace_unread", reason=str(error))
        return
    values = {
        "rate_per_s": account.rate_per_s,
        "quota_24h": account.quota_24h,
        "sent_24h": account.sent_24h,
    }
    with shopless_transaction() as session:
        session.execute(
            update(MailPace).where(MailPace.region == setup.current().region).values(values)
        )
