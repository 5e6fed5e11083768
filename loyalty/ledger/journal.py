"""Entries of the ledger to be: each with its line in the timeline, each key once.

The invariant: a key that was posted before gives the first entry back, or a conflict.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from loyalty import timeline
from loyalty.base import bulk
from loyalty.base.errors import IdempotencyConflict
from loyalty.base.ids import new_id
from loyalty.ledger.tables import LedgerEntry
from loyalty.members.tables import TimelineEvent


@dataclass(frozen=True, slots=True)
class Cause:
    """Why points move: the outside fact, its key, and who did it."""

    kind: str
    idempotency_key: str
    source_kind: str
    source_id: str
    actor: str
    occurred_at: datetime
    order_id: int | None = None
    order_name: str | None = None
    reason_code: str | None = None
    reverses_id: UUID | None = None


class Journal:
    """The entries that one transaction posts in one shop."""

    def __init__(self, session: Session, shop_id: int, now: datetime) -> None:
        self._session, self._shop_id, self._now = session, shop_id, now
        self._by_key: dict[str, LedgerEntry | None] = {}
        self._new: list[dict[str, Any]] = []
        self._events: list[dict[str, Any]] = []

    def expect(self, keys: Iterable[str]) -> None:
        """Look these keys up at once; any other is looked up when it comes."""
        asked = [key for key in keys if key not in self._by_key]
        if not asked:
            return
        self._by_key.update(dict.fromkeys(asked))
        posted = self._session.scalars(
            select(LedgerEntry).where(
                LedgerEntry.shop_id == self._shop_id,
                bulk.among(LedgerEntry.idempotency_key, asked),
            )
        )
        self._by_key.update({entry.idempotency_key: entry for entry in posted})

    def vouch(self, key: str) -> None:
        """The caller has counted under the lock and knows that this key is new: no look-up.

        Should it be wrong, the unique key refuses it.
        """
        self._by_key.setdefault(key, None)

    def list_posted(self, keys: Sequence[str]) -> list[LedgerEntry]:
        """The entries that these keys posted, in this order; without what they never did."""
        self.expect(keys)
        found = (self._by_key[key] for key in keys)
        return [entry for entry in found if entry is not None]

    def find(self, member_id: UUID, cause: Cause) -> LedgerEntry | None:
        """The entry that this key posted before; raises IdempotencyConflict if it was another."""
        self.expect([cause.idempotency_key])
        entry = self._by_key[cause.idempotency_key]
        if entry is not None and (entry.member_id, entry.kind) != (member_id, cause.kind):
            raise IdempotencyConflict(cause.idempotency_key)
        return entry

    def find_same(self, member_id: UUID, cause: Cause, points: int) -> LedgerEntry | None:
        """The same, and it must have moved as many points."""
        entry = self.find(member_id, cause)
        if entry is not None and entry.points != points:
            raise IdempotencyConflict(cause.idempotency_key)
        return entry

    def append(self, member_id: UUID, cause: Cause, points: int) -> LedgerEntry:
        """A new entry; the key has been looked for."""
        row = {
            "shop_id": self._shop_id,
            "id": new_id(),
            "member_id": member_id,
            "kind": cause.kind,
            "points": points,
            "occurred_at": cause.occurred_at,
            "posted_at": self._now,
            "source_kind": cause.source_kind,
            "source_id": cause.source_id,
            "idempotency_key": cause.idempotency_key,
            "actor": cause.actor,
            "reason_code": cause.reason_code,
            "order_id": cause.order_id,
            "reverses_id": cause.reverses_id,
        }
        entry = _entry_of(row)
        self._by_key[cause.idempotency_key] = entry
        self._new.append(row)
        self._events.append(self._event(entry, cause.order_name))
        return entry

    def write(self) -> None:
        """One statement for the entries, one for the timeline."""
        bulk.insert_rows(self._session, LedgerEntry, self._new)
        bulk.insert_rows(self._session, TimelineEvent, self._events)
        self._new, self._events = [], []

    def _event(self, entry: LedgerEntry, order_name: str | None) -> dict[str, Any]:
        return {
            "shop_id": self._shop_id,
            "id": new_id(),
            "member_id": entry.member_id,
            "kind": timeline.POINTS_ADDED if entry.points > 0 else timeline.POINTS_REMOVED,
            "occurred_at": self._now,
            "details": {
                "points": entry.points,
                "entry_kind": entry.kind,
                "reason": entry.reason_code,
                "order_name": order_name,
                "entry_id": str(entry.id),
            },
        }


def _entry_of(row: dict[str, Any]) -> LedgerEntry:
    """An entry made as one that is loaded is: its constructor costs as much as all the rest."""
    entry: LedgerEntry = inspect(LedgerEntry).class_manager.new_instance()
    entry.__dict__.update(row)
    return entry
