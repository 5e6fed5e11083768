"""The open lots and deficits of the members at hand, held in memory until they are written.

The invariant: a lot never holds less than nothing nor more than it opened with, and each point
taken or given back names its lot.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from loyalty.base import bulk
from loyalty.base.ids import new_id
from loyalty.ledger.tables import EARNING_KINDS, Deficit, LedgerEntry, Lot, LotDebit


@dataclass(slots=True)
class OpenLot:
    """A lot as it stands in memory. `is_earned`: its points count as earned once released."""

    id: UUID
    member_id: UUID
    entry_id: UUID
    order_id: int | None
    points: int
    points_left: int
    opened_at: datetime
    available_at: datetime
    released_at: datetime | None
    last_valid_on: date | None
    has_own_date: bool
    replaces_id: UUID | None
    is_earned: bool


@dataclass(slots=True)
class OpenDeficit:
    """What a debit still lacks."""

    id: UUID
    member_id: UUID
    entry_id: UUID
    points: int
    points_left: int


_LOT = (
    "id", "member_id", "entry_id", "order_id", "points", "points_left", "opened_at",
    "available_at", "released_at", "last_valid_on", "has_own_date", "replaces_id",
)  # fmt: skip
_LOT_CHANGES = (
    "id", "member_id", "points_left", "available_at", "released_at", "last_valid_on",
    "has_own_date",
)  # fmt: skip
_DEFICIT = ("id", "member_id", "entry_id", "points", "points_left")


class Shelf:
    """Lots and deficits of the members whose balances are locked."""

    def __init__(self, session: Session, shop_id: int, member_ids: Iterable[UUID]) -> None:
        self._session, self._shop_id = session, shop_id
        members = list(member_ids)
        self._without_lots, self._without_deficits = list(members), list(members)
        self._lots: dict[UUID, OpenLot] = {}
        self._of_member: dict[UUID, dict[UUID, OpenLot]] = defaultdict(dict)
        self._deficits: dict[UUID, OpenDeficit] = {}
        self._new: set[UUID] = set()
        self._changed: set[UUID] = set()
        self._debits: list[dict[str, Any]] = []

    def add(self, lot: OpenLot) -> None:
        """A lot that was just opened."""
        self._keep(lot)
        self._new.add(lot.id)

    def pending(self, member_id: UUID) -> list[OpenLot]:
        """The member's lots on hold that hold points, in the order in which they are taken."""
        return [lot for lot in self._open(member_id) if lot.released_at is None]

    def spendable(self, member_id: UUID) -> list[OpenLot]:
        """The member's released lots that hold points.

        Soonest expiry first, then the oldest, never-expiring last: a member never loses
        points we could have spent.
        """
        return [lot for lot in self._open(member_id) if lot.released_at is not None]

    def lots_of_entries(self, entry_ids: Sequence[UUID]) -> list[OpenLot]:
        """The lots that these entries opened, emptied ones too, whoever owns them, oldest first."""
        if not entry_ids:
            return []
        self._load(_lots(self._shop_id).where(bulk.among(Lot.entry_id, entry_ids)))
        found = [lot for lot in self._lots.values() if lot.entry_id in entry_ids]
        return sorted(found, key=lambda lot: (lot.opened_at, lot.id))

    def lots_by_id(self, lot_ids: Iterable[UUID]) -> dict[UUID, OpenLot]:
        """These lots, emptied ones too, whoever owns them."""
        asked = set(lot_ids)
        if missing := asked - self._lots.keys():
            self._load(_lots(self._shop_id).where(bulk.among(Lot.id, missing)))
        return {lot_id: self._lots[lot_id] for lot_id in asked}

    def take(self, entry: LedgerEntry, lots: Iterable[OpenLot], points: int) -> int:
        """Take up to `points` from `lots` in this order; how many it got."""
        wanted = points
        for lot in lots:
            share = min(wanted, lot.points_left)
            if share:
                wanted -= share
                self._move(entry.id, lot, share)
        return points - wanted

    def give_back(self, entry: LedgerEntry, lot: OpenLot, points: int) -> None:
        """Put points that were taken from `lot` back into it."""
        assert 0 < points <= lot.points - lot.points_left
        self._move(entry.id, lot, -points)

    def touch(self, lot: OpenLot) -> None:
        """A lot's dates have changed."""
        self._changed.add(lot.id)

    def hand_over(self, lot: OpenLot, member_id: UUID) -> None:
        """From now on the lot is this member's."""
        del self._of_member[lot.member_id][lot.id]
        lot.member_id = member_id
        self._keep(lot)
        self._changed.add(lot.id)

    def deficits(self, member_id: UUID) -> list[OpenDeficit]:
        """What the member's debits lack, oldest first."""
        self._load_deficits()
        found = [d for d in self._deficits.values() if d.member_id == member_id and d.points_left]
        return sorted(found, key=lambda deficit: deficit.id)

    def lack(self, entry: LedgerEntry, points: int) -> None:
        """Remember what a debit took beyond the lots."""
        self._load_deficits()
        deficit = OpenDeficit(new_id(), entry.member_id, entry.id, points, points)
        self._deficits[deficit.id] = deficit
        self._new.add(deficit.id)

    def fill_deficits(self, lot: OpenLot) -> None:
        """Let a lot that has become available give what earlier debits lacked."""
        for deficit in self.deficits(lot.member_id):
            share = min(deficit.points_left, lot.points_left)
            if share == 0:
                break
            self.settle(deficit, share)
            self._move(deficit.entry_id, lot, share)

    def settle(self, deficit: OpenDeficit, points: int) -> None:
        """So much of what was lacking is not any more."""
        deficit.points_left -= points
        assert deficit.points_left >= 0
        self._changed.add(deficit.id)

    def hand_over_deficit(self, deficit: OpenDeficit, member_id: UUID) -> None:
        """From now on this member lacks it."""
        deficit.member_id = member_id
        self._changed.add(deficit.id)

    def write(self) -> None:
        """One statement per table and kind of change."""
        self._write(Lot, self._lots, _LOT, _LOT_CHANGES)
        self._write(Deficit, self._deficits, _DEFICIT, ("id", "member_id", "points_left"))
        bulk.insert_rows(self._session, LotDebit, self._debits)
        self._debits = []
        self._new, self._changed = set(), set()

    def _open(self, member_id: UUID) -> list[OpenLot]:
        self._load_open()
        return sorted(
            (lot for lot in self._of_member[member_id].values() if lot.points_left),
            key=lambda lot: (lot.last_valid_on or date.max, lot.opened_at, lot.id),
        )

    def _load_open(self) -> None:
        if missing := self._without_lots:
            self._without_lots = []
            self._load(
                _lots(self._shop_id).where(bulk.among(Lot.member_id, missing), Lot.points_left > 0)
            )

    def _load(self, statement: Select[Any]) -> None:
        """What is in memory already is newer than what the database says."""
        for row in self._session.execute(statement):
            if row.id not in self._lots:
                self._keep(_lot(row))

    def _keep(self, lot: OpenLot) -> None:
        self._lots[lot.id] = lot
        self._of_member[lot.member_id][lot.id] = lot

    def _load_deficits(self) -> None:
        missing = self._without_deficits
        if not missing:
            return
        self._without_deficits = []
        statement = select(*(getattr(Deficit, name) for name in _DEFICIT)).where(
            Deficit.shop_id == self._shop_id,
            bulk.among(Deficit.member_id, missing),
            Deficit.points_left > 0,
        )
        for row in self._session.execute(statement):
            self._deficits.setdefault(row.id, OpenDeficit(*row))

    def _move(self, entry_id: UUID, lot: OpenLot, points: int) -> None:
        lot.points_left -= points
        assert 0 <= lot.points_left <= lot.points
        self._changed.add(lot.id)
        self._debits.append(
            {
                "shop_id": self._shop_id,
                "id": new_id(),
                "entry_id": entry_id,
                "lot_id": lot.id,
                "points": points,
            }
        )

    def _write(
        self,
        model: type[Lot] | type[Deficit],
        held: dict[UUID, Any],
        columns: Sequence[str],
        changes: Sequence[str],
    ) -> None:
        new = [self._row(held[i], columns) for i in sorted(self._new) if i in held]
        changed = self._changed - self._new
        old = [self._row(held[i], changes) for i in sorted(changed) if i in held]
        bulk.insert_rows(self._session, model, new)
        bulk.update_rows(self._session, model, ("shop_id", "id"), old)

    def _row(self, held: Any, columns: Sequence[str]) -> dict[str, Any]:
        return {"shop_id": self._shop_id} | {name: getattr(held, name) for name in columns}


def _lots(shop_id: int) -> Select[Any]:
    columns = (getattr(Lot, name) for name in _LOT)
    return (
        select(*columns, LedgerEntry.kind)
        .join(
            LedgerEntry,
            (LedgerEntry.shop_id == Lot.shop_id) & (LedgerEntry.id == Lot.entry_id),
        )
        .where(Lot.shop_id == shop_id)
    )


def _lot(row: Row[Any]) -> OpenLot:
    columns = {name: getattr(row, name) for name in _LOT}
    return OpenLot(**columns, is_earned=row.kind in EARNING_KINDS)
