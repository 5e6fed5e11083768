"""A shop's ladder of tiers: the highest rung whose threshold ≤ metric is the one that counts."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.tiers.tables import Tier

NO_RANK = -1
"""The rank of whoever is in no tier."""


@dataclass(frozen=True, slots=True)
class Rung:
    """A tier; `threshold` in minor units of shop money or in tier points."""

    id: UUID
    name: str
    threshold: int
    multiplier: Decimal


@dataclass(frozen=True, slots=True)
class Ladder:
    """The rungs from the lowest up. A rank is a rung's place, from 0.

    `gone`: tiers that are no rungs any more. Whoever still holds one stands where its threshold
    leads now, until they are moved.
    """

    rungs: tuple[Rung, ...]
    gone: tuple[Rung, ...] = ()

    def rank_at(self, metric: int) -> int:
        """The rank of the highest rung whose threshold ≤ `metric`, or NO_RANK."""
        return bisect_right([rung.threshold for rung in self.rungs], metric) - 1

    def rank_of(self, tier_id: UUID | None) -> int:
        """The rank of a tier; NO_RANK for none."""
        for rank, rung in enumerate(self.rungs):
            if rung.id == tier_id:
                return rank
        return next((self.rank_at(r.threshold) for r in self.gone if r.id == tier_id), NO_RANK)

    def name_of(self, tier_id: UUID | None) -> str | None:
        """The name of a tier that is or was there."""
        return next((r.name for r in (*self.rungs, *self.gone) if r.id == tier_id), None)

    def find(self, rank: int) -> Rung | None:
        """The rung of `rank`."""
        return self.rungs[rank] if rank >= 0 else None

    def id_of(self, rank: int) -> UUID | None:
        """The id of the tier of `rank`."""
        rung = self.find(rank)
        return rung.id if rung else None

    @property
    def first_rank(self) -> int:
        """Where everybody stands who has done nothing yet: a tier at 0, or none."""
        return self.rank_at(0)

    @property
    def top_rank(self) -> int:
        """The highest rank there is."""
        return len(self.rungs) - 1

    def above(self, rank: int) -> Rung | None:
        """The next rung to reach from `rank`."""
        return self.rungs[rank + 1] if rank < self.top_rank else None


def make_ladder(rungs: Iterable[Rung], gone: Iterable[Rung] = ()) -> Ladder:
    """The ladder of `rungs` in any order."""
    in_order = sorted(rungs, key=lambda rung: (rung.threshold, rung.id))
    return Ladder(tuple(in_order), tuple(gone))


def load_ladder(session: Session, shop_id: int) -> Ladder:
    """The shop's ladder as it is now; it may have no rungs."""
    rungs: list[Rung] = []
    gone: list[Rung] = []
    for tier in session.scalars(select(Tier).where(Tier.shop_id == shop_id)):
        rung = Rung(tier.id, tier.name, tier.threshold, tier.multiplier)
        (gone if tier.retired_at else rungs).append(rung)
    return make_ladder(rungs, gone)
