"""A change of a balance by hand: one entry, whoever resends it, and the staff member recorded."""

import json
from uuid import UUID

from flask import Response, g, make_response, render_template, request

from loyalty import adjustments
from loyalty.base import clock
from loyalty.base.db import shop_transaction
from loyalty.base.errors import BadAdjustment, IdempotencyConflict, InsufficientPoints
from shopify_app.admin.languages import N_, _, ngettext, say
from shopify_app.admin.pages import blueprint, enter, parse_id
from shopify_app.admin.profile.adjustment_form import AdjustmentForm
from shopify_app.admin.profile.page import read_figures
from shopify_app.platform.admin_auth import admin_page


@blueprint.post("/app/members/<member_id>/adjustments")
@admin_page
def adjust_balance(member_id: str) -> Response:
    """Post the adjustment; answer with what changed, or with the form and what is wrong."""
    member, form = parse_id(member_id), AdjustmentForm.of(request.form)
    try:
        return _adjust(member, form)
    except BadAdjustment as refusal:
        return _refuse(member, form.refused(refusal.field, say(refusal)), refusal.status)
    except InsufficientPoints as refusal:
        return _refuse(member, form.refused("points", _(_TOO_FEW)), refusal.status)
    except IdempotencyConflict as refusal:
        return _refuse(member, form.with_new_key().refused("form", _(_SENT)), refusal.status)


_TOO_FEW = N_("The member has fewer points than that. Nothing was changed.")
_SENT = N_("This form was already saved with other figures. Look at the balance, then save again.")


def _adjust(member_id: UUID, form: AdjustmentForm) -> Response:
    with shop_transaction(g.shop_id) as session:
        enter(session)
        entry = adjustments.adjust(
            session,
            g.shop_id,
            member_id,
            points=form.points,
            reason=form.reason,
            note=form.note,
            order_reference=form.order_reference,
            client_key=form.client_key,
            actor=g.actor,
            now=clock.utc_now(),
            tells_member=form.tells_member,
        )
        figures = read_figures(session, member_id)
    page = render_template(
        "admin/profile/_adjusted.html",
        **figures,
        form=AdjustmentForm.empty(),
        reasons=adjustments.REASONS,
        out_of_band=True,
    )
    return _tell(make_response(page), entry.points)


def _tell(response: Response, points: int) -> Response:
    """Ask the page to close the dialog and to say in a toast what was done."""
    count = abs(points)
    said = g.shop_format.number(count)
    if points > 0:
        message = ngettext("%(shown)s point added", "%(shown)s points added", count, shown=said)
    else:
        message = ngettext("%(shown)s point removed", "%(shown)s points removed", count, shown=said)
    events = {
        "encore:close": {"id": "adjust"},
        "encore:toast": {"message": message},
        "pointschanged": {},
    }
    response.headers["HX-Trigger"] = json.dumps(events)
    return response


def _refuse(member_id: UUID, form: AdjustmentForm, status: int) -> Response:
    """The form again, in a transaction of its own: the first one was rolled back."""
    with shop_transaction(g.shop_id) as session:
        enter(session)
        figures = read_figures(session, member_id)
    page = render_template(
        "admin/profile/_adjustment.html", **figures, form=form, reasons=adjustments.REASONS
    )
    return make_response(page, status)
