"""Staff write down what a member told them of marketing; it counts as the member's word.

Shopify is told after the commit; a refusal says its reason on the card.
"""

import json
from typing import Any
from uuid import UUID

from flask import Response, g, make_response, render_template, request

from loyalty.base import clock
from loyalty.base.db import shop_transaction
from loyalty.base.errors import BadConsent
from loyalty.members.recording_consent import record_word
from shopify_app.admin.languages import _, say
from shopify_app.admin.pages import blueprint, enter, parse_id
from shopify_app.admin.profile.consent_tab import read_consent
from shopify_app.admin.profile.page import read_figures
from shopify_app.platform.admin_auth import admin_page


@blueprint.post("/app/members/<member_id>/consents")
@admin_page
def record_consent(member_id: str) -> Response:
    """Write down what the member told staff; answer with the card and the newest events."""
    member = parse_id(member_id)
    try:
        with shop_transaction(g.shop_id) as session:
            record_word(
                session,
                g.shop_id,
                member,
                request.form.get("channel", ""),
                request.form.get("state", ""),
                actor=g.actor,
                now=clock.utc_now(),
            )
    except BadConsent as refusal:
        values = _read(member, error=say(refusal))
        return make_response(
            render_template("admin/profile/_consent.html", **values), refusal.status
        )
    page = render_template(
        "admin/profile/_consent_recorded.html", **_read(member), out_of_band=True
    )
    response = make_response(page)
    told = {"encore:toast": {"message": _("Written down. Shopify is told, too.")}}
    response.headers["HX-Trigger"] = json.dumps(told)
    return response


def _read(member_id: UUID, *, error: str = "") -> dict[str, Any]:
    with shop_transaction(g.shop_id) as session:
        enter(session)
        return read_figures(session, member_id) | read_consent(session, member_id, error=error)
