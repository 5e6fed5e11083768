"""Store credits that were asked for, and of which nobody knows yet whether they were paid.

The invariant: a doubt is committed before Shopify is asked, and goes with a sure answer alone;
where none is, nothing was asked for.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from loyalty import audit
from loyalty.audit import Actor
from loyalty.base.errors import NotInDoubt
from loyalty.base.ids import new_id
from loyalty.base.said import N_
from loyalty.reconciliation import recording
from loyalty.reconciliation.tables import Finding
from loyalty.redemption import issuing
from loyalty.redemption.points import lock
from loyalty.redemption.tables import Redemption

CREDIT_IN_DOUBT = "credit_in_doubt"
"""The flag of a store credit of which a person must say whether it was paid."""
_LOOKED_AT_EVERY = timedelta(hours=1)
_NOT_PAID = N_("The store credit was not paid")


def is_in_doubt(redemption: Redemption) -> bool:
    """Whether a person must say if its store credit was paid."""
    return redemption.state == "reserved" and CREDIT_IN_DOUBT in redemption.flags


@dataclass(frozen=True, slots=True)
class Doubt:
    """When a credit was last asked for, and for which customer. `is_told`: a person must say."""

    asked_at: datetime
    customer_id: int
    is_told: bool


def find(session: Session, shop_id: int, redemption_id: UUID) -> Doubt | None:
    """The redemption's doubt; None when nothing was asked for whose answer is not known."""
    row = _find(session, shop_id, redemption_id)
    if row is None:
        return None
    is_told = bool(row.details.get("is_told"))
    return Doubt(row.found_at, int(row.details["customer_id"]), is_told)


def begin(
    session: Session,
    shop_id: int,
    redemption_id: UUID,
    customer_id: int,
    *,
    settled_before: datetime,
    now: datetime,
) -> bool:
    """Note that the credit is asked for now; commit before asking. False: it must not be asked for.

    It must not when it waits no more, or was asked for after `settled_before`. Locks; flushes.
    Raises RedemptionNotFound.
    """
    if lock(session, shop_id, redemption_id).state != "reserved":
        return False
    row = _find(session, shop_id, redemption_id)
    if row is not None and row.found_at > settled_before:
        return False
    if row is None:
        row = Finding(
            shop_id=shop_id,
            id=new_id(),
            kind=recording.CREDIT_UNSURE,
            thing=str(redemption_id),
        )
        session.add(row)
    row.found_at, row.details = now, {"customer_id": customer_id}
    session.flush()
    return True


def forget(session: Session, shop_id: int, redemption_id: UUID, *, now: datetime) -> None:
    """The answer is sure. What a person was told of is noted as mended. Flushes."""
    row = _find(session, shop_id, redemption_id)
    if row is not None and row.details.get("is_told"):
        row.mended_at = now
    elif row is not None:
        session.execute(delete(Finding).where(Finding.shop_id == shop_id, Finding.id == row.id))
    session.flush()


def leave_to_a_person(
    session: Session, shop_id: int, redemption_id: UUID, *, error: str, now: datetime
) -> Redemption:
    """Flag the redemption: Shopify cannot say whether it was paid. It is looked at once an hour.

    Locks; flushes. Raises RedemptionNotFound.
    """
    redemption = lock(session, shop_id, redemption_id)
    row = _find(session, shop_id, redemption_id)
    if redemption.state == "reserved" and row is not None:
        row.details = row.details | {"is_told": True}
        redemption.flags = sorted({*redemption.flags, CREDIT_IN_DOUBT})
        redemption.next_at, redemption.error = now + _LOOKED_AT_EVERY, error
        session.flush()
    return redemption


def settle(
    session: Session,
    shop_id: int,
    redemption_id: UUID,
    *,
    was_paid: bool,
    actor: Actor,
    now: datetime,
) -> Redemption:
    """A person says what became of it: paid is used, not paid gives the points back.

    Raises NotInDoubt, RedemptionNotFound. Locks; flushes; the caller commits.
    """
    redemption = session.get(Redemption, (shop_id, redemption_id))
    row = _find(session, shop_id, redemption_id)
    if redemption is None or row is None or not row.details.get("is_told"):
        raise NotInDoubt(str(redemption_id))
    if was_paid:
        settled = issuing.issue(session, shop_id, redemption_id, discount_gid=None, now=now)
    else:
        settled = issuing.refuse(session, shop_id, redemption_id, reason=_NOT_PAID, now=now)
    forget(session, shop_id, redemption_id, now=now)
    subject = ("member", str(settled.member_id))
    facts = {"redemption_id": str(redemption_id), "was_paid": was_paid}
    audit.record(session, shop_id, actor, "store_credit_settled", subject, now=now, **facts)
    return settled


def _find(session: Session, shop_id: int, redemption_id: UUID) -> Finding | None:
    statement = select(Finding).where(
        Finding.shop_id == shop_id,
        Finding.kind == recording.CREDIT_UNSURE,
        Finding.thing == str(redemption_id),
        Finding.mended_at.is_(None),
    )
    return session.scalar(statement.execution_options(populate_existing=True))
