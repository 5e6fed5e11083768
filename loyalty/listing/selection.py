"""Whom a deed for many means: the members who were ticked, or all who match the list's filters.

The invariant: what is stored means the same when it is read again; nobody of another shop is in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from loyalty.base.bulk import among
from loyalty.listing.filters import Filters, read_filters
from loyalty.listing.finding import select_matching
from loyalty.listing.tables import MemberListing
from loyalty.shops.tables import Shop

TICKED_MAX = 100


@dataclass(frozen=True, slots=True)
class Selection:
    """`ids` that were ticked; None: all who match `asked`."""

    ids: tuple[UUID, ...] | None = None
    asked: Filters = field(default_factory=Filters)

    def as_stored(self) -> dict[str, Any]:
        """As JSON, to be read again by `read`."""
        if self.ids is not None:
            return {"ids": [str(each) for each in self.ids]}
        return {"asked": self.asked.as_asked()}

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> "Selection":
        """What was stored; raises ValueError, TypeError or KeyError for what never was."""
        if "ids" in stored:
            ids = sorted({UUID(str(each)) for each in stored["ids"]})
            if len(ids) > TICKED_MAX:
                raise ValueError("too many")
            return cls(ids=tuple(ids))
        asked = stored["asked"]
        return cls(asked=read_filters({str(name): list(texts) for name, texts in asked.items()}))


def select_selected(session: Session, shop_id: int, selection: Selection) -> Select[UUID]:
    """Those of them who are active members by now, in no order: one column, member_id."""
    zone = session.scalar(select(Shop.timezone).where(Shop.shop_id == shop_id)) or "UTC"
    if selection.ids is None:
        return select_matching(shop_id, zone, selection.asked)
    everybody = select_matching(shop_id, zone, Filters())
    return everybody.where(among(MemberListing.member_id, selection.ids))


def count_selected(session: Session, shop_id: int, selection: Selection) -> int:
    """How many they are by now."""
    found = select_selected(session, shop_id, selection).subquery()
    return session.scalar(select(func.count()).select_from(found)) or 0


def next_selected(
    session: Session, shop_id: int, selection: Selection, *, after: UUID | None, limit: int
) -> Select[UUID]:
    """The next of them by id."""
    column = MemberListing.member_id
    statement = select_selected(session, shop_id, selection).order_by(column).limit(limit)
    return statement if after is None else statement.where(column > after)
