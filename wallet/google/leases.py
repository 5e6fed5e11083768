"""One sender at a time for each thing at Google, and what it is sent to do. No network here.

The invariant: a difference is sent only from what Google surely has. After a sender that died or
got no answer Google may have either revision, so the next one sends the whole.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from loyalty.base.ids import new_id
from wallet.errors import GoogleWalletError
from wallet.google.tables import Leased

LEASE = timedelta(seconds=60)
"""Longer than the calls of one errand may take; a sender that is later than this sends nothing."""


class LeaseHeld(GoogleWalletError):
    """Somebody else is sending just now: come back in a moment, which is no failed attempt."""

    retry_after = timedelta(seconds=2)

    def __init__(self) -> None:
        super().__init__("another worker is sending this card", retryable=True)


@dataclass(frozen=True, slots=True)
class Errand:
    """Bring a thing at Google to `content`; `known` is what Google surely has, None if in doubt.

    `is_new`: Google never said that it has the thing.
    """

    claim_id: UUID
    revision: int
    content: dict[str, Any]
    known: dict[str, Any] | None
    is_new: bool
    ends_at: datetime


def take(row: Leased, wanted: dict[str, Any], *, now: datetime) -> Errand | None:
    """Lease the locked `row` for bringing it to `wanted`; None if Google has that already.

    Raises LeaseHeld.
    """
    is_settled = row.sent_revision == row.revision
    if is_settled and wanted == row.content:
        return None
    if row.lease_ends_at is not None and row.lease_ends_at > now:
        raise LeaseHeld
    is_known = is_settled and row.sent_revision > 0
    # What was blanked here is there still: only the whole can replace it.
    known = dict(row.content) or None if is_known else None
    if wanted != row.content:
        row.revision += 1
        row.content = wanted
    row.claimed_by, row.lease_ends_at = new_id(), now + LEASE
    return Errand(
        row.claimed_by, row.revision, wanted, known, row.sent_revision == 0, row.lease_ends_at
    )


def give_back(row: Leased, errand: Errand, *, was_taken: bool, now: datetime) -> bool:
    """End the errand on the locked `row`; False if the lease ended and somebody else has it."""
    if row.claimed_by != errand.claim_id:
        return False
    row.claimed_by = row.lease_ends_at = None
    if was_taken:
        row.sent_revision, row.sent_at = errand.revision, now
    return True
