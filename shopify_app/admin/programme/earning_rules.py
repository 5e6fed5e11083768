"""Settings, Programme, Earning rules: all of them, the editor, and the try on last month's orders.

The invariant: what is refused is written nowhere, and stands in the form as it was typed.
"""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from flask import Response, g, make_response, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound

from loyalty.base.clock import day_in, utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import BadRule, RuleNotFound
from loyalty.earning import saving
from loyalty.earning.trying import dry_run
from loyalty.programme.tables import RULE_KINDS, EarningRule
from loyalty.shops.tables import Shop
from shopify_app.admin.languages import _
from shopify_app.admin.pages import blueprint, enter, parse_id
from shopify_app.admin.programme import earning_rule_form as rule_form
from shopify_app.admin.programme import words as programme_words
from shopify_app.admin.programme.choices import read_choices
from shopify_app.admin.programme.faults import fault_words
from shopify_app.admin.programme.field_words import field_words
from shopify_app.admin.programme.form import Typed, decimal_text, not_switched_on
from shopify_app.admin.responses import go_to
from shopify_app.platform.admin_auth import admin_page

_WORDS: dict[str, Any] = {
    "kinds": programme_words.RULE_KINDS,
    "roundings": programme_words.ROUNDINGS,
    "periods": programme_words.PERIODS,
    "decimal_text": decimal_text,
}


@blueprint.get("/app/settings/programme/rules")
@admin_page
def earning_rules() -> str:
    """All rules: those of orders first, by their priority; then the others by kind."""
    with shop_transaction(g.shop_id) as session:
        shop = enter(session)
        rows = session.scalars(select(EarningRule).where(EarningRule.shop_id == g.shop_id)).all()
        return render_template(
            "admin/programme/earning_rules.html",
            rules=sorted(rows, key=_place),
            fault_words=fault_words,
            currency=shop.currency,
            **_WORDS,
        )


@blueprint.get("/app/settings/programme/rules/new")
@admin_page
def new_earning_rule() -> str:
    """What a rule can reward; with `kind` the form for it."""
    kind = request.args.get("kind")
    with shop_transaction(g.shop_id) as session:
        shop = enter(session)
        if kind is None:
            return render_template("admin/programme/earning_rule_kinds.html", **_WORDS)
        values = _editor(session, shop, rule_form.blank(_kind(kind)), kind, None)
        return render_template("admin/programme/earning_rule.html", **values)


@blueprint.get("/app/settings/programme/rules/<rule_id>")
@admin_page
def earning_rule(rule_id: str) -> str:
    """The form of one rule."""
    wanted = parse_id(rule_id)
    with shop_transaction(g.shop_id) as session:
        shop = enter(session)
        rule = _get(session, wanted)
        form = rule_form.shown(rule, shop.currency)
        return render_template(
            "admin/programme/earning_rule.html", **_editor(session, shop, form, rule.kind, rule)
        )


@blueprint.post("/app/settings/programme/rules")
@admin_page
def add_earning_rule() -> Response:
    """Save a new rule, or give the form back with what is wrong."""
    return _save(None)


@blueprint.post("/app/settings/programme/rules/<rule_id>")
@admin_page
def save_earning_rule(rule_id: str) -> Response:
    """Save a changed one, likewise."""
    return _save(parse_id(rule_id))


@blueprint.post("/app/settings/programme/rules/<rule_id>/switch")
@admin_page
def switch_earning_rule(rule_id: str) -> Response:
    """Let it earn, or not, from now on; one that cannot work stays off, and its form says why."""
    wanted, is_active = parse_id(rule_id), request.form.get("is_active") == "1"
    try:
        with shop_transaction(g.shop_id) as session:
            enter(session)
            saving.change_rule(
                session,
                g.shop_id,
                wanted,
                {"is_active": is_active},
                actor=g.actor,
                now=utc_now(),
            )
    except BadRule as refusal:
        told = not_switched_on(refusal.field, refusal)
        return go_to(url_for("admin.earning_rule", rule_id=wanted), told)
    told = _("Rule switched on") if is_active else _("Rule switched off")
    return go_to(url_for("admin.earning_rules"), told)


@blueprint.post("/app/settings/programme/rules/trial")
@admin_page
def try_earning_rule() -> Response:
    """What the rule as it is typed would have earned last month; nothing is saved."""
    form, wanted = Typed.of(request), request.form.get("rule_id")
    rule_id = parse_id(wanted) if wanted else None
    with shop_transaction(g.shop_id) as session:
        shop = enter(session)
        first_on, last_on = _last_month(day_in(shop.timezone, utc_now()))
        values: dict[str, Any] = {"first_on": first_on, "last_on": last_on}
        try:
            values["found"] = dry_run(
                session,
                shop,
                rule_form.read(form, "order", shop.currency),
                first_on=first_on,
                last_on=last_on,
                now=utc_now(),
                rule_id=rule_id,
            )
        except BadRule as refusal:
            refused = form.refused(refusal.field, refusal.args[0], rule_form.FIELDS)
            [(field, error)] = refused.errors.items()
            values |= {"field": field_words(field), "is_of_field": field != "form", "error": error}
    status = 422 if "error" in values else 200
    return make_response(
        render_template("admin/programme/_earning_rule_trial.html", **values), status
    )


def _save(rule_id: UUID | None) -> Response:
    form = Typed.of(request)
    try:
        with shop_transaction(g.shop_id) as session:
            _write(session, enter(session), form, rule_id)
    except BadRule as refusal:
        form = form.refused(refusal.field, refusal.args[0], rule_form.FIELDS)
        return _refuse(form, rule_id, refusal.status)
    return go_to(url_for("admin.earning_rules"), _("Rule saved"))


def _write(session: Session, shop: Shop, form: Typed, rule_id: UUID | None) -> None:
    kind = _kind(form.text("kind")) if rule_id is None else _get(session, rule_id).kind
    given = rule_form.read(form, kind, shop.currency)
    if rule_id is None:
        saving.add_rule(session, g.shop_id, given, actor=g.actor, now=utc_now())
    else:
        saving.change_rule(session, g.shop_id, rule_id, given, actor=g.actor, now=utc_now())


def _refuse(form: Typed, rule_id: UUID | None, status: int) -> Response:
    """The form again, in a transaction of its own: the first one was rolled back."""
    with shop_transaction(g.shop_id) as session:
        shop = enter(session)
        rule = _get(session, rule_id) if rule_id else None
        kind = rule.kind if rule else _kind(form.text("kind"))
        page = render_template(
            "admin/programme/_earning_rule_form.html", **_editor(session, shop, form, kind, rule)
        )
    return make_response(page, status)


def _editor(
    session: Session, shop: Shop, form: Typed, kind: str, rule: EarningRule | None
) -> dict[str, Any]:
    action = url_for("admin.add_earning_rule")
    if rule is not None:
        action = url_for("admin.save_earning_rule", rule_id=rule.id)
    return {
        "form": form,
        "kind": kind,
        "rule": rule,
        "action": action,
        "currency": shop.currency,
        "choices": read_choices(session, shop.shop_id, form),
        "fault": fault_words(rule) if rule else "",
        **_WORDS,
    }


def _get(session: Session, rule_id: UUID) -> EarningRule:
    rule = session.get(EarningRule, (g.shop_id, rule_id))
    if rule is None:
        raise RuleNotFound(str(rule_id))
    return rule


def _kind(text: str) -> str:
    if text not in RULE_KINDS:
        raise NotFound
    return text


def _place(rule: EarningRule) -> tuple[int, bool, int, Any]:
    """Exclusive rules take lines in the order of their priority, so they stand in it."""
    return RULE_KINDS.index(rule.kind), not rule.is_exclusive, rule.priority, rule.created_at


def _last_month(today: date) -> tuple[date, date]:
    last_on = today.replace(day=1) - timedelta(days=1)
    return last_on.replace(day=1), last_on
