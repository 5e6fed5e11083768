"""Settings, Programme: where its areas are, and the pause.

The invariant: a pause is never silent; what becomes of orders paid meanwhile is chosen with it.
"""

from flask import Response, g, make_response, render_template, request, url_for

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import BadRule, NotPaused, ProgrammePaused
from loyalty.earning.waiting import count_waiting
from loyalty.programme import pausing
from loyalty.programme.rules import get_programme
from shopify_app.admin.languages import _
from shopify_app.admin.pages import blueprint, enter
from shopify_app.admin.programme import words as programme_words
from shopify_app.admin.programme.form import Typed
from shopify_app.admin.responses import go_to
from shopify_app.platform.admin_auth import admin_page

_FIELDS = ("resume_mode",)


@blueprint.context_processor
def _areas() -> dict[str, object]:
    """The navigation that stands on each of the programme's pages."""
    return {"programme_areas": [(to, _(label)) for to, label in programme_words.AREAS]}


@blueprint.get("/app/settings/programme")
@admin_page
def programme() -> str:
    """Whether the programme goes on, and the way to its areas."""
    return _page("admin/programme/programme.html", Typed.showing({}))


@blueprint.post("/app/settings/programme/pause")
@admin_page
def pause_programme() -> Response:
    """Nothing earns or redeems from now on."""
    form = Typed.of(request)
    try:
        with shop_transaction(g.shop_id) as session:
            enter(session)
            pausing.pause(
                session,
                g.shop_id,
                resume_mode=form.text("resume_mode"),
                actor=g.actor,
                now=utc_now(),
            )
    except BadRule:
        form = form.refused("resume_mode", _("Choose one"), _FIELDS)
        return make_response(_page("admin/programme/_pause.html", form), 422)
    except ProgrammePaused:
        return go_to(url_for("admin.programme"), _("It was paused already"))
    return go_to(url_for("admin.programme"), _("Programme paused"))


@blueprint.post("/app/settings/programme/resumption")
@admin_page
def resume_programme() -> Response:
    """Let it go on; what waited is settled within minutes."""
    form = Typed.of(request)
    try:
        with shop_transaction(g.shop_id) as session:
            enter(session)
            pausing.resume(
                session,
                g.shop_id,
                resume_mode=form.text("resume_mode"),
                actor=g.actor,
                now=utc_now(),
            )
    except BadRule:
        form = form.refused("resume_mode", _("Choose one"), _FIELDS)
        return make_response(_page("admin/programme/_pause.html", form), 422)
    except NotPaused:
        return go_to(url_for("admin.programme"), _("It was not paused any more"))
    return go_to(url_for("admin.programme"), _("The programme goes on"))


def _page(template: str, form: Typed) -> str:
    with shop_transaction(g.shop_id) as session:
        enter(session)
        found = get_programme(session, g.shop_id)
        if not form.errors and found.resume_mode:
            form = Typed.showing({"resume_mode": found.resume_mode})
        waiting = sum(count_waiting(session, g.shop_id).values()) if found.paused_at else 0
        return render_template(
            template,
            programme=found,
            form=form,
            waiting=waiting,
            modes=programme_words.RESUME_MODES,
        )
