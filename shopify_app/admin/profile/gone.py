"""A member who vanished meanwhile, erased or merged: a page that says so, and where to go on."""

from uuid import UUID

from flask import g, render_template
from sqlalchemy.orm import Session

from loyalty.members.identity import survivor_of
from loyalty.members.tables import Member
from loyalty.queries.profile import get_profile

_MERGED = (
    "Merged into another member",
    "Points, orders and history stand with the other. The merge can be undone from there.",
)
_ERASED = (
    "This member was erased",
    "Nothing personal is kept. Their points and orders count on, and name nobody.",
)


def find_gone(session: Session, member_id: UUID) -> str | None:
    """The page, or None for one who is here. Raises MemberNotFound where there never was one."""
    state = get_state(session, member_id)
    if state == "erased":
        return render_template("admin/profile/gone.html", title=_ERASED[0], message=_ERASED[1])
    if state != "merged":
        return None
    survivor = get_profile(session, g.shop_id, survivor_of(session, g.shop_id, member_id))
    return render_template(
        "admin/profile/gone.html", title=_MERGED[0], message=_MERGED[1], survivor=survivor
    )


def get_state(session: Session, member_id: UUID) -> str:
    """Active, archived, merged or erased; empty for nobody of the shop."""
    member = session.get(Member, (g.shop_id, member_id))
    return member.state if member else ""
