"""Settings, Programme, Expiry: when points expire, and what becomes of a balance below zero.

The invariant: both are saved together or not at all.
"""

from flask import Response, g, make_response, render_template, request, url_for

from loyalty import automatic_emails
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import BadExpiry, CountTooSlow
from loyalty.expiry import settings
from loyalty.expiry.warnings import DAYS_BEFORE
from loyalty.programme.rules import get_programme
from mailing import setup
from mailing.reach import count_told_of_expiry
from shopify_app.admin.languages import _, say
from shopify_app.admin.pages import blueprint, enter
from shopify_app.admin.programme import words as programme_words
from shopify_app.admin.programme.form import Typed
from shopify_app.admin.responses import go_to
from shopify_app.platform.admin_auth import admin_page

_EMAIL = "expiry_warning"
_FIELDS = ("mode", "days", "months", "negative_balance")


@blueprint.get("/app/settings/programme/expiry")
@admin_page
def programme_expiry() -> str:
    """The form with what is set."""
    return _page("admin/programme/expiry.html", None)


@blueprint.get("/app/settings/programme/expiry/reach")
@admin_page
def expiry_reach() -> str:
    """To how many members an email tells a change; apart from the page, for it may take long."""
    reach, error = None, ""
    with shop_transaction(g.shop_id) as session:
        shop = enter(session)
        if setup.is_on() and automatic_emails.is_on(session, g.shop_id, _EMAIL):
            try:
                reach = count_told_of_expiry(session, shop)
            except CountTooSlow as refusal:
                error = say(refusal)
    return render_template("admin/programme/_expiry_reach.html", reach=reach, error=error)


@blueprint.post("/app/settings/programme/expiry")
@admin_page
def save_expiry() -> Response:
    """Save it, or give the form back with what is wrong."""
    form = Typed.of(request)
    try:
        is_news = _save(form)
    except BadExpiry as refusal:
        form = form.refused(refusal.field, refusal.args[0], _FIELDS)
        return make_response(_page("admin/programme/_expiry_form.html", form), refusal.status)
    told = _("Expiry saved") if is_news else _("Nothing was changed")
    return go_to(url_for("admin.programme_expiry"), told)


def _save(form: Typed) -> bool:
    """Whether anything is new. A number counts only with the mode that takes it."""
    mode, now = form.text("mode"), utc_now()
    with shop_transaction(g.shop_id) as session:
        shop = enter(session)
        is_new_mode = settings.set_expiry(
            session,
            shop,
            mode=mode,
            days=form.text("days") if mode in ("days", "inactivity") else None,
            months=form.text("months") if mode == "months" else None,
            actor=g.actor,
            now=now,
        )
        is_new_balance = settings.set_negative_balance(
            session, g.shop_id, form.text("negative_balance"), actor=g.actor, now=now
        )
    return is_new_mode or is_new_balance


def _page(template: str, form: Typed | None) -> str:
    with shop_transaction(g.shop_id) as session:
        enter(session)
        programme = get_programme(session, g.shop_id)
        saved = Typed.showing(
            {
                "mode": programme.expiry_mode,
                "days": programme.expiry_days,
                "months": programme.expiry_months,
                "negative_balance": programme.negative_balance,
            }
        )
        return render_template(
            template,
            form=form or saved,
            since=programme.expiry_since,
            modes=programme_words.EXPIRY_MODES,
            negatives=programme_words.NEGATIVE,
            warned=DAYS_BEFORE,
        )
