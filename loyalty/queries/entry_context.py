"""Who posted an entry by hand, and the note beside it: what a timeline adds to the bare event."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.ledger.tables import EntryNote, LedgerEntry
from loyalty.shops.tables import StaffMember

_STAFF = "staff:"


@dataclass(frozen=True, slots=True)
class EntryContext:
    """`staff` is the person's name, or `staff member 42` while we do not know it."""

    staff: str | None
    note: str | None


def read_entry_contexts(
    session: Session, shop_id: int, entry_ids: Iterable[UUID]
) -> dict[UUID, EntryContext]:
    """The context of each of these entries of the shop."""
    rows = session.execute(
        select(LedgerEntry.id, LedgerEntry.actor, EntryNote.body)
        .outerjoin(
            EntryNote,
            (EntryNote.shop_id == LedgerEntry.shop_id) & (EntryNote.entry_id == LedgerEntry.id),
        )
        .where(LedgerEntry.shop_id == shop_id, LedgerEntry.id.in_(list(entry_ids)))
    ).all()
    names = _names(session, shop_id, {row.actor for row in rows})
    return {row.id: EntryContext(names.get(row.actor), row.body) for row in rows}


def _names(session: Session, shop_id: int, actors: set[str]) -> dict[str, str]:
    """The names behind actors such as `staff:42`; the system has none."""
    numbers = {a.removeprefix(_STAFF) for a in actors if a.startswith(_STAFF)}
    users = [int(number) for number in numbers if number.isdigit()]
    known = session.execute(
        select(StaffMember.user_id, StaffMember.name).where(
            StaffMember.shop_id == shop_id, StaffMember.user_id.in_(users)
        )
    )
    unnamed = {f"{_STAFF}{number}": f"staff member {number}" for number in numbers}
    return unnamed | {f"{_STAFF}{user_id}": name for user_id, name in known}
