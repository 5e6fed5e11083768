"""Who did it, where, and the note beside it: what a timeline adds to the bare event."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Text, cast, select
from sqlalchemy.orm import Session

from loyalty.base.said import said
from loyalty.ledger.tables import EntryNote, LedgerEntry
from loyalty.shops.tables import Location, StaffMember

_PEOPLE = ("staff:", "till_user:")
"""Actors who are users of the shop's Shopify, in its admin or at its till."""


@dataclass(frozen=True, slots=True)
class EntryContext:
    """`staff` is the person's name, or `staff member 42` while we do not know it.

    `location` is the name of the place whose till it was.
    """

    staff: str | None
    note: str | None
    location: str | None = None


def read_entry_contexts(
    session: Session, shop_id: int, entry_ids: Iterable[UUID]
) -> dict[UUID, EntryContext]:
    """The context of each of these entries of the shop."""
    rows = session.execute(
        select(LedgerEntry.id, LedgerEntry.actor, EntryNote.body, Location.name)
        .outerjoin(
            EntryNote,
            (EntryNote.shop_id == LedgerEntry.shop_id) & (EntryNote.entry_id == LedgerEntry.id),
        )
        .outerjoin(
            Location,
            (Location.shop_id == LedgerEntry.shop_id)
            & (LedgerEntry.source_kind == "till")
            & (cast(Location.location_id, Text) == LedgerEntry.source_id),
        )
        .where(LedgerEntry.shop_id == shop_id, LedgerEntry.id.in_(list(entry_ids)))
    ).all()
    names = _names(session, shop_id, {row.actor for row in rows})
    return {row.id: EntryContext(names.get(row.actor), row.body, row.name) for row in rows}


def read_actor_contexts(
    session: Session, shop_id: int, actors: Mapping[UUID, str], locations: Mapping[UUID, str | None]
) -> dict[UUID, EntryContext]:
    """The context of events that say by themselves who acted (`till_user:7`), and where."""
    names = _names(session, shop_id, set(actors.values()))
    return {
        event_id: EntryContext(names.get(actor), None, locations.get(event_id))
        for event_id, actor in actors.items()
    }


def _names(session: Session, shop_id: int, actors: set[str]) -> dict[str, str]:
    """The names behind actors such as `staff:42`; the system has none."""
    users = {actor: user for actor in actors if (user := _user_id(actor)) is not None}
    if not users:
        return {}
    known = session.execute(
        select(StaffMember.user_id, StaffMember.name).where(
            StaffMember.shop_id == shop_id, StaffMember.user_id.in_(set(users.values()))
        )
    )
    names = {row.user_id: row.name for row in known}
    return {
        actor: names.get(user, said("staff member %(number)s", number=user))
        for actor, user in users.items()
    }


def _user_id(actor: str) -> int | None:
    for kind in _PEOPLE:
        number = actor.removeprefix(kind)
        if number != actor and number.isdigit():
            return int(number)
    return None
