"""One email in one language: its words, how it looks with them, and a test of it by email.

Only Save changes what members get; the preview and the test take what is typed.
"""

from dataclasses import dataclass, field, replace
from typing import Any

from flask import Response, g, make_response, render_template, request
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import NotFound

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.shops.tables import Shop
from mailing import overrides, preview, trying
from mailing.catalogue import LANGUAGES, get_mail
from mailing.errors import BadTemplate, EmailError, EmailRefused
from mailing.look_store import load_look
from mailing.wording import Draft
from mailing.writing import LENGTHS_MAX, Words
from shopify_app.admin.languages import _, say
from shopify_app.admin.mails.staff import read_own_address
from shopify_app.admin.mails.words import FIELDS
from shopify_app.admin.pages import blueprint, enter
from shopify_app.admin.responses import tell
from shopify_app.platform.admin_auth import admin_page


@dataclass(frozen=True, slots=True)
class MailForm:
    """What was typed, and what is wrong by field."""

    draft: Draft
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, fields: "MultiDict[str, str]") -> "MailForm":
        """The form as it was sent."""
        typed = {name: fields.get(name, "").strip() for name in LENGTHS_MAX}
        return cls(Draft(**typed))

    def refused(self, refusal: BadTemplate) -> "MailForm":
        """The same form with what is wrong beside its field."""
        return replace(self, errors={refusal.field: _place(refusal)})


@blueprint.get("/app/emails/<mail>/<language>")
@admin_page
def mail(mail: str, language: str) -> str:
    """The editor with what is sent now; 404 for an email or a language that there is not."""
    with shop_transaction(g.shop_id) as session:
        shop = enter(session)
        form = MailForm(overrides.load(session, g.shop_id, mail, language))
        values = _read(session, shop, mail, language, form)
    return render_template("admin/mails/editor.html", **values)


@blueprint.post("/app/emails/<mail>/<language>")
@admin_page
def save_mail(mail: str, language: str) -> Response:
    """Send these words from now on; or the form and what is wrong."""
    form = MailForm.of(request.form)
    try:
        with shop_transaction(g.shop_id) as session:
            shop = enter(session)
            now = utc_now()
            overrides.save(session, shop, mail, language, form.draft, actor=g.actor, now=now)
    except BadTemplate as refusal:
        return make_response(_form(mail, language, form.refused(refusal)), refusal.status)
    return tell(make_response(_form(mail, language, form)), _("Email saved"))


@blueprint.delete("/app/emails/<mail>/<language>")
@admin_page
def reset_mail(mail: str, language: str) -> Response:
    """Send our own words again."""
    with shop_transaction(g.shop_id) as session:
        enter(session)
        overrides.clear(session, g.shop_id, mail, language, actor=g.actor, now=utc_now())
        form = MailForm(overrides.load(session, g.shop_id, mail, language))
    return tell(make_response(_form(mail, language, form)), _("Back to the original words"))


@blueprint.post("/app/emails/<mail>/<language>/previews")
@admin_page
def preview_mail(mail: str, language: str) -> str:
    """The email that the typed words make, or what is wrong with them so far."""
    form = MailForm.of(request.form)
    with shop_transaction(g.shop_id) as session:
        shop = enter(session)
        words, wrong = _preview(session, shop, mail, language, form.draft)
    return render_template("admin/mails/_preview.html", words=words, wrong=wrong)


@blueprint.post("/app/emails/<mail>/<language>/tests")
@admin_page
def try_mail(mail: str, language: str) -> Response:
    """Send what is typed to whoever is looking; a refusal is said in a toast."""
    form = MailForm.of(request.form)
    with shop_transaction(g.shop_id) as session:
        enter(session)
        to = read_own_address(session)
    try:
        trying.send_test(g.shop_id, mail, language, form.draft, to=to, actor=g.actor, now=utc_now())
    except BadTemplate as refusal:
        return tell(make_response("", 200), _place(refusal))
    except (EmailRefused, EmailError) as refusal:
        return tell(make_response("", 200), say(refusal))
    return tell(make_response("", 200), _("Test sent to %(email)s", email=to))


def _form(mail: str, language: str, form: MailForm) -> str:
    with shop_transaction(g.shop_id) as session:
        values = _read(session, enter(session), mail, language, form)
    return render_template("admin/mails/_form.html", **values)


def _read(session: Session, shop: Shop, mail: str, language: str, form: MailForm) -> dict[str, Any]:
    found = get_mail(mail)
    if found.has_own_words:
        raise NotFound  # a campaign has an editor of its own
    words, wrong = _preview(session, shop, mail, language, form.draft)
    return {
        "mail": found,
        "language": language,
        "languages": LANGUAGES,
        "form": form,
        "is_own": (mail, language) in overrides.list_overrides(session, shop.shop_id),
        "merge_fields": [(name, _(FIELDS[name])) for name in found.fields],
        "limits": LENGTHS_MAX,
        "look": load_look(session, shop.shop_id),
        "words": words,
        "wrong": wrong,
    }


def _preview(
    session: Session, shop: Shop, mail: str, language: str, draft: Draft
) -> tuple[Words | None, str]:
    try:
        return preview.render(session, shop, mail, language, draft), ""
    except BadTemplate as refusal:
        return None, _place(refusal)


def _place(refusal: BadTemplate) -> str:
    words = say(refusal.words)
    return _("Line %(line)s: %(text)s", line=refusal.line, text=words) if refusal.line else words
