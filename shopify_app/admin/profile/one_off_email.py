"""Send Email: staff write to one member, with a preview of what this member would read."""

import json
from uuid import UUID

from flask import Response, g, make_response, render_template, request

from loyalty.base import clock
from loyalty.base.db import shop_transaction
from mailing.errors import BadTemplate, EmailRefused
from mailing.one_off import ask_for_one_off, preview_one_off
from shopify_app.admin.languages import _, say
from shopify_app.admin.pages import blueprint, enter, parse_id
from shopify_app.admin.profile.one_off_form import OneOffForm, read_email
from shopify_app.admin.profile.page import read_figures
from shopify_app.platform.admin_auth import admin_page


@blueprint.post("/app/members/<member_id>/emails")
@admin_page
def send_email(member_id: str) -> Response:
    """Queue the email; answer with the newest events, or with the form and the reason."""
    member, form = parse_id(member_id), OneOffForm.of(request.form)
    try:
        with shop_transaction(g.shop_id) as session:
            enter(session)
            ask_for_one_off(
                session,
                g.shop_id,
                member,
                subject=form.subject,
                text=form.text,
                is_answer=form.is_answer,
                client_key=form.client_key,
                actor=g.actor,
                now=clock.utc_now(),
            )
    except BadTemplate as refusal:
        return _refuse(member, form.refused(refusal.field, _place(refusal)), refusal.status)
    except EmailRefused as refusal:
        return _refuse(member, form.refused("form", say(refusal)), refusal.status)
    return _answer(member)


@blueprint.post("/app/members/<member_id>/email-previews")
@admin_page
def preview_email(member_id: str) -> str:
    """The email as this member would read it, or what is wrong with it so far."""
    member, form = parse_id(member_id), OneOffForm.of(request.form)
    with shop_transaction(g.shop_id) as session:
        enter(session)
        try:
            words = preview_one_off(
                session, g.shop_id, member, subject=form.subject, text=form.text
            )
        except BadTemplate as refusal:
            return render_template("admin/profile/_email_preview.html", wrong=_place(refusal))
    return render_template("admin/profile/_email_preview.html", words=words)


def _place(refusal: BadTemplate) -> str:
    words = say(refusal.words)
    return (
        _("Line %(line)s: %(text)s", line=refusal.line, text=words) if refusal.line > 1 else words
    )


def _answer(member_id: UUID) -> Response:
    with shop_transaction(g.shop_id) as session:
        enter(session)
        values = read_figures(session, member_id) | read_email(session, member_id)
    response = make_response(
        render_template("admin/profile/_email_asked.html", **values, out_of_band=True)
    )
    events = {
        "encore:close": {"id": "send-email"},
        "encore:toast": {"message": _("Email is on its way")},
    }
    response.headers["HX-Trigger"] = json.dumps(events)
    return response


def _refuse(member_id: UUID, form: OneOffForm, status: int) -> Response:
    with shop_transaction(g.shop_id) as session:
        enter(session)
        values = read_figures(session, member_id) | read_email(session, member_id, form)
    return make_response(render_template("admin/profile/_send_email.html", **values), status)
