"""Who uses the shop's till: those who granted or redeemed there, with a name where it is known."""

from sqlalchemy import select, union
from sqlalchemy.orm import Session

from loyalty.base.said import said
from loyalty.shops.tables import StaffMember
from loyalty.till.limits import EACH
from loyalty.till.tables import TillAllowance, TillLimit


def list_users(session: Session, shop_id: int) -> dict[int, str]:
    """Names by Shopify's staff id; `Staff member 42` of one whose name we do not know."""
    seen = union(
        select(TillAllowance.user_id).where(TillAllowance.shop_id == shop_id),
        select(TillLimit.user_id).where(TillLimit.shop_id == shop_id, TillLimit.user_id != EACH),
    ).subquery()
    rows = session.execute(
        select(seen.c.user_id, StaffMember.name)
        .outerjoin(
            StaffMember,
            (StaffMember.shop_id == shop_id) & (StaffMember.user_id == seen.c.user_id),
        )
        .order_by(StaffMember.name, seen.c.user_id)
    )
    return {
        row.user_id: row.name or said("Staff member %(number)s", number=row.user_id) for row in rows
    }
