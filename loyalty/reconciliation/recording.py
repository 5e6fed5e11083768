"""What a look through a shop reports: how much it saw, what it found, and what was put right.

The invariant: what is found again before it is mended is found once.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from loyalty.base.bulk import among
from loyalty.base.ids import new_id
from loyalty.reconciliation.tables import Finding, ReconciliationMark, ReconciliationReport

ORDER_MISSING = "order_missing"
"""An order that Shopify has and we had not."""
ORDER_BEHIND = "order_behind"
"""An order that changed in Shopify without our hearing of it."""
REFUND_MISSING = "refund_missing"
"""An order of ours that had a refund which we had not."""
ORDER_UNREADABLE = "order_unreadable"
"""An order that Shopify has and that we cannot take; a person must look."""
CUSTOMER_MISSING = "customer_missing"
"""A customer whom Shopify has and we had not."""
CUSTOMER_BEHIND = "customer_behind"
"""A customer whose details changed in Shopify without our hearing of it."""
CUSTOMER_DELETED = "customer_deleted"
"""A customer who was deleted in Shopify without our hearing of it."""
CODE_DELETED = "code_deleted"
"""A reward's code that was deleted or ended in Shopify while it could still be used."""
SHOWN_CHANGED = "shown_changed"
"""A metafield or tag of ours that somebody else changed in Shopify."""
CREDIT_UNSURE = "credit_unsure"
"""A store credit that was asked for, and of which it is not known yet whether it was paid."""
BALANCE_WRONG = "balance_wrong"
"""A member's figures that are not what entries and lots say."""
REDEMPTION_WRONG = "redemption_wrong"
"""A redemption for which the ledger took more or less than its rows say."""

KEPT = timedelta(days=90)


def note(
    session: Session,
    shop_id: int,
    kind: str,
    thing: object,
    *,
    now: datetime,
    is_mended: bool = False,
    **details: Any,
) -> None:
    """Keep a finding; the same while it is open is not kept twice. Flushes."""
    row = insert(Finding).values(
        shop_id=shop_id,
        id=new_id(),
        kind=kind,
        thing=str(thing),
        details=details,
        found_at=now,
        mended_at=now if is_mended else None,
    )
    session.execute(row.on_conflict_do_nothing())


def mend(
    session: Session, shop_id: int, kind: str, things: Collection[str], *, now: datetime
) -> None:
    """Note that what was found of these things is right again."""
    if not things:
        return
    session.execute(
        update(Finding)
        .where(
            Finding.shop_id == shop_id,
            Finding.kind == kind,
            Finding.mended_at.is_(None),
            among(Finding.thing, things),
        )
        .values(mended_at=now)
        .execution_options(synchronize_session=False)
    )


def list_open(session: Session, shop_id: int, kind: str) -> Sequence[Finding]:
    """What was found of this kind and is not right yet, oldest first."""
    statement = select(Finding).where(
        Finding.shop_id == shop_id, Finding.kind == kind, Finding.mended_at.is_(None)
    )
    return session.scalars(statement.order_by(Finding.found_at, Finding.id)).all()


def report(
    session: Session,
    shop_id: int,
    subject: str,
    *,
    looked_at: int,
    found: int,
    started_at: datetime,
    now: datetime,
) -> None:
    """Keep what a look came to, and forget what is older than KEPT."""
    session.add(
        ReconciliationReport(
            shop_id=shop_id,
            id=new_id(),
            subject=subject,
            looked_at=looked_at,
            found=found,
            started_at=started_at,
            finished_at=now,
        )
    )
    old = now - KEPT
    session.execute(
        delete(ReconciliationReport).where(
            ReconciliationReport.shop_id == shop_id, ReconciliationReport.finished_at < old
        )
    )
    session.execute(
        delete(Finding).where(
            Finding.shop_id == shop_id, Finding.found_at < old, Finding.mended_at.is_not(None)
        )
    )
    session.flush()


def seen_until(session: Session, shop_id: int, subject: str) -> datetime | None:
    """Until when the subject was looked through; None before the first time."""
    return session.scalar(
        select(ReconciliationMark.seen_until).where(
            ReconciliationMark.shop_id == shop_id, ReconciliationMark.subject == subject
        )
    )


def set_mark(session: Session, shop_id: int, subject: str, until: datetime) -> None:
    """Move the mark of the subject to `until`."""
    row = insert(ReconciliationMark).values(shop_id=shop_id, subject=subject, seen_until=until)
    session.execute(
        row.on_conflict_do_update(index_elements=["shop_id", "subject"], set_={"seen_until": until})
    )
