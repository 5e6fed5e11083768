"""What the columns of facts have in common: the shop's day, and how a source is joined."""

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Date, FromClause, cast, func
from sqlalchemy.orm import Session

from loyalty.base.clock import day_in
from loyalty.programme.rules import get_programme
from loyalty.programme.tables import Programme
from loyalty.shops.tables import Shop

Column = ColumnElement[Any]


@dataclass(frozen=True, slots=True)
class Joined:
    """`table` with a row a member at most, and a fact's column by its name.

    A fact's column is null for whoever has no row; None as `table`: the member's own row.
    """

    table: FromClause | None
    columns: Mapping[str, Column]


@dataclass(frozen=True, slots=True)
class Frame:
    """What columns need to know: the shop, its day `today`, and what it has set."""

    session: Session
    shop: Shop
    programme: Programme
    today: date

    def day(self, at: Any) -> Column:
        """The shop's day of a moment, null of none."""
        return cast(func.timezone(self.shop.timezone, at), Date)


Columns = Callable[[Frame, AbstractSet[str]], Joined]
"""The columns of the facts of these names, all of one source."""


def frame_of(session: Session, shop: Shop, *, now: datetime) -> Frame:
    """The frame of the shop's day that `now` falls on."""
    programme = get_programme(session, shop.shop_id)
    return Frame(session, shop, programme, day_in(shop.timezone, now))
