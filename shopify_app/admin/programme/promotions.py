"""Settings, Programme, Promotions: multipliers for a time, listed, written and switched.

The invariant: what is refused is written nowhere, and stands in the form as it was typed.
"""

from typing import Any
from uuid import UUID

from flask import Response, g, make_response, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.base.clock import day_in, utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import BadRule, RuleNotFound
from loyalty.earning import saving
from loyalty.programme.tables import Promotion
from loyalty.shops.tables import Shop
from shopify_app.admin.languages import _
from shopify_app.admin.pages import blueprint, enter, parse_id
from shopify_app.admin.programme import earning_rule_form as rule_form
from shopify_app.admin.programme.choices import read_choices
from shopify_app.admin.programme.faults import fault_words
from shopify_app.admin.programme.form import Typed, decimal_text, not_switched_on
from shopify_app.admin.responses import go_to
from shopify_app.platform.admin_auth import admin_page

_PLAIN = ("name", "multiplier", "starts_on", "ends_on")
_FIELDS = (*_PLAIN, *rule_form.FIELDS)


@blueprint.get("/app/settings/programme/promotions")
@admin_page
def promotions() -> str:
    """All promotions, the newest first."""
    with shop_transaction(g.shop_id) as session:
        shop = enter(session)
        rows = session.scalars(
            select(Promotion)
            .where(Promotion.shop_id == g.shop_id)
            .order_by(Promotion.created_at.desc(), Promotion.id)
        )
        return render_template(
            "admin/programme/promotions.html",
            rows=list(rows),
            today=day_in(shop.timezone, utc_now()),
            decimal_text=decimal_text,
            fault_words=fault_words,
        )


@blueprint.get("/app/settings/programme/promotions/new")
@admin_page
def new_promotion() -> str:
    """The form for a new one."""
    with shop_transaction(g.shop_id) as session:
        shop = enter(session)
        form = Typed.showing({"is_active": True})
        return render_template(
            "admin/programme/promotion.html", **_editor(session, shop, form, None)
        )


@blueprint.get("/app/settings/programme/promotions/<promotion_id>")
@admin_page
def promotion(promotion_id: str) -> str:
    """The form of one."""
    wanted = parse_id(promotion_id)
    with shop_transaction(g.shop_id) as session:
        shop = enter(session)
        found = _get(session, wanted)
        values = {name: getattr(found, name) for name in (*_PLAIN, "is_active")}
        fields = rule_form.condition_fields(found.conditions, shop.currency)
        form = Typed.showing(values | fields)
        return render_template(
            "admin/programme/promotion.html", **_editor(session, shop, form, found)
        )


@blueprint.post("/app/settings/programme/promotions")
@admin_page
def add_promotion() -> Response:
    """Save a new one, or give the form back with what is wrong."""
    return _save(None)


@blueprint.post("/app/settings/programme/promotions/<promotion_id>")
@admin_page
def save_promotion(promotion_id: str) -> Response:
    """Save a changed one, likewise."""
    return _save(parse_id(promotion_id))


@blueprint.post("/app/settings/programme/promotions/<promotion_id>/switch")
@admin_page
def switch_promotion(promotion_id: str) -> Response:
    """Let it count, or not, from now on; one that cannot work stays off, and its form says why."""
    wanted, is_active = parse_id(promotion_id), request.form.get("is_active") == "1"
    given = {"is_active": is_active}
    try:
        with shop_transaction(g.shop_id) as session:
            enter(session)
            saving.change_promotion(session, g.shop_id, wanted, given, actor=g.actor, now=utc_now())
    except BadRule as refusal:
        told = not_switched_on(refusal.field, refusal)
        return go_to(url_for("admin.promotion", promotion_id=wanted), told)
    told = _("Promotion switched on") if is_active else _("Promotion switched off")
    return go_to(url_for("admin.promotions"), told)


def _save(promotion_id: UUID | None) -> Response:
    form = Typed.of(request)
    try:
        with shop_transaction(g.shop_id) as session:
            _write(session, enter(session), form, promotion_id)
    except BadRule as refusal:
        return _refuse(form.refused(refusal.field, refusal.args[0], _FIELDS), promotion_id)
    return go_to(url_for("admin.promotions"), _("Promotion saved"))


def _write(session: Session, shop: Shop, form: Typed, promotion_id: UUID | None) -> None:
    given: dict[str, Any] = {name: form.text(name) for name in _PLAIN}
    given["conditions"] = rule_form.read_conditions(form, shop.currency)
    given["is_active"] = form.has("is_active")
    actor, now = g.actor, utc_now()
    if promotion_id is None:
        saving.add_promotion(session, g.shop_id, given, actor=actor, now=now)
    else:
        saving.change_promotion(session, g.shop_id, promotion_id, given, actor=actor, now=now)


def _refuse(form: Typed, promotion_id: UUID | None) -> Response:
    """The form again, in a transaction of its own: the first one was rolled back."""
    with shop_transaction(g.shop_id) as session:
        shop = enter(session)
        found = _get(session, promotion_id) if promotion_id else None
        page = render_template(
            "admin/programme/_promotion_form.html", **_editor(session, shop, form, found)
        )
    return make_response(page, 422)


def _editor(session: Session, shop: Shop, form: Typed, found: Promotion | None) -> dict[str, Any]:
    action = url_for("admin.add_promotion")
    if found is not None:
        action = url_for("admin.save_promotion", promotion_id=found.id)
    return {
        "form": form,
        "promotion": found,
        "action": action,
        "currency": shop.currency,
        "choices": read_choices(session, shop.shop_id, form),
        "fault": fault_words(found) if found else "",
    }


def _get(session: Session, promotion_id: UUID) -> Promotion:
    found = session.get(Promotion, (g.shop_id, promotion_id))
    if found is None:
        raise RuleNotFound(str(promotion_id))
    return found
