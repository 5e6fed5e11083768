"""Writing a campaign and changing it before it begins. Saving sends nothing."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Response, g, make_response, render_template, request, url_for
from markupsafe import Markup
from sqlalchemy.orm import Session

from loyalty.base.clock import day_in, utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import BadCampaign, BadCampaignState
from loyalty.campaigns import saving, terms
from loyalty.coupons.saving import list_handed_out
from loyalty.coupons.words import worth_of
from loyalty.programme.rules import list_promotions_to_come
from loyalty.segments.views import list_segments
from loyalty.shops.tables import Shop
from mailing.campaigns import KIND, check_words
from mailing.catalogue import get_mail
from shopify_app.admin.campaigns.form import CampaignForm
from shopify_app.admin.campaigns.words import CHANNELS, TOPICS, sentence
from shopify_app.admin.languages import _
from shopify_app.admin.pages import blueprint, enter, parse_id
from shopify_app.admin.responses import go_to
from shopify_app.platform.admin_auth import admin_page
from wallet.campaign_texts import FIELDS, read_push


@blueprint.get("/app/campaigns/new")
@admin_page
def new_campaign() -> str:
    """A blank editor; `segment` in the address ticks that one, `like` copies a campaign."""
    like = request.args.get("like", "")
    with shop_transaction(g.shop_id) as session:
        shop = enter(session)
        values = _choices(session, shop, utc_now())
        form = CampaignForm.blank(request.args.get("segment", ""))
        if like:
            copied = saving.get_campaign(session, g.shop_id, parse_id(like))
            form = CampaignForm.copied(copied, g.shop_format)
    return render_template("admin/campaigns/editor.html", **values, **_frame(None), form=form)


@blueprint.post("/app/campaigns")
@admin_page
def add_campaign() -> Response:
    """Save a new campaign as a draft and go to its page; or the form and what is wrong."""
    return _save(None)


@blueprint.get("/app/campaigns/<campaign_id>/edit")
@admin_page
def edit_campaign(campaign_id: str) -> str:
    """The editor with the campaign as it was saved."""
    with shop_transaction(g.shop_id) as session:
        shop = enter(session)
        campaign = saving.get_campaign(session, g.shop_id, parse_id(campaign_id))
        values = _choices(session, shop, utc_now())
        form = CampaignForm.saved(campaign, g.shop_format)
    return render_template(
        "admin/campaigns/editor.html",
        **values,
        **_frame(campaign.id),
        form=form,
        is_scheduled=campaign.state == "scheduled",
    )


@blueprint.post("/app/campaigns/<campaign_id>")
@admin_page
def change_campaign(campaign_id: str) -> Response:
    """Save the campaign and go back to its page; or the form and what is wrong."""
    return _save(parse_id(campaign_id))


def _save(campaign_id: UUID | None) -> Response:
    form = CampaignForm.of(request.form)
    try:
        form.check_time()
        _check_words(form)
        saved = _write(campaign_id, form)
    except BadCampaign as refusal:
        form, status = form.refused(refusal.field, sentence(refusal)), refusal.status
    except BadCampaignState as refusal:
        form, status = form.refused("form", sentence(refusal)), refusal.status
    else:
        return go_to(url_for("admin.campaign", campaign_id=saved), _("Campaign saved"))
    with shop_transaction(g.shop_id) as session:
        values = _choices(session, enter(session), utc_now())
    page = render_template("admin/campaigns/_form.html", **values, **_frame(campaign_id), form=form)
    return make_response(page, status)


def _check_words(form: CampaignForm) -> None:
    """Raises BadCampaign for what is no merge field of a campaign's email or push."""
    check_words(form.subject, "subject")
    check_words(form.text, "text")
    read_push(form.push_text)


def _write(campaign_id: UUID | None, form: CampaignForm) -> UUID:
    with shop_transaction(g.shop_id) as session:
        shop, now = enter(session), utc_now()
        given = form.given()
        if campaign_id is None:
            return saving.add_campaign(session, shop, given, actor=g.actor, now=now).id
        return saving.change_campaign(session, shop, campaign_id, given, actor=g.actor, now=now).id


def _frame(campaign_id: UUID | None) -> dict[str, str]:
    """The editor's title, its way back, and where its form goes."""
    if campaign_id is None:
        return {
            "title": _("New campaign"),
            "back": url_for("admin.campaigns"),
            "back_label": _("Back to campaigns"),
            "action": url_for("admin.add_campaign"),
        }
    return {
        "title": _("Edit campaign"),
        "back": url_for("admin.campaign", campaign_id=campaign_id),
        "back_label": _("Back to the campaign"),
        "action": url_for("admin.change_campaign", campaign_id=campaign_id),
    }


def _choices(session: Session, shop: Shop, now: datetime) -> dict[str, Any]:
    """What the shop has to choose from."""
    today = day_in(shop.timezone, now)
    coupons = list_handed_out(session, shop.shop_id, today)
    return {
        "segments": list_segments(session, shop.shop_id),
        "topics": TOPICS.items(),
        "channels": CHANNELS.items(),
        "coupons": [(coupon, worth_of(coupon, shop)) for coupon in coupons],
        "promotions": list_promotions_to_come(session, shop.shop_id, today),
        "timezone": shop.timezone,
        "limits": terms,
        # The promotion's own headline is put above the text by itself.
        "merge_fields": _in_braces(name for name in get_mail(KIND).fields if name != "headline"),
        "push_fields": _in_braces(FIELDS),
    }


def _in_braces(names: Iterable[str]) -> Markup:
    code = Markup('<code dir="ltr">{{{{ {} }}}}</code>')
    return Markup(", ").join(code.format(name) for name in names)
