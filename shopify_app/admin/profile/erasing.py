"""Erase a member who asked for it in the shop: after the notice of seven days, unless cancelled."""

from typing import Any
from uuid import UUID, uuid4

from flask import Response, g, make_response, request, url_for
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.queries.profile import get_profile
from shopify_app.admin import wording
from shopify_app.admin.languages import _
from shopify_app.admin.pages import blueprint, enter, parse_id
from shopify_app.admin.responses import go_to, tell
from shopify_app.platform import own_erasures, privacy
from shopify_app.platform.admin_auth import admin_page


def read_erasing(session: Session, member_id: UUID) -> dict[str, Any]:
    """The request that waits for its day, if there is one."""
    erasure = own_erasures.find_erasure(session, g.shop_id, member_id)
    return {"erasure": erasure, "erasure_key": str(uuid4())}


@blueprint.post("/app/members/<member_id>/erasure")
@admin_page
def ask_for_erasure(member_id: str) -> Response:
    """Write the request down; the member is told by email, and can take it back, too."""
    member, key = parse_id(member_id), parse_id(request.form.get("client_key", ""))
    with shop_transaction(g.shop_id) as session:
        enter(session)
        get_profile(session, g.shop_id, member)
        found = own_erasures.ask_to_be_erased(
            session, g.shop_id, member, key=key, actor=g.actor, now=utc_now()
        )
        if found.member_id != member or found.state != "open":
            return tell(make_response("", 409), _(wording.ERASURE_OVER))
        told = _(wording.ERASES_ON, day=g.shop_format.day(found.next_at))
    return go_to(url_for("admin.profile", member_id=member), told)


@blueprint.post("/app/settings/privacy/<request_id>/cancel")
@admin_page
def cancel_erasure(request_id: str) -> Response:
    """Take back a member's own erasure; what the law has Shopify ask for cannot be."""
    wanted = parse_id(request_id)
    with shop_transaction(g.shop_id) as session:
        enter(session)
        member_id = privacy.member_of(session, g.shop_id, wanted)
        if member_id is None:
            raise NotFound
        was_open = own_erasures.take_back(
            session, g.shop_id, member_id, actor=g.actor, now=utc_now()
        )
    if not was_open:
        return tell(make_response("", 409), _(wording.ERASURE_OVER))
    return go_to(url_for("admin.data_requests"), _(wording.ERASURE_CANCELLED))
