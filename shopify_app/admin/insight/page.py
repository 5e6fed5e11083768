"""The page Model accuracy: when members were scored, how right the model was, and a run now."""

from typing import Any

from flask import Response, g, render_template, url_for
from sqlalchemy.orm import Session

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.insights import running, views
from loyalty.shops.tables import Shop
from shopify_app.admin.insight.figures import show_accuracy, show_excluded, show_model
from shopify_app.admin.insight.words import STAGES, say_reasons
from shopify_app.admin.languages import _, say
from shopify_app.admin.pages import blueprint, enter
from shopify_app.admin.responses import go_to
from shopify_app.platform.admin_auth import admin_page


@blueprint.get("/app/insight")
@admin_page
def insight() -> str:
    """The page; it asks for itself again while a run goes on."""
    with shop_transaction(g.shop_id) as session:
        shop = enter(session)
        values = _read(session, shop)
    return render_template("admin/insight/insight.html", **values)


@blueprint.post("/app/insight/runs")
@admin_page
def run_insight() -> Response:
    """Ask for a run; one that is open already is that run."""
    with shop_transaction(g.shop_id) as session:
        enter(session)
        running.ask_for_run(session, g.shop_id, actor=g.actor, now=utc_now())
    return go_to(url_for("admin.insight"), _("Members will be scored now"))


def _read(session: Session, shop: Shop) -> dict[str, Any]:
    latest, going = views.find_latest(session, g.shop_id), views.find_open(session, g.shop_id)
    last, model = views.find_last(session, g.shop_id), views.model_of(latest)
    words, accuracy = g.shop_format, model.accuracy if model else None
    return {
        "latest": latest,
        "going": going,
        "has_failed": last is not None and last.state == "failed",
        "stage": say(STAGES[going.stage]) if going else "",
        "reasons": say_reasons(model.reasons) if model else [],
        "accuracy": show_accuracy(accuracy, shop.currency, words) if accuracy else None,
        "model": show_model(model, shop.currency, words) if model else None,
        "excluded": show_excluded(latest.excluded, words) if latest else None,
    }
