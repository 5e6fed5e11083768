"""Whom a test goes to: the address of the person who is looking, and no other."""

from flask import g
from sqlalchemy.orm import Session

from loyalty.shops.tables import StaffMember


def read_own_address(session: Session) -> str | None:
    """What Shopify says of it; None where it says nothing."""
    staff = session.get(StaffMember, (g.shop_id, int(g.actor.id)))
    return staff.email if staff else None
