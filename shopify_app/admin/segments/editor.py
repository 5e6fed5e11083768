"""The editor of a segment: its name, and its rule in rows, with how many members fit meanwhile.

The form holds all that was typed: the server keeps nothing until it is saved.
"""

import json
from typing import Any
from uuid import UUID

from flask import Response, g, make_response, render_template, request, url_for
from sqlalchemy.orm import Session

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import BadCriteria, BadSegment
from loyalty.segments import saving, views
from loyalty.segments.tables import Segment
from loyalty.shops.tables import Shop
from shopify_app.admin.languages import N_, _, say
from shopify_app.admin.pages import blueprint, enter, parse_id
from shopify_app.admin.responses import go_to
from shopify_app.admin.segments import rule_acts, rule_form, rule_meaning
from shopify_app.admin.segments.form import SegmentForm
from shopify_app.admin.segments.rule_values import Values
from shopify_app.admin.segments.size import count_within
from shopify_app.admin.segments.words import GROUPS, facts_by_subject, operators_of
from shopify_app.platform.admin_auth import admin_page

_GONE = N_("A condition of this rule is not known any more. Write the rule anew.")


@blueprint.get("/app/segments/new")
@admin_page
def new_segment() -> str:
    """An empty editor; with `by=hand` one without a rule."""
    form = SegmentForm.blank(has_rule=request.args.get("by") != "hand")
    with shop_transaction(g.shop_id) as session:
        shop = enter(session)
        values = _read(session, shop, form, None)
    return render_template("admin/segments/editor.html", **values)


@blueprint.get("/app/segments/<segment_id>/editor")
@admin_page
def edit_segment(segment_id: str) -> str:
    """The editor with a segment as it was saved."""
    wanted = parse_id(segment_id)
    with shop_transaction(g.shop_id) as session:
        shop = enter(session)
        found = views.get_segment(session, g.shop_id, wanted)
        form = _saved(found, Values.of(session, shop))
        values = _read(session, shop, form, wanted)
    return render_template("admin/segments/editor.html", **values)


@blueprint.post("/app/segments")
@admin_page
def add_segment() -> Response:
    """Save a new one; answer with its page, or with the form and what is wrong."""
    return _save(None)


@blueprint.post("/app/segments/<segment_id>")
@admin_page
def save_segment(segment_id: str) -> Response:
    """Save a changed one, likewise."""
    return _save(parse_id(segment_id))


@blueprint.post("/app/segments/rule")
@admin_page
def change_rule() -> Response:
    """The rule's rows after a button, or after another fact was chosen; nothing is saved."""
    with shop_transaction(g.shop_id) as session:
        shop = enter(session)
        values = Values.of(session, shop)
    act = request.form.get("do", "")
    rule, added = rule_acts.change(rule_form.rule_of(request.form), act, values)
    page = render_template("admin/segments/_rule.html", rule=rule, **rule_words(values))
    response = make_response(page)
    # Fields that waited for this answer were left out of the last count.
    response.headers["HX-Trigger"] = json.dumps({"rulechanged": {"target": "#rule"}})
    if added:
        response.headers.update(_only(added))
    return response


@blueprint.post("/app/segments/size")
@admin_page
def size_segment() -> str:
    """How many members fit the rule as it is typed, and what is wrong with what is typed."""
    rule = rule_form.rule_of(request.form)
    with shop_transaction(g.shop_id) as session:
        shop = enter(session)
        criteria = rule_meaning.read(rule, Values.of(session, shop))
        count = count_within(session, shop, criteria) if criteria else None
    rows = list(rule_form.conditions(rule))
    for _name, condition in rows:
        if condition.is_blank:
            condition.errors = {}
    is_late = criteria is not None and count is None
    return render_template("admin/segments/_size.html", rows=rows, count=count, is_late=is_late)


def _only(way: rule_form.Way) -> dict[str, str]:
    """Swap the new part in alone: what somebody types into another meanwhile stays."""
    part, group = (rule_form.way_name(each).replace(".", "-") for each in (way, way[:-1]))
    return {
        "HX-Retarget": f"#{group}-acts",
        "HX-Reswap": "beforebegin",
        "HX-Reselect": f"#{part}",
    }


def _save(segment_id: UUID | None) -> Response:
    form = SegmentForm.of(request.form)
    try:
        with shop_transaction(g.shop_id) as session:
            shop = enter(session)
            saved = _saved_as(session, shop, segment_id, form)
    except BadSegment as refusal:
        return _refuse(segment_id, form.refused(refusal.field, say(refusal)), refusal.status)
    return go_to(url_for("admin.segment", segment_id=saved.id), _("Segment saved"))


def _saved_as(session: Session, shop: Shop, segment_id: UUID | None, form: SegmentForm) -> Segment:
    """Raises BadSegment; what is wrong with the rule stands in the form already."""
    if segment_id is not None:
        views.get_segment(session, g.shop_id, segment_id)
    criteria = rule_meaning.read(form.rule, Values.of(session, shop)) if form.rule else None
    if form.rule and criteria is None:
        raise BadSegment("rule", "")
    given: dict[str, Any] = {
        "name": form.name,
        "description": form.description,
        "criteria": criteria,
        "actor": g.actor,
        "now": utc_now(),
    }
    if segment_id is None:
        return saving.add_segment(session, shop, **given)
    return saving.change_segment(session, shop, segment_id, **given)


def _refuse(segment_id: UUID | None, form: SegmentForm, status: int) -> Response:
    """The form again, in a transaction of its own: the first one was rolled back."""
    with shop_transaction(g.shop_id) as session:
        shop = enter(session)
        values = _read(session, shop, form, segment_id)
    return make_response(render_template("admin/segments/_form.html", **values), status)


def _saved(found: Segment, values: Values) -> SegmentForm:
    if found.criteria is None:
        return SegmentForm(found.name, found.description, None)
    try:
        rule = rule_form.form_of(found.criteria, values)
    except BadCriteria:
        rule = rule_form.blank_rule()
        rule.error = _(_GONE)
    return SegmentForm(found.name, found.description, rule)


def _read(
    session: Session, shop: Shop, form: SegmentForm, segment_id: UUID | None
) -> dict[str, Any]:
    action = url_for("admin.add_segment")
    back = url_for("admin.segments")
    if segment_id is not None:
        action = url_for("admin.save_segment", segment_id=segment_id)
        back = url_for("admin.segment", segment_id=segment_id)
    words = rule_words(Values.of(session, shop))
    return {"form": form, "rule": form.rule, "action": action, "back": back, **words}


def rule_words(values: Values) -> dict[str, Any]:
    """What the rows of a rule are drawn with, here and wherever else a rule is written."""
    return {
        "values": values,
        "group_words": GROUPS,
        "subjects": facts_by_subject(),
        "operators_of": operators_of,
        "deep_max": rule_acts.GROUPS_DEEP_MAX,
        "way_name": rule_form.way_name,
        "is_group": rule_form.is_group,
    }
