"""Archive and restore from the profile: nothing is lost, and nothing is done meanwhile."""

from collections.abc import Callable
from functools import partial
from uuid import UUID

from flask import Response, g, make_response, url_for
from sqlalchemy.orm import Session

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import BadState, MemberHasMoved
from loyalty.ledger.tables import LedgerEntry
from loyalty.members import archiving
from loyalty.queries.profile import get_profile
from loyalty.shops.tables import Shop
from shopify_app.admin.languages import N_, _
from shopify_app.admin.pages import blueprint, enter, parse_id
from shopify_app.admin.responses import go_to, tell
from shopify_app.platform.admin_auth import admin_page

_OTHERWISE = N_("The member’s state has changed meanwhile. Reload the page.")
_ARCHIVED = N_("Archived with %(points)s")
_RESTORED = N_("Restored with %(points)s")
_Act = Callable[..., LedgerEntry | None]


@blueprint.post("/app/members/<member_id>/archive")
@admin_page
def archive_member(member_id: str) -> Response:
    """Put the member away with their points; answer with the way to their page."""
    return _do(member_id, partial(archiving.archive, reason="by_hand"), _ARCHIVED)


@blueprint.post("/app/members/<member_id>/restore")
@admin_page
def restore_member(member_id: str) -> Response:
    """Bring the archived member back with their points."""
    return _do(member_id, archiving.restore, _RESTORED)


def _do(member_id: str, act: _Act, told: str) -> Response:
    member = parse_id(member_id)
    try:
        with shop_transaction(g.shop_id) as session:
            shop = _shop_of(session, member)
            entry = act(session, shop, member, actor=g.actor, now=utc_now())
            points = g.shop_format.points(abs(entry.points) if entry else 0)
    except (BadState, MemberHasMoved) as refusal:
        return tell(make_response("", refusal.status), _(_OTHERWISE))
    return go_to(url_for("admin.profile", member_id=member), _(told, points=points))


def _shop_of(session: Session, member: UUID) -> Shop:
    """Raises MemberNotFound for a member of no or another shop."""
    shop = enter(session)
    get_profile(session, shop.shop_id, member)
    return shop
