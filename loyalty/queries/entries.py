"""A member's movements of points as they may read them: no names of staff, no notes. Reads only."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.ledger.tables import LedgerEntry, Lot
from loyalty.orders.tables import Order
from loyalty.queries import paging


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One movement. `pending_until` is set while its points cannot be spent yet.

    `reason_code` says which action it was, of an action.
    """

    id: UUID
    kind: str
    points: int
    occurred_at: datetime
    order_name: str | None
    pending_until: datetime | None
    reason_code: str | None


@dataclass(frozen=True, slots=True)
class EntryPage:
    """Newest first; `next` is None at the end."""

    rows: list[EntryRow]
    next: str | None


def list_entries(
    session: Session, shop_id: int, member_id: UUID, *, after: str | None = None, limit: int
) -> EntryPage:
    """A batch of the member's movements, newest first; a foreign cursor begins at the newest."""
    statement = (
        select(LedgerEntry, Order.name)
        .outerjoin(
            Order,
            (Order.shop_id == LedgerEntry.shop_id) & (Order.order_id == LedgerEntry.order_id),
        )
        .where(LedgerEntry.shop_id == shop_id, LedgerEntry.member_id == member_id)
        .order_by(LedgerEntry.id.desc())
        .limit(limit + 1)
    )
    if cursor := paging.decode(after, UUID):
        statement = statement.where(LedgerEntry.id < cursor[0])
    found = session.execute(statement).all()
    entries = [row.LedgerEntry for row in found[:limit]]
    pending = _pending(session, shop_id, [entry.id for entry in entries])
    rows = [
        EntryRow(
            id=entry.id,
            kind=entry.kind,
            points=entry.points,
            occurred_at=entry.occurred_at,
            order_name=row.name,
            pending_until=pending.get(entry.id),
            reason_code=entry.reason_code,
        )
        for entry, row in zip(entries, found, strict=False)
    ]
    return EntryPage(rows, paging.encode(entries[-1].id) if len(found) > limit else None)


def _pending(session: Session, shop_id: int, entry_ids: list[UUID]) -> dict[UUID, datetime]:
    rows = session.execute(
        select(Lot.entry_id, Lot.available_at).where(
            Lot.shop_id == shop_id,
            Lot.entry_id.in_(entry_ids),
            Lot.released_at.is_(None),
            Lot.points_left > 0,
        )
    )
    return {row.entry_id: row.available_at for row in rows}
