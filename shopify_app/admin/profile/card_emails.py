"""The member's emails: sending the loyalty card again, and lifting the block of an address.

Each is done once, whoever clicks twice, and a refusal says its reason beside the button.
"""

import json
from typing import Any
from uuid import UUID

from flask import Response, g, make_response, render_template, request

from loyalty.base import clock
from loyalty.base.db import shop_transaction
from mailing.asking import ask_for_card
from mailing.bounces import clear_bounce
from mailing.errors import EmailError, EmailRefused
from shopify_app.admin.languages import N_, _, say
from shopify_app.admin.pages import blueprint, enter, parse_id
from shopify_app.admin.profile.emails import read_emails
from shopify_app.admin.profile.page import read_figures
from shopify_app.platform.admin_auth import admin_page

_NOT_TOLD = N_("Amazon did not answer. Nothing was changed. Please try again.")


@blueprint.post("/app/members/<member_id>/card-emails")
@admin_page
def send_card(member_id: str) -> Response:
    """Queue the card's email; answer with the newest events, or with the reason why not."""
    member = parse_id(member_id)
    try:
        with shop_transaction(g.shop_id) as session:
            enter(session)
            ask_for_card(
                session,
                g.shop_id,
                member,
                client_key=request.form.get("client_key", ""),
                actor=g.actor,
                now=clock.utc_now(),
            )
    except EmailRefused as refusal:
        values = _read(member, error=say(refusal))
        return make_response(
            render_template("admin/profile/_send_card.html", **values), refusal.status
        )
    page = render_template("admin/profile/_card_asked.html", **_read(member), out_of_band=True)
    return _tell(page, _("Loyalty card is on its way"))


@blueprint.post("/app/members/<member_id>/bounce-clearances")
@admin_page
def clear_hard_bounce(member_id: str) -> Response:
    """Let emails to the member's address go out again; tells Amazon so first."""
    member = parse_id(member_id)
    try:
        clear_bounce(g.shop_id, member, actor=g.actor, now=clock.utc_now())
    except (EmailError, EmailRefused) as error:
        told = say(error) if isinstance(error, EmailRefused) else _(_NOT_TOLD)
        values = _read(member, error=told)
        return make_response(render_template("admin/profile/_email_state.html", **values), 409)
    page = render_template("admin/profile/_bounce_cleared.html", **_read(member), out_of_band=True)
    return _tell(page, _("Emails can be sent to this address again"))


def _read(member_id: UUID, *, error: str = "") -> dict[str, Any]:
    with shop_transaction(g.shop_id) as session:
        enter(session)
        emails = read_emails(session, member_id, error=error)
        return {**read_figures(session, member_id), "emails": emails}


def _tell(page: str, message: str) -> Response:
    """Ask the page to close the menu and to say in a toast what was done."""
    response = make_response(page)
    events = {"encore:close": {"id": "more"}, "encore:toast": {"message": message}}
    response.headers["HX-Trigger"] = json.dumps(events)
    return response
