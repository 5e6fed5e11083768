"""How many members a rule means, before it is saved: the number beside the editor. Reads only."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from loyalty.criteria.compiling import select_meant
from loyalty.criteria.language import Criteria, Group, Not, Test, read_criteria
from loyalty.segments.filling import making_room
from loyalty.shops.tables import Shop


def count(session: Session, shop: Shop, criteria: Any, *, now: datetime) -> int:
    """How many active members `criteria` (JSON or a tree) mean now, nothing said by hand.

    Raises BadCriteria: the way to the part at fault, and why.
    """
    is_read = isinstance(criteria, Test | Group | Not)
    tree: Criteria = criteria if is_read else read_criteria(criteria)
    meant = select_meant(session, shop, tree, now=now).subquery()
    with making_room(session):
        return session.scalar(select(func.count()).select_from(meant)) or 0
