"""What operators and metrics may know past one shop: ids, counts and ages, never a person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session


@dataclass(frozen=True)
class Backlog:
    """Rows of one hand-over in one state; `oldest_at` is when the oldest came or was due."""

    handover: str
    state: str
    rows: int
    oldest_at: datetime


@dataclass(frozen=True)
class ListedShop:
    """A shop as operators name it."""

    shop_id: int
    domain: str
    status: str


def list_backlogs(session: Session) -> Sequence[Backlog]:
    """What waits in inbox, outbox and deliveries, over all shops; needs no shop."""
    rows = session.execute(text("SELECT handover, state, waiting, oldest_at FROM backlogs()"))
    return [Backlog(row.handover, row.state, row.waiting, row.oldest_at) for row in rows]


def list_shops(session: Session) -> Sequence[ListedShop]:
    """Every shop that ever installed Encore and was not removed; needs no shop."""
    rows = session.execute(text("SELECT shop, domain, status FROM list_shops()"))
    return [ListedShop(row.shop, row.domain, row.status) for row in rows]
