"""`/mail/go/<token>`: counts who follows a campaign's link and leads on to the shop's own site.

Where it leads stands in the campaign, never in the request.
"""

from datetime import datetime
from urllib.parse import quote
from uuid import UUID

from flask import Blueprint, Response, abort, redirect, render_template, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.machines import is_machine
from loyalty.campaigns.responses import note_click_of
from loyalty.campaigns.tables import Campaign, CampaignRecipient
from loyalty.coupons.tables import CouponCode
from loyalty.members.identity import survivor_of
from loyalty.shops.tables import Shop
from mailing.campaign_links import CampaignLink, read_token
from mailing.errors import BadCampaignLink
from mailing.page_wording import browser_words
from shopify_app.platform.settings import shop_url

blueprint = Blueprint("campaign_mail", __name__, url_prefix="/mail", template_folder="templates")

_POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'"


@blueprint.after_request
def _protect(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex"
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/go/<token>")
def go(token: str) -> Response:
    """303 to the shop; 404 for a link that we did not sign, or whose campaign is no more."""
    try:
        link = read_token(token)
    except BadCampaignLink:
        abort(404)
    with shop_transaction(link.shop_id) as session:
        shop = session.get(Shop, link.shop_id)
        campaign = session.get(Campaign, (link.shop_id, link.campaign_id))
        if shop is None or campaign is None:
            abort(404)
        if not _is_machine():
            _note(session, link, now=utc_now())
        address = shop_url(shop.domain) + _way(session, link, campaign)
    return redirect(address, 303)  # type: ignore[return-value]


@blueprint.errorhandler(404)
def _unknown(_: Exception) -> tuple[str, int]:
    page = browser_words(request.accept_languages)
    return render_template("mailing/no_link.html", page=page), 404


def _is_machine() -> bool:
    agent = request.headers.get("User-Agent", "")
    names = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")
    purpose = " ".join(request.headers.get(name, "") for name in names)
    return is_machine(request.method, agent, purpose)


def _note(session: Session, link: CampaignLink, *, now: datetime) -> None:
    """The click counts for the recipient, who may be another member's by a merge since."""
    for member_id in sorted(_members(session, link)):
        note_click_of(session, link.shop_id, link.campaign_id, member_id, at=now)


def _way(session: Session, link: CampaignLink, campaign: Campaign) -> str:
    """The campaign's page, by way of the recipient's code: Shopify's own link of a discount puts it
    into their cart and leads on.
    """
    path = campaign.link_path or "/"
    code = _ready_code(session, link)
    return f"/discount/{quote(code, safe='')}?redirect={quote(path, safe='/')}" if code else path


def _ready_code(session: Session, link: CampaignLink) -> str | None:
    """The code of the email's own recipient first, then one that a merge has moved."""
    return session.scalar(
        select(CouponCode.code)
        .join(
            CampaignRecipient,
            (CampaignRecipient.shop_id == CouponCode.shop_id)
            & (CampaignRecipient.coupon_code_id == CouponCode.id),
        )
        .where(
            CouponCode.shop_id == link.shop_id,
            CouponCode.state == "ready",
            CampaignRecipient.campaign_id == link.campaign_id,
            CampaignRecipient.member_id.in_(_members(session, link)),
        )
        .order_by((CampaignRecipient.member_id == link.member_id).desc())
        .limit(1)
    )


def _members(session: Session, link: CampaignLink) -> set[UUID]:
    """The member of the link, and whoever has taken them in."""
    return {link.member_id, survivor_of(session, link.shop_id, link.member_id)}
