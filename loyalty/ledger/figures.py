"""A member's four figures in memory, and how they are written.

The invariant: the session's own copy of a balance says what the database says.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from loyalty.base import bulk
from loyalty.ledger.tables import EARNING_KINDS
from loyalty.members.tables import MemberBalance

COLUMNS = (
    "member_id", "available", "pending", "lifetime_earned", "lifetime_burned", "active_on",
)  # fmt: skip
EARNED = (*EARNING_KINDS, "earn_reversal")
BURNED = ("redeem", "redeem_reversal")


@dataclass(slots=True)
class Figures:
    """The four figures, and the shop's day of the last activity."""

    member_id: UUID
    available: int
    pending: int
    lifetime_earned: int
    lifetime_burned: int
    active_on: date | None

    def count_lifetime(self, kind: str, points: int) -> None:
        """Add points of an entry of `kind` to its lifetime figure, if it has one."""
        if kind in EARNED:
            self.lifetime_earned += points
        elif kind in BURNED:
            self.lifetime_burned -= points

    def note_activity(self, day: date) -> None:
        """The member was active on that day of the shop."""
        self.active_on = max(self.active_on or day, day)


def write_figures(session: Session, shop_id: int, changed: Sequence[Figures]) -> None:
    """All of them in one statement."""
    rows = [
        {"shop_id": shop_id} | {name: getattr(figures, name) for name in COLUMNS}
        for figures in changed
    ]
    bulk.update_rows(session, MemberBalance, ("shop_id", "member_id"), rows)
    for figures in changed:
        _refresh(session, shop_id, figures)


def _refresh(session: Session, shop_id: int, figures: Figures) -> None:
    key = session.identity_key(MemberBalance, (shop_id, figures.member_id))
    held = session.identity_map.get(key)
    if held is not None:
        for name in COLUMNS:
            set_committed_value(held, name, getattr(figures, name))
