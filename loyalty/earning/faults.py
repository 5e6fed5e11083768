"""Rules and promotions that cannot work, as met when an order came: they earn 0 and are reported.

The invariant: a fault is noted once, on its row and in the audit trail, until it is another.
"""

from datetime import datetime

from sqlalchemy import or_, update
from sqlalchemy.orm import Session

from loyalty import audit
from loyalty.audit import SYSTEM
from loyalty.earning.model import Promotion, Rule
from loyalty.earning.rulebook import Rulebook
from loyalty.programme import tables


def report_faults(session: Session, shop_id: int, book: Rulebook, *, now: datetime) -> int:
    """Note what of the book cannot work; how many faults are new. No query when all can."""
    found: list[Rule | Promotion] = [*book.rules, *book.promotions]
    return sum(_report(session, shop_id, one, now) for one in found if one.fault is not None)


def _report(session: Session, shop_id: int, one: Rule | Promotion, now: datetime) -> bool:
    table = tables.EarningRule if isinstance(one, Rule) else tables.Promotion
    noted = session.execute(
        update(table)
        .where(
            table.shop_id == shop_id,
            table.id == one.id,
            or_(table.fault.is_(None), table.fault != one.fault),
        )
        .values(fault=one.fault, fault_at=now)
        .returning(table.id)
    ).first()
    if noted is None:
        return False
    subject = (table.__tablename__, str(one.id))
    action = f"{table.__tablename__}_unusable"
    audit.record(session, shop_id, SYSTEM, action, subject, now=now, reason=one.fault)
    return True
