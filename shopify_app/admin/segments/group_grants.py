"""Points for many: what was given together, how far it is, giving more, and taking it back.

Before anything is given, the page says to how many and how much; each form counts once.
"""

from typing import Any

from flask import Response, g, make_response, render_template, request, url_for
from sqlalchemy.orm import Session

from loyalty.adjustments import REASONS
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import BadGroupGrant, IdempotencyConflict, SegmentNotFound
from loyalty.base.said import said
from loyalty.group_grants.deciding import (
    get_grant,
    give_to_segment,
    list_grants,
    undo_group_grant,
)
from loyalty.group_grants.tables import OPEN, GroupGrant
from loyalty.segments.views import list_segments
from mailing import setup as mail_setup
from shopify_app.admin.languages import N_, _, say
from shopify_app.admin.pages import blueprint, enter, parse_id
from shopify_app.admin.responses import go_to, look_again, tell
from shopify_app.admin.segments.group_grant_form import GroupGrantForm, forecast
from shopify_app.platform.admin_auth import admin_page

STATES = {
    "preparing": (N_("Begins"), "info"),
    "giving": (N_("Being given"), "info"),
    "done": (N_("Given"), "success"),
    "undoing": (N_("Being taken back"), "warning"),
    "undone": (N_("Taken back"), ""),
}
_SENT = N_("This form was already sent with other figures. Look at the list, then send again.")
_GONE = N_("This segment is no longer there. Choose another.")


@blueprint.get("/app/group-grants")
@admin_page
def group_grants() -> str:
    """The list, the newest first; with `after` the next batch of rows alone."""
    after = request.args.get("after")
    with shop_transaction(g.shop_id) as session:
        enter(session)
        page = list_grants(session, g.shop_id, after=after)
    name = "_group_grant_rows" if after else "group_grants"
    return render_template(f"admin/segments/{name}.html", page=page, states=STATES)


@blueprint.get("/app/group-grants/new")
@admin_page
def new_group_grant() -> str:
    """A blank form, for the segment that the address names."""
    form = GroupGrantForm.empty(request.args.get("segment", ""))
    with shop_transaction(g.shop_id) as session:
        enter(session)
        values = _read_form(session, form)
    return render_template("admin/segments/group_grant_editor.html", **values)


@blueprint.post("/app/group-grants/forecast")
@admin_page
def group_grant_forecast() -> str:
    """To how many the form as typed would go, and how much that is together."""
    with shop_transaction(g.shop_id) as session:
        enter(session)
        found = forecast(session, GroupGrantForm.of(request.form))
    return render_template("admin/segments/_group_grant_forecast.html", forecast=found)


@blueprint.post("/app/group-grants")
@admin_page
def give_group_grant() -> Response:
    """Decide it; answer with its page, or with the form and what is wrong."""
    form = GroupGrantForm.of(request.form)
    try:
        grant = _give(form)
    except BadGroupGrant as refusal:
        return _refuse(form.refused(refusal.field, say(refusal)), refusal.status)
    except SegmentNotFound as refusal:
        return _refuse(form.refused("segment", _(_GONE)), refusal.status)
    except IdempotencyConflict as refusal:
        return _refuse(form.with_new_key().refused("form", _(_SENT)), refusal.status)
    return go_to(url_for("admin.group_grant", grant_id=grant.id), _("Points are on their way"))


@blueprint.get("/app/group-grants/<grant_id>")
@admin_page
def group_grant(grant_id: str) -> Response:
    """One decision; whoever has `seen` it in another state is sent for the whole page."""
    wanted, seen = parse_id(grant_id), request.args.get("seen")
    with shop_transaction(g.shop_id) as session:
        enter(session)
        grant = get_grant(session, g.shop_id, wanted)
    if seen and seen != grant.state:
        return look_again(url_for("admin.group_grant", grant_id=wanted), "#group-grant")
    return make_response(_page(grant))


@blueprint.post("/app/group-grants/<grant_id>/undo")
@admin_page
def undo_grant(grant_id: str) -> Response:
    """Take the points back; answer with the page as it is then."""
    wanted = parse_id(grant_id)
    with shop_transaction(g.shop_id) as session:
        enter(session)
        grant = undo_group_grant(
            session,
            g.shop_id,
            wanted,
            actor=g.actor,
            now=utc_now(),
            is_forced="is_forced" in request.form,
        )
    return tell(make_response(_page(grant)), _("The points are being taken back"))


def _give(form: GroupGrantForm) -> GroupGrant:
    if not form.expected.isdigit():
        words = said("Look at how many members get them, then give the points")
        raise BadGroupGrant("form", words)
    with shop_transaction(g.shop_id) as session:
        enter(session)
        return give_to_segment(
            session,
            g.shop_id,
            form.segment(),
            points=form.points,
            reason=form.reason,
            tells_members=form.tells_members,
            client_key=form.client_key,
            actor=g.actor,
            now=utc_now(),
            expected=int(form.expected[:18]),
        )


def _refuse(form: GroupGrantForm, status: int) -> Response:
    """The form again, in a transaction of its own: the first one was rolled back."""
    with shop_transaction(g.shop_id) as session:
        enter(session)
        values = _read_form(session, form)
    return make_response(render_template("admin/segments/_group_grant_form.html", **values), status)


def _read_form(session: Session, form: GroupGrantForm) -> dict[str, Any]:
    return {
        "form": form,
        "segments": list_segments(session, g.shop_id),
        "reasons": REASONS,
        "can_tell": mail_setup.is_on(),
        "forecast": forecast(session, form),
    }


def _page(grant: GroupGrant) -> str:
    return render_template(
        "admin/segments/group_grant.html",
        grant=grant,
        state=STATES[grant.state],
        reason=dict(REASONS)[grant.reason],
        is_moving=grant.state in OPEN,
    )
