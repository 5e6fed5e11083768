"""How the points owed at the end of one day became those at the end of another, kind by kind.

The invariant: opening + movements = closing, to the point, and both ends are the ledger's sums.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from loyalty.base.clock import day_in
from loyalty.base.errors import BadPeriod
from loyalty.ledger.tables import KINDS, LedgerEntry
from loyalty.liability.days import end_of
from loyalty.shops.tables import Shop


@dataclass(frozen=True, slots=True)
class RollForward:
    """Points by kind of entry, signed, in the ledger's order of kinds; kinds without any are left
    out. What a closed period says never changes: it counts by the time of posting.
    """

    opens_on: date
    closes_on: date
    opening: int
    movements: Mapping[str, int]
    closing: int


def roll_forward(
    session: Session, shop: Shop, opens_on: date, closes_on: date, *, now: datetime
) -> RollForward:
    """From the end of `opens_on` to the end of `closes_on`, two of the shop's days.

    Raises BadPeriod when they are in the wrong order or to come. Reads only.
    """
    if opens_on >= closes_on:
        raise BadPeriod("The second day must be after the first")
    if closes_on > day_in(shop.timezone, now):
        raise BadPeriod(f"{closes_on} has not been yet")
    since, before = end_of(opens_on, shop.timezone), end_of(closes_on, shop.timezone)
    moved = _by_kind(session, shop.shop_id, since, before)
    return RollForward(
        opens_on,
        closes_on,
        _owed(session, shop.shop_id, since),
        {kind: moved[kind] for kind in KINDS if kind in moved},
        _owed(session, shop.shop_id, before),
    )


def _by_kind(
    session: Session, shop_id: int, since: datetime, before: datetime
) -> Mapping[str, int]:
    rows = session.execute(
        select(LedgerEntry.kind, func.sum(LedgerEntry.points))
        .where(
            LedgerEntry.shop_id == shop_id,
            LedgerEntry.posted_at >= since,
            LedgerEntry.posted_at < before,
        )
        .group_by(LedgerEntry.kind)
    )
    return {kind: int(points) for kind, points in rows}


def _owed(session: Session, shop_id: int, before: datetime) -> int:
    """The sum of all entries posted before: asked for on its own, so that it proves the sums."""
    points = session.scalar(
        select(func.coalesce(func.sum(LedgerEntry.points), 0)).where(
            LedgerEntry.shop_id == shop_id, LedgerEntry.posted_at < before
        )
    )
    return int(points or 0)
