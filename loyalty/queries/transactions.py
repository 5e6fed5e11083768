"""A member's transactions for the merchant: by type, in batches, and as CSV. Reads only.

The history of whom the member has taken in stands with their own.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.base import bulk
from loyalty.base.errors import MemberNotFound
from loyalty.ledger.tables import LedgerEntry
from loyalty.members.identity import with_merged
from loyalty.members.tables import Member
from loyalty.orders.tables import Order
from loyalty.queries import paging

TYPES = {
    "earned": ("earn_order", "earn_action", "referral"),
    "redeemed": ("redeem", "redeem_reversal"),
    "granted": ("grant",),
    "deducted": ("deduct", "earn_reversal"),
    "expired": ("expire",),
    "moved": ("merge_out", "merge_in", "archive", "restore", "import"),
}
"""The tab's types, and the kinds of entries behind each."""
_TYPE_OF = {kind: name for name, kinds in TYPES.items() for kind in kinds}
_COLUMNS = ("Date", "Type", "Points", "Source", "Order", "Reason", "Entry")


@dataclass(frozen=True, slots=True)
class TransactionRow:
    """One movement. `kind` says the source, `type` the group it is filed under."""

    id: UUID
    type: str
    kind: str
    points: int
    occurred_at: datetime
    order_name: str | None
    reason_code: str | None


@dataclass(frozen=True, slots=True)
class TransactionPage:
    """Newest first; `next` is None at the end."""

    rows: list[TransactionRow]
    next: str | None


def list_transactions(
    session: Session,
    shop_id: int,
    member_id: UUID,
    *,
    of_type: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> TransactionPage:
    """A batch of the member's transactions, newest first; a foreign cursor begins at the newest.

    `of_type`: one of TYPES; None, or anything else, for all. Raises MemberNotFound.
    """
    if session.get(Member, (shop_id, member_id)) is None:
        raise MemberNotFound(str(member_id))
    family = with_merged(session, shop_id, [member_id])
    statement = (
        select(LedgerEntry, Order.name)
        .outerjoin(
            Order,
            (Order.shop_id == LedgerEntry.shop_id) & (Order.order_id == LedgerEntry.order_id),
        )
        .where(LedgerEntry.shop_id == shop_id, bulk.among(LedgerEntry.member_id, family))
        .order_by(LedgerEntry.id.desc())
        .limit(limit + 1)
    )
    if kinds := TYPES.get(of_type or ""):
        statement = statement.where(LedgerEntry.kind.in_(kinds))
    if cursor := paging.decode(after, UUID):
        statement = statement.where(LedgerEntry.id < cursor[0])
    found = session.execute(statement).all()
    rows = [_row(entry, name) for entry, name in found[:limit]]
    return TransactionPage(rows, paging.encode(rows[-1].id) if len(found) > limit else None)


def iterate_transactions(
    session: Session, shop_id: int, member_id: UUID, *, of_type: str | None = None
) -> Iterator[TransactionRow]:
    """All of them, newest first, read in batches."""
    after: str | None = None
    while True:
        page = list_transactions(
            session, shop_id, member_id, of_type=of_type, after=after, limit=500
        )
        yield from page.rows
        if page.next is None:
            return
        after = page.next


def as_csv(rows: Iterable[TransactionRow], timezone: str) -> Iterator[str]:
    """The rows as lines of CSV, times in the shop's zone, texts that no spreadsheet runs."""
    zone = ZoneInfo(timezone)
    yield _line(_COLUMNS)
    for row in rows:
        yield _line(
            (
                row.occurred_at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S"),
                row.type.capitalize(),
                str(row.points),
                row.kind,
                _harmless(row.order_name or ""),
                _harmless(row.reason_code or ""),
                str(row.id),
            )
        )


def _row(entry: LedgerEntry, order_name: str | None) -> TransactionRow:
    return TransactionRow(
        id=entry.id,
        type=_TYPE_OF[entry.kind],
        kind=entry.kind,
        points=entry.points,
        occurred_at=entry.occurred_at,
        order_name=order_name,
        reason_code=entry.reason_code,
    )


def _harmless(text: str) -> str:
    """A text that begins like a formula is shown as text by Excel, Sheets and others."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _line(values: Iterable[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(values)
    return buffer.getvalue()
