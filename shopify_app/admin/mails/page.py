"""Emails: which the shop sends by itself, in whose words, whom each would reach, and the sender.

Nothing is switched on before the page has said whom it would reach.
"""

from dataclasses import dataclass
from typing import Any

from flask import Response, g, make_response, render_template
from sqlalchemy.orm import Session

from loyalty import automatic_emails
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import CountTooSlow
from loyalty.shops.tables import Shop
from mailing import setup
from mailing.account import Account, Sender, read_account, read_sender
from mailing.catalogue import LANGUAGES, Mail
from mailing.errors import EmailError
from mailing.languages import spoken
from mailing.look_store import load_look
from mailing.overrides import list_overrides
from mailing.reach import Reach, count_reach
from shopify_app.admin.languages import _, say
from shopify_app.admin.mails.words import KINDS, REASONS, VERIFICATIONS, mails_asked_for, mails_of
from shopify_app.admin.pages import blueprint, enter
from shopify_app.admin.responses import tell
from shopify_app.platform.admin_auth import admin_page


@dataclass(frozen=True, slots=True)
class Switch:
    """One kind of email as its row shows it; `own` are the languages of the merchant's words."""

    kind: str
    title: str
    when: str
    is_on: bool
    mails: list[Mail]


@blueprint.get("/app/emails")
@admin_page
def mails() -> str:
    """All emails: those that go out by themselves, and those that somebody asks for."""
    with shop_transaction(g.shop_id) as session:
        shop = enter(session)
        switches = automatic_emails.list_switches(session, g.shop_id)
        values = _shared(session, shop)
        look = load_look(session, g.shop_id)
    rows = [_switch(kind, is_on) for kind, is_on in switches.items()]
    asked = mails_asked_for()
    return render_template(
        "admin/mails/mails.html", **values, switches=rows, asked=asked, look=look
    )


@blueprint.get("/app/emails/switches/<kind>")
@admin_page
def mail_reach(kind: str) -> str:
    """The row of one kind with whom it would reach, and the button that switches it on."""
    with shop_transaction(g.shop_id) as session:
        shop = enter(session)
        reach, error = None, ""
        try:
            reach = count_reach(session, shop, kind, now=utc_now())
        except CountTooSlow as refusal:
            error = say(refusal)
        row = _switch(kind, automatic_emails.is_on(session, g.shop_id, kind))
        values = _shared(session, shop) | {"error": error}
    return _render_row(row, values, reach)


@blueprint.put("/app/emails/switches/<kind>")
@admin_page
def switch_mail_on(kind: str) -> Response:
    """Send this kind from now on."""
    return _turn(kind, True)


@blueprint.delete("/app/emails/switches/<kind>")
@admin_page
def switch_mail_off(kind: str) -> Response:
    """Send this kind no more."""
    return _turn(kind, False)


@blueprint.get("/app/emails/sender")
@admin_page
def mail_sender() -> str:
    """What Amazon says of the account and of the sender, read now."""
    with shop_transaction(g.shop_id) as session:
        enter(session)
    if not setup.is_on():
        return render_template("admin/mails/_sender.html", is_off=True)
    try:
        account, sender = read_account(), read_sender()
    except EmailError as error:
        return render_template("admin/mails/_sender.html", error=say(error))
    return render_template("admin/mails/_sender.html", **_describe(account, sender))


def _turn(kind: str, is_on: bool) -> Response:
    with shop_transaction(g.shop_id) as session:
        shop = enter(session)
        automatic_emails.switch(session, g.shop_id, kind, is_on, actor=g.actor, now=utc_now())
        values = _shared(session, shop)
    row = _switch(kind, is_on)
    response = make_response(_render_row(row, values, None))
    told = (
        _("%(title)s is on", title=row.title) if is_on else _("%(title)s is off", title=row.title)
    )
    return tell(response, told)


def _switch(kind: str, is_on: bool) -> Switch:
    title, when = KINDS[kind]
    return Switch(kind, _(title), _(when), is_on, mails_of(kind))


def _shared(session: Session, shop: Shop) -> dict[str, Any]:
    """`language`: that of the shop. `own`: the languages of the merchant's words, by email."""
    own: dict[str, list[str]] = {}
    for mail, language in sorted(list_overrides(session, shop.shop_id)):
        own.setdefault(mail, []).append(LANGUAGES[language])
    return {"language": spoken(shop.locale) or "en", "own": own, "can_send": setup.is_on()}


def _render_row(row: Switch, values: dict[str, Any], reach: Reach | None) -> str:
    counts = reach.reasons if reach else {}
    reasons = [_(REASONS[name], count=g.shop_format.number(counts[name])) for name in counts]
    return render_template(
        "admin/mails/_switch.html", **values, switch=row, reach=reach, reasons=reasons
    )


def _describe(account: Account, sender: Sender) -> dict[str, Any]:
    return {
        "account": account,
        "sender": sender,
        "verification": _badge(sender.verification),
        "dkim": _badge(sender.dkim),
    }


def _badge(state: str) -> tuple[str, str]:
    words, tone = VERIFICATIONS.get(state, VERIFICATIONS["NOT_STARTED"])
    return _(words), tone
