"""Settings, Programme, Tiers: thresholds, cycle and grace; who would move is shown before it is so.

The invariant: nothing is saved whose preview was not seen: a form changed since is previewed anew.
"""

from typing import Any

from flask import Response, g, make_response, render_template, request, url_for
from sqlalchemy.orm import Session

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import BadTier
from loyalty.shops.tables import Shop
from loyalty.tiers.plans import TIERS_MAX
from loyalty.tiers.settings import Preview, preview_plan, read_present, save_plan
from shopify_app.admin.languages import _, say
from shopify_app.admin.pages import blueprint, enter
from shopify_app.admin.programme import words as programme_words
from shopify_app.admin.programme.form import Typed
from shopify_app.admin.programme.tier_form import TierForm
from shopify_app.admin.responses import go_to
from shopify_app.platform.admin_auth import admin_page


@blueprint.get("/app/settings/programme/tiers")
@admin_page
def programme_tiers() -> str:
    """The form with the tiers as they are."""
    with shop_transaction(g.shop_id) as session:
        shop = enter(session)
        form = TierForm.showing(read_present(session, shop), shop.currency)
        return render_template("admin/programme/tiers.html", **_values(shop, form))


@blueprint.post("/app/settings/programme/tiers/rows")
@admin_page
def change_tier_rows() -> str:
    """The form with one row more, or less; nothing is saved."""
    form = TierForm.of(Typed.of(request))
    act, _blank, number = request.form.get("do", "").partition(" ")
    form = form.without_row(number) if act == "remove" else form.with_row()
    with shop_transaction(g.shop_id) as session:
        return render_template("admin/programme/_tier_form.html", **_values(enter(session), form))


@blueprint.post("/app/settings/programme/tiers")
@admin_page
def save_tiers() -> Response:
    """Save what was previewed; anything else is previewed first, and saved by the next click."""
    form = TierForm.of(Typed.of(request))
    try:
        with shop_transaction(g.shop_id) as session:
            shop = enter(session)
            preview = _save_or_preview(session, shop, form)
            if preview is not None:
                values = _values(shop, form, preview)
                return make_response(
                    render_template("admin/programme/_tier_form.html", **values), 200
                )
    except BadTier as refusal:
        return _refuse(form.refused(refusal.field, say(refusal)), refusal.status)
    told = _("Tiers saved. Members move within 15 minutes.")
    return go_to(url_for("admin.programme_tiers"), told)


def _save_or_preview(session: Session, shop: Shop, form: TierForm) -> Preview | None:
    """What the plan would do; None once it is saved. Raises BadTier."""
    now = utc_now()
    plan = form.plan(shop, read_present(session, shop).ladder)
    if request.form.get("seen") != form.mark:
        return preview_plan(session, shop, plan, now=now)
    save_plan(session, shop, plan, actor=g.actor, now=now)
    return None


def _refuse(form: TierForm, status: int) -> Response:
    with shop_transaction(g.shop_id) as session:
        values = _values(enter(session), form)
        return make_response(render_template("admin/programme/_tier_form.html", **values), status)


def _values(shop: Shop, form: TierForm, preview: Preview | None = None) -> dict[str, Any]:
    return {
        "form": form,
        "preview": preview,
        "moves": sorted(preview.moves.items(), key=str) if preview else [],
        "currency": shop.currency,
        "metrics": programme_words.TIER_METRICS,
        "cycles": programme_words.TIER_CYCLES,
        "can_add": len(form.rows) < TIERS_MAX,
    }
