"""Settings, Programme, Badges: all of them, the editor with its rule in rows, and the switch.

The invariant: who has a badge keeps it, whatever becomes of its rule.
"""

from typing import Any
from uuid import UUID

from flask import Response, g, make_response, render_template, request, url_for
from sqlalchemy.orm import Session

from loyalty.badges import editing
from loyalty.badges.tables import Badge
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import BadBadge, BadCriteria
from loyalty.shops.tables import Shop
from shopify_app.admin.languages import N_, _, say
from shopify_app.admin.pages import blueprint, enter, parse_id
from shopify_app.admin.responses import go_to
from shopify_app.admin.segments import rule_form, rule_meaning
from shopify_app.admin.segments.editor import rule_words
from shopify_app.admin.segments.form import SegmentForm
from shopify_app.admin.segments.rule_values import Values
from shopify_app.platform.admin_auth import admin_page

_GONE = N_("A condition of this rule is not known any more. Write the rule anew.")


@blueprint.get("/app/settings/programme/badges")
@admin_page
def programme_badges() -> str:
    """All badges, the oldest first."""
    with shop_transaction(g.shop_id) as session:
        enter(session)
        badges = editing.list_badges(session, g.shop_id)
        return render_template("admin/programme/badges.html", badges=badges)


@blueprint.get("/app/settings/programme/badges/new")
@admin_page
def new_badge() -> str:
    """An empty editor."""
    with shop_transaction(g.shop_id) as session:
        shop = enter(session)
        values = _read(session, shop, SegmentForm.blank(has_rule=True), None)
        return render_template("admin/programme/badge.html", **values)


@blueprint.get("/app/settings/programme/badges/<badge_id>")
@admin_page
def badge(badge_id: str) -> str:
    """The editor with a badge as it is saved."""
    wanted = parse_id(badge_id)
    with shop_transaction(g.shop_id) as session:
        shop = enter(session)
        form = _saved(editing.get_badge(session, g.shop_id, wanted), Values.of(session, shop))
        return render_template("admin/programme/badge.html", **_read(session, shop, form, wanted))


@blueprint.post("/app/settings/programme/badges")
@admin_page
def add_badge() -> Response:
    """Save a new one, or give the form back with what is wrong."""
    return _save(None)


@blueprint.post("/app/settings/programme/badges/<badge_id>")
@admin_page
def save_badge(badge_id: str) -> Response:
    """Save a changed one, likewise."""
    return _save(parse_id(badge_id))


@blueprint.post("/app/settings/programme/badges/<badge_id>/switch")
@admin_page
def switch_badge(badge_id: str) -> Response:
    """Let it be won, or not; who has it keeps it."""
    wanted, is_on = parse_id(badge_id), request.form.get("is_active") == "1"
    with shop_transaction(g.shop_id) as session:
        enter(session)
        editing.switch_badge(session, g.shop_id, wanted, is_on, actor=g.actor, now=utc_now())
    told = _("Badge switched on") if is_on else _("Badge switched off")
    return go_to(url_for("admin.programme_badges"), told)


def _save(badge_id: UUID | None) -> Response:
    form = SegmentForm.of(request.form)
    try:
        with shop_transaction(g.shop_id) as session:
            _write(session, enter(session), badge_id, form)
    except BadBadge as refusal:
        refused = form.refused(refusal.field, say(refusal))
        return _refuse(badge_id, refused, refusal.status)
    return go_to(url_for("admin.programme_badges"), _("Badge saved"))


def _write(session: Session, shop: Shop, badge_id: UUID | None, form: SegmentForm) -> None:
    """Raises BadBadge; what is wrong with the rule stands in the form already."""
    if badge_id is not None:
        editing.get_badge(session, g.shop_id, badge_id)
    criteria = rule_meaning.read(form.rule, Values.of(session, shop)) if form.rule else None
    if criteria is None:
        raise BadBadge("rule", "")
    given: dict[str, Any] = {
        "name": form.name,
        "description": form.description,
        "criteria": criteria,
        "actor": g.actor,
        "now": utc_now(),
    }
    if badge_id is None:
        editing.add_badge(session, g.shop_id, **given)
    else:
        editing.change_badge(session, g.shop_id, badge_id, **given)


def _refuse(badge_id: UUID | None, form: SegmentForm, status: int) -> Response:
    """The form again, in a transaction of its own: the first one was rolled back."""
    with shop_transaction(g.shop_id) as session:
        values = _read(session, enter(session), form, badge_id)
        return make_response(render_template("admin/programme/_badge_form.html", **values), status)


def _saved(found: Badge, values: Values) -> SegmentForm:
    try:
        rule = rule_form.form_of(found.criteria, values)
    except BadCriteria:
        rule = rule_form.blank_rule()
        rule.error = _(_GONE)
    return SegmentForm(found.name, found.description, rule)


def _read(session: Session, shop: Shop, form: SegmentForm, badge_id: UUID | None) -> dict[str, Any]:
    action = url_for("admin.add_badge")
    if badge_id is not None:
        action = url_for("admin.save_badge", badge_id=badge_id)
    words = rule_words(Values.of(session, shop))
    return {"form": form, "rule": form.rule, "action": action, **words}
