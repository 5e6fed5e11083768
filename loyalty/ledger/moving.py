"""Points that move between members: lots with their dates, deficits, lifetime figures; and home.

The invariant: merge_out and merge_in of one merge sum to zero, and so do the moved figures.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import aliased

from loyalty.audit import Actor
from loyalty.base import bulk
from loyalty.base.ids import new_id
from loyalty.ledger import dying
from loyalty.ledger.books import Books
from loyalty.ledger.figures import EARNED
from loyalty.ledger.journal import Cause
from loyalty.ledger.shelf import OpenDeficit, OpenLot
from loyalty.ledger.tables import FigureMove, LedgerEntry, Lot, LotMove
from loyalty.members.identity import with_merged
from loyalty.orders.tables import Order


@dataclass(frozen=True, slots=True)
class Moving:
    """A merge of `merged_id` into `survivor_id`, both open in the same books, and who made it."""

    merge_id: UUID
    merged_id: UUID
    survivor_id: UUID
    actor: Actor


def merge_points(books: Books, moving: Moving) -> int:
    """Give the survivor all of the other's lots, deficits and figures; how many points moved.

    Emptied lots move, too: a later refund looks for them at the survivor. The caller writes.
    """
    for member_id in (moving.merged_id, moving.survivor_id):
        dying.expire_dead(books, member_id)
    books.write_rows()
    lots = _all_lots(books, moving.merged_id)
    deficits = books.shelf.deficits(moving.merged_id)
    merged, survivor = books.balance(moving.merged_id), books.balance(moving.survivor_id)
    _note_moves(books, moving, lots, moving.survivor_id)
    _move_figures(
        books,
        moving,
        earned=merged.lifetime_earned + _earned_on_hold(lots),
        on_hold=_earned_on_hold(lots),
        burned=merged.lifetime_burned,
        way=1,
    )
    points = _hand_over(books, moving, lots, deficits, moving.survivor_id)
    survivor.active_on = max(
        (day for day in (survivor.active_on, merged.active_on) if day), default=None
    )
    _post(books, moving, points, "")
    return points


def unmerge_points(books: Books, moving: Moving, *, merged_at: datetime) -> int:
    """Send home what is left of the lots that came with the merge, and of later orders' lots.

    What was spent stays spent. Orders that go home have gone already: a deficit or a reversal
    follows its order. Who goes home is let go already. How many points went home. The caller
    writes.
    """
    for member_id in (moving.merged_id, moving.survivor_id):
        dying.expire_dead(books, member_id)
    books.write_rows()
    lots = _lots_home(books, moving)
    deficits = _deficits_home(books, moving)
    earned, burned = _figures_home(books, moving, merged_at)
    on_hold = _earned_on_hold(lots)
    _move_figures(books, moving, earned=earned, on_hold=on_hold, burned=burned, way=-1)
    _note_moves(books, moving, lots, moving.merged_id)
    points = _hand_over(books, moving, lots, deficits, moving.merged_id)
    merged, survivor = books.balance(moving.merged_id), books.balance(moving.survivor_id)
    merged.active_on = max(
        (day for day in (survivor.active_on, merged.active_on) if day), default=None
    )
    _post(books, moving, -points, ":undo")
    return points


def _all_lots(books: Books, member_id: UUID) -> list[OpenLot]:
    """Every lot that the member has, emptied ones too: their own entries', and moved ones."""
    own = (
        select(Lot.id)
        .join(
            LedgerEntry,
            (LedgerEntry.shop_id == Lot.shop_id) & (LedgerEntry.id == Lot.entry_id),
        )
        .where(
            Lot.shop_id == books.shop_id,
            Lot.member_id == member_id,
            LedgerEntry.member_id == member_id,
        )
    )
    came = (
        select(Lot.id)
        .join(LotMove, (LotMove.shop_id == Lot.shop_id) & (LotMove.lot_id == Lot.id))
        .where(
            Lot.shop_id == books.shop_id,
            Lot.member_id == member_id,
            LotMove.to_member_id == member_id,
        )
    )
    return _loaded(books, set(books.session.scalars(own.union(came))))


def _lots_home(books: Books, moving: Moving) -> list[OpenLot]:
    """What came with the merge and is still the survivor's, and lots of orders that are home."""
    came = select(LotMove.lot_id).where(
        LotMove.shop_id == books.shop_id, LotMove.merge_id == moving.merge_id
    )
    of_orders = (
        select(Lot.id)
        .join(
            LedgerEntry,
            (LedgerEntry.shop_id == Lot.shop_id) & (LedgerEntry.id == Lot.entry_id),
        )
        .where(
            Lot.shop_id == books.shop_id,
            Lot.member_id == moving.survivor_id,
            LedgerEntry.order_id.in_(_orders_home(books, moving)),
        )
    )
    found = _loaded(books, set(books.session.scalars(came.union(of_orders))))
    return [lot for lot in found if lot.member_id == moving.survivor_id]


def _deficits_home(books: Books, moving: Moving) -> list[OpenDeficit]:
    """What the merged member lacked before, and what reversing their orders lacks now."""
    deficits = books.shelf.deficits(moving.survivor_id)
    entries = books.session.scalars(
        select(LedgerEntry.id).where(
            LedgerEntry.shop_id == books.shop_id,
            bulk.among(LedgerEntry.id, [deficit.entry_id for deficit in deficits]),
            or_(
                bulk.among(LedgerEntry.member_id, _people_home(books, moving)),
                _is_of_theirs(books, moving),
            ),
        )
    )
    home = set(entries)
    return [deficit for deficit in deficits if deficit.entry_id in home]


def _figures_home(books: Books, moving: Moving, merged_at: datetime) -> tuple[int, int]:
    """What came with the merge, and what their orders, grants and redemptions have changed since.

    The others' books may have been merged further meanwhile: it counts wherever it was posted.
    """
    came = books.session.execute(
        select(
            func.coalesce(func.sum(FigureMove.earned), 0),
            func.coalesce(func.sum(FigureMove.burned), 0),
        ).where(
            FigureMove.shop_id == books.shop_id,
            FigureMove.member_id == moving.survivor_id,
            FigureMove.source_kind == "merge",
            FigureMove.source_id == str(moving.merge_id),
        )
    ).one()
    earned = _posted_since(books, moving, merged_at, LedgerEntry.kind.in_(EARNED))
    returned = _posted_since(books, moving, merged_at, LedgerEntry.kind == "redeem_reversal")
    return int(came[0]) + earned, int(came[1]) - returned


def _posted_since(
    books: Books, moving: Moving, merged_at: datetime, which: ColumnElement[bool]
) -> int:
    total = books.session.scalar(
        select(func.coalesce(func.sum(LedgerEntry.points), 0)).where(
            LedgerEntry.shop_id == books.shop_id,
            ~bulk.among(LedgerEntry.member_id, _people_home(books, moving)),
            LedgerEntry.posted_at >= merged_at,
            which,
            _is_of_theirs(books, moving),
        )
    )
    return int(total or 0)


def _is_of_theirs(books: Books, moving: Moving) -> ColumnElement[bool]:
    """An entry of an order that goes home, or one that takes an entry of theirs back."""
    theirs = aliased(LedgerEntry)
    reversed_ids = select(theirs.id).where(
        theirs.shop_id == books.shop_id,
        bulk.among(theirs.member_id, _people_home(books, moving)),
    )
    return or_(
        LedgerEntry.order_id.in_(_orders_home(books, moving)),
        LedgerEntry.reverses_id.in_(reversed_ids),
    )


def _people_home(books: Books, moving: Moving) -> set[UUID]:
    """The merged member, who is on their own again, and all whom they had taken in."""
    return with_merged(books.session, books.shop_id, [moving.merged_id])


def _orders_home(books: Books, moving: Moving) -> Any:
    return select(Order.order_id).where(
        Order.shop_id == books.shop_id, Order.member_id == moving.merged_id
    )


def _loaded(books: Books, lot_ids: set[UUID]) -> list[OpenLot]:
    lots = books.shelf.lots_by_id(lot_ids).values()
    return sorted(lots, key=lambda lot: (lot.opened_at, lot.id))


def _earned_on_hold(lots: list[OpenLot]) -> int:
    """Points on hold that count as earned once they are released: wherever they are by then."""
    return sum(lot.points_left for lot in lots if lot.is_earned and lot.released_at is None)


def _note_moves(books: Books, moving: Moving, lots: list[OpenLot], to_member_id: UUID) -> None:
    """Home, too: a lot of an order made while merged is found by this at the next merge."""
    rows = [
        {
            "shop_id": books.shop_id,
            "id": new_id(),
            "merge_id": moving.merge_id,
            "lot_id": lot.id,
            "member_id": lot.member_id,
            "to_member_id": to_member_id,
            "points": lot.points_left,
            "moved_at": books.now,
        }
        for lot in lots
    ]
    bulk.insert_rows(books.session, LotMove, rows)


def _move_figures(
    books: Books, moving: Moving, *, earned: int, on_hold: int, burned: int, way: int
) -> None:
    """Figures of the entries move; what is on hold counts at whoever holds the lot."""
    source = ("merge", str(moving.merge_id))
    there = moving.survivor_id if way > 0 else moving.merged_id
    back = moving.merged_id if way > 0 else moving.survivor_id
    books.move_figures(there, earned=earned, burned=burned, source=source)
    books.move_figures(back, earned=-earned, burned=-burned, source=source)
    # The cached figures leave out what is on hold, which moves with its lots.
    books.balance(there).lifetime_earned -= on_hold
    books.balance(back).lifetime_earned += on_hold


def _hand_over(
    books: Books,
    moving: Moving,
    lots: list[OpenLot],
    deficits: list[OpenDeficit],
    to_member_id: UUID,
) -> int:
    """Lots and deficits get their new owner; what available and pending come to, together."""
    pending = sum(lot.points_left for lot in lots if lot.released_at is None)
    held = sum(lot.points_left for lot in lots)
    available = held - pending - sum(deficit.points_left for deficit in deficits)
    for lot in lots:
        books.shelf.hand_over(lot, to_member_id)
    for deficit in deficits:
        books.shelf.hand_over_deficit(deficit, to_member_id)
    is_home = to_member_id == moving.merged_id
    from_member_id = moving.survivor_id if is_home else moving.merged_id
    for member_id, sign in ((to_member_id, 1), (from_member_id, -1)):
        figures = books.balance(member_id)
        figures.available += sign * available
        figures.pending += sign * pending
        books.touch(member_id)
    for lot in books.shelf.spendable(to_member_id):
        books.shelf.fill_deficits(lot)
    return available + pending


def _post(books: Books, moving: Moving, points: int, suffix: str) -> None:
    """merge_out for the merged member, merge_in for the survivor; an undo has the same kinds."""
    if points == 0:
        return
    for kind, member_id, moved in (
        ("merge_out", moving.merged_id, -points),
        ("merge_in", moving.survivor_id, points),
    ):
        key = f"merge:{moving.merge_id}:{kind.removeprefix('merge_')}"
        cause = Cause(
            kind=kind,
            idempotency_key=f"{key}{suffix}",
            source_kind="merge",
            source_id=str(moving.merge_id),
            actor=str(moving.actor),
            occurred_at=books.now,
            reverses_id=_first_id(books, key) if suffix else None,
        )
        books.post(member_id, cause, moved)


def _first_id(books: Books, key: str) -> UUID | None:
    return books.session.scalar(
        select(LedgerEntry.id).where(
            LedgerEntry.shop_id == books.shop_id, LedgerEntry.idempotency_key == key
        )
    )
