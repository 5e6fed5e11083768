"""Settings, Programme, General: how orders earn, who joins, where to follow the shop.

The invariant: all of it is saved together or not at all.
"""

from datetime import datetime
from typing import Any

from flask import Response, g, make_response, render_template, request, url_for
from sqlalchemy.orm import Session

from loyalty.actions import following
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import BadReader, BadSetting
from loyalty.programme import earning_settings, joining
from loyalty.programme.rules import get_programme
from shopify_app.admin.languages import N_, _
from shopify_app.admin.pages import blueprint, enter
from shopify_app.admin.programme.form import Typed
from shopify_app.admin.responses import go_to
from shopify_app.platform.admin_auth import admin_page

_DAYS = ("hold_days", "claim_days", "guest_claim_days")
_DIGITS_MAX = 9
_FLAGS = ("counts_tax", "counts_shipping")
_FIELDS = (
    *(*_DAYS, *_FLAGS, "money_refunds", "enrolment", "has_join_page", "terms_url"),
    *following.NETWORKS,
)
ENROLMENTS = {
    "everyone": N_("Everyone with an account or a paid order"),
    "joiners": N_("Only who joins by themselves or is added by staff"),
}
MONEY_REFUNDS = {
    "prorate": N_("They take points back, by their share of the order"),
    "ignore": N_("They take no points back"),
}
NETWORKS = {
    "instagram": "Instagram",
    "facebook": "Facebook",
    "tiktok": "TikTok",
    "youtube": "YouTube",
    "x": "X",
    "pinterest": "Pinterest",
    "threads": "Threads",
    "linkedin": "LinkedIn",
}


@blueprint.get("/app/settings/programme/general")
@admin_page
def programme_general() -> str:
    """The form with what is set."""
    return _page("admin/programme/general.html", None)


@blueprint.post("/app/settings/programme/general")
@admin_page
def save_general() -> Response:
    """Save it, or give the form back with what is wrong."""
    form = Typed.of(request)
    try:
        with shop_transaction(g.shop_id) as session:
            enter(session)
            is_news = _save(session, form, utc_now())
    except (BadSetting, BadReader) as refusal:
        form = form.refused(refusal.field, _explain(refusal), _FIELDS)
        return make_response(_page("admin/programme/_general_form.html", form), refusal.status)
    told = _("Settings saved") if is_news else _("Nothing was changed")
    return go_to(url_for("admin.programme_general"), told)


def _save(session: Session, form: Typed, now: datetime) -> bool:
    """Whether anything is new."""
    shop_id, actor = g.shop_id, g.actor
    before = _standing(session)
    earning: dict[str, object] = {name: _number(form, name) for name in _DAYS}
    earning |= {name: form.has(name) for name in _FLAGS}
    earning["money_refunds"] = form.text("money_refunds")
    earning_settings.change_earning(session, shop_id, earning, actor=actor, now=now)
    joining.set_enrolment(session, shop_id, form.text("enrolment"), actor=actor, now=now)
    joining.set_join_page(
        session,
        shop_id,
        is_on=form.has("has_join_page"),
        terms_url=form.text("terms_url"),
        actor=actor,
        now=now,
    )
    for network in following.NETWORKS:
        _follow(session, network, form.text(network), before[network], now)
    return _standing(session) != before


def _follow(session: Session, network: str, url: str, before: str, now: datetime) -> None:
    if url == before:
        return
    if not url:
        following.remove_follow_link(session, g.shop_id, network, actor=g.actor, now=now)
        return
    try:
        following.set_follow_link(session, g.shop_id, network, url, actor=g.actor, now=now)
    except BadReader as refusal:
        raise BadSetting(network, refusal.args[0]) from refusal


def _number(form: Typed, name: str) -> int:
    text = form.text(name)
    if not text.isascii() or not text.isdigit() or len(text) > _DIGITS_MAX:
        raise BadSetting(name, text)
    return int(text)


def _explain(refusal: BadSetting | BadReader) -> str:
    """What is wrong with the field, as the person before it can mend it."""
    if refusal.field in _DAYS:
        return _("Enter a whole number from 0 to %(most)s", most=earning_settings.DAYS_MAX)
    if refusal.field in ("enrolment", "money_refunds"):
        return _("Choose one")
    message: str = refusal.args[0]
    return message


def _standing(session: Session) -> dict[str, Any]:
    """What is set, by field."""
    programme = get_programme(session, g.shop_id)
    links = {link.network: link.url for link in following.list_follow_links(session, g.shop_id)}
    names = (name for name in _FIELDS if name not in following.NETWORKS)
    return {name: getattr(programme, name) for name in names} | {
        network: links.get(network, "") for network in following.NETWORKS
    }


def _page(template: str, form: Typed | None) -> str:
    with shop_transaction(g.shop_id) as session:
        enter(session)
        return render_template(
            template,
            form=form or Typed.showing(_standing(session)),
            enrolments={code: _(words) for code, words in ENROLMENTS.items()},
            money_refunds={code: _(words) for code, words in MONEY_REFUNDS.items()},
            networks=NETWORKS,
        )
