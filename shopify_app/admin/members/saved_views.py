"""Saved views of the members list: staff give filters and an order a name, or delete one."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from flask import Response, g, make_response, render_template, request, url_for
from sqlalchemy.orm import Session

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import BadView
from loyalty.listing.views import list_views, remove_view, save_view
from shopify_app.admin.languages import _, say
from shopify_app.admin.members.asked import Asked
from shopify_app.admin.pages import blueprint, enter, parse_id
from shopify_app.admin.responses import go_to
from shopify_app.platform.admin_auth import admin_page


@dataclass(frozen=True, slots=True)
class View:
    """A saved view as a link; `is_current`: the list shows it."""

    id: UUID
    name: str
    url: str
    is_current: bool


@blueprint.post("/app/members/views")
@admin_page
def save_member_view() -> Response:
    """Keep what the form says; show the list so, or the form with what is wrong beside the name."""
    asked, name = Asked.of(request.form), request.form.get("view_name", "")
    try:
        with shop_transaction(g.shop_id) as session:
            enter(session)
            save_view(session, g.shop_id, name, asked.as_asked(), actor=g.actor, now=utc_now())
    except BadView as refusal:
        values = {"asked": asked, "view_name": name, "view_error": say(refusal)}
        return make_response(
            render_template("admin/members/_save_view.html", **values), refusal.status
        )
    return go_to(asked.url(), _("View saved"))


@blueprint.post("/app/members/views/<view_id>/removal")
@admin_page
def remove_member_view(view_id: str) -> Response:
    """Delete it; show all members."""
    wanted = parse_id(view_id)
    with shop_transaction(g.shop_id) as session:
        enter(session)
        remove_view(session, g.shop_id, wanted, actor=g.actor, now=utc_now())
    return go_to(url_for("admin.members"), _("View deleted"))


def read_views(session: Session, asked: Asked) -> Sequence[View]:
    """The shop's views; a filter that is none any more is left out of its link."""
    found = []
    for view in list_views(session, g.shop_id):
        meant = Asked.read(view.asked)
        is_same = (meant.filters, meant.sort) == (asked.filters, asked.sort)
        found.append(View(view.id, view.name, meant.url(), is_same))
    return found
