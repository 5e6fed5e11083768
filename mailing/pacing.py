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
from mailing import setup
from mailing.account import read_account
from mailing.errors import EmailError, PaceExceeded
from mailing.tables import MailPace

log = structlog.get_logger()

LOOK_EVERY = timedelta(minutes=1)
WAIT_MAX = timedelta(seconds=5)
"""A turn that comes within it is waited for; for a later one the email is put off."""
QUOTA_PAUSE = timedelta(minutes=10)
MARKETING = frozenset({"campaign", "one_off"})
MARKETING_PERCENT = 90
"""Of the day's quota: the rest is kept for the codes and cards that people wait for."""

_LONG_AGO = datetime.fromisoformat("2000-01-01T00:00:00+00:00")


@dataclass(frozen=True, slots=True)
class Pace:
    """What the account may still do. None: Amazon has not told yet, or sets no limit."""

    rate_per_s: int | None
    left_24h: int | None


def take(kind: str, *, now: datetime | None = None) -> None:
    """Wait for the turn of one email of `kind`, and count it. Commits; up to five seconds.

    Raises PaceExceeded when its turn does not come so soon, or the day's quota is used up.
    """
    _look_if_due(now or utc_now())
    with shopless_transaction() as session:
        wait = _reserve(session, kind, now or utc_now())
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


def _reserve(session: Session, kind: str, now: datetime) -> timedelta:
    """Take the next turn; how long until it comes."""
    row = session.scalars(
        select(MailPace).where(MailPace.region == setup.current().region).with_for_update()
    ).one()
    if row.quota_24h is not None and row.sent_24h >= _share(row.quota_24h, kind):
        raise PaceExceeded("The day's quota of emails is used up", QUOTA_PAUSE)
    if row.rate_per_s is None:
        row.sent_24h += 1
        return timedelta(0)
    # A clock that was set back must not hold emails back for long.
    wait = min(row.next_at - now, WAIT_MAX * 12)
    if wait > WAIT_MAX:
        raise PaceExceeded("The account's rate of emails is used up", wait)
    row.next_at = max(row.next_at, now) + timedelta(seconds=1) / row.rate_per_s
    row.sent_24h += 1
    return max(wait, timedelta(0))


def _share(quota: int, kind: str) -> int:
    return quota * MARKETING_PERCENT // 100 if kind in MARKETING else quota


def _look_if_due(now: datetime) -> None:
    """Ask SES anew once a minute: one process does, and the others go on by what they know."""
    if not _claim_look(now):
        return
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


def _claim_look(now: datetime) -> bool:
    region = setup.current().region
    with shopless_transaction() as session:
        session.execute(
            insert(MailPace)
            .values(region=region, sent_24h=0, read_at=_LONG_AGO, next_at=now)
            .on_conflict_do_nothing()
        )
        claimed = session.scalar(
            update(MailPace)
            .where(MailPace.region == region, MailPace.read_at <= now - LOOK_EVERY)
            .values(read_at=now)
            .returning(MailPace.region)
        )
    return claimed is not None
