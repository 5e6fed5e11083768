"""The colours of all emails: how the card's email looks in them, a test of it, and Save.

Only Save changes what members get; the preview and the test take what is chosen.
"""

from flask import Response, g, make_response, render_template, request

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.shops.tables import Shop
from mailing import overrides, preview, trying
from mailing.errors import BadTemplate, EmailError, EmailRefused
from mailing.languages import spoken
from mailing.look_store import save_look
from mailing.looks import Look, check_look
from shopify_app.admin.languages import _, say
from shopify_app.admin.mails.staff import read_own_address
from shopify_app.admin.pages import blueprint, enter
from shopify_app.admin.responses import tell
from shopify_app.platform.admin_auth import admin_page

_SHOWN = "card"
"""The email that stands for all: it has a head, a button and a background."""


@blueprint.post("/app/emails/colours/previews")
@admin_page
def preview_mail_colours() -> str:
    """The card's email in the colours that are chosen, or what is wrong with them."""
    words, wrong = None, ""
    with shop_transaction(g.shop_id) as session:
        shop = enter(session)
        language = _language(shop)
        draft = overrides.load(session, g.shop_id, _SHOWN, language)
        try:
            words = preview.render(session, shop, _SHOWN, language, draft, _chosen())
        except BadTemplate as refusal:
            wrong = say(refusal.words)
    return render_template("admin/mails/_preview.html", words=words, wrong=wrong)


@blueprint.post("/app/emails/colours/tests")
@admin_page
def try_mail_colours() -> Response:
    """Send the card's email in these colours to whoever is looking; a refusal is a toast."""
    with shop_transaction(g.shop_id) as session:
        language = _language(enter(session))
        draft = overrides.load(session, g.shop_id, _SHOWN, language)
        to = read_own_address(session)
    now, actor = utc_now(), g.actor
    try:
        look = _chosen()
        trying.send_test(g.shop_id, _SHOWN, language, draft, to=to, actor=actor, now=now, look=look)
    except BadTemplate as refusal:
        return tell(make_response("", 200), say(refusal.words))
    except (EmailRefused, EmailError) as refusal:
        return tell(make_response("", 200), say(refusal))
    return tell(make_response("", 200), _("Test sent to %(email)s", email=to))


@blueprint.put("/app/emails/colours")
@admin_page
def save_mail_colours() -> Response:
    """Use these colours in all emails; or the form and what is wrong."""
    try:
        with shop_transaction(g.shop_id) as session:
            enter(session)
            look = save_look(session, g.shop_id, request.form, actor=g.actor, now=utc_now())
    except BadTemplate as refusal:
        errors = {refusal.field: say(refusal.words)}
        page = render_template("admin/mails/_colours.html", look=request.form, errors=errors)
        return make_response(page, refusal.status)
    page = render_template("admin/mails/_colours.html", look=look)
    return tell(make_response(page), _("Saved"))


def _chosen() -> Look:
    return check_look(request.form)


def _language(shop: Shop) -> str:
    """The shop's, where emails speak it."""
    return spoken(shop.locale) or "en"
