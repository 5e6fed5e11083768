"""Send Push: staff put a text of their own on one member's card; each click counts once."""

import json
from uuid import UUID

from flask import Response, g, make_response, render_template, request

from loyalty.base import clock
from loyalty.base.db import shop_transaction
from loyalty.base.errors import BadMessage, IdempotencyConflict
from loyalty.queries.profile import get_profile
from shopify_app.admin.languages import N_, _, say
from shopify_app.admin.pages import blueprint, enter, parse_id
from shopify_app.admin.profile.one_off_form import OneOffForm, read_push
from shopify_app.admin.profile.page import read_figures
from shopify_app.platform.admin_auth import admin_page
from wallet.errors import PushRefused
from wallet.one_off import ask_for_push

_SENT = N_("This form was already sent with another text. Look at the timeline, then send again.")


@blueprint.post("/app/members/<member_id>/pushes")
@admin_page
def send_push(member_id: str) -> Response:
    """Put the text on the card; answer with the newest events, or with the form and the reason."""
    member, form = parse_id(member_id), OneOffForm.of(request.form)
    try:
        with shop_transaction(g.shop_id) as session:
            enter(session)
            ask_for_push(
                session,
                g.shop_id,
                member,
                text=form.text,
                client_key=form.client_key,
                actor=g.actor,
                now=clock.utc_now(),
            )
    except BadMessage as refusal:
        return _refuse(member, form.refused(refusal.field, say(refusal)), refusal.status)
    except PushRefused as refusal:
        return _refuse(member, form.refused("form", say(refusal)), refusal.status)
    except IdempotencyConflict as refusal:
        return _refuse(member, form.with_new_key().refused("form", _(_SENT)), refusal.status)
    return _answer(member)


@blueprint.post("/app/members/<member_id>/push-previews")
@admin_page
def preview_push(member_id: str) -> str:
    """The lock screen as it would be."""
    member = parse_id(member_id)
    with shop_transaction(g.shop_id) as session:
        shop = enter(session)
        get_profile(session, g.shop_id, member)
        text = " ".join(request.form.get("push_text", "").split())
    return render_template("admin/profile/_push_preview.html", shop_name=shop.name, push_text=text)


def _answer(member_id: UUID) -> Response:
    with shop_transaction(g.shop_id) as session:
        enter(session)
        values = read_figures(session, member_id) | read_push(session, member_id)
    response = make_response(
        render_template("admin/profile/_push_asked.html", **values, out_of_band=True)
    )
    events = {
        "encore:close": {"id": "send-push"},
        "encore:toast": {"message": _("Push is on its way")},
    }
    response.headers["HX-Trigger"] = json.dumps(events)
    return response


def _refuse(member_id: UUID, form: OneOffForm, status: int) -> Response:
    with shop_transaction(g.shop_id) as session:
        enter(session)
        values = read_figures(session, member_id) | read_push(session, member_id, form)
    page = render_template("admin/profile/_send_push.html", **values)
    return make_response(page, status)
