"""A member who vanished meanwhile, erased or merged: a page that says so, and where to go on."""

from uuid import UUID

from flask import g, render_template
from sqlalchemy.orm import Session

from loyalty.members.identity import survivor_of
from loyalty.members.tables import Member
from loyalty.queries.profile import Profile, get_profile
from shopify_app.admin.languages import N_, _

_MERGED = (
    N_("Merged into another member"),
    N_("Points, orders and history stand with the other. The merge can be undone from there."),
)
_ERASED = (
    N_("This member was erased"),
    N_("Nothing personal is kept. Their points and orders count on, and name nobody."),
)


def find_gone(session: Session, member_id: UUID) -> str | None:
    """The page, or None for one who is here. Raises MemberNotFound where there never was one."""
    state = get_state(session, member_id)
    if state == "erased":
        return _page(_ERASED)
    if state != "merged":
        return None
    survivor = get_profile(session, g.shop_id, survivor_of(session, g.shop_id, member_id))
    return _page(_MERGED, survivor)


def get_state(session: Session, member_id: UUID) -> str:
    """Active, archived, merged or erased; empty for nobody of the shop."""
    member = session.get(Member, (g.shop_id, member_id))
    return member.state if member else ""


def _page(words: tuple[str, str], survivor: Profile | None = None) -> str:
    title, message = map(_, words)
    return render_template(
        "admin/profile/gone.html", title=title, message=message, survivor=survivor
    )
