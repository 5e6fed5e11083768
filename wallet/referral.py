"""`/r/<token>`: the page on which a member's friend comes to the shop.

Whatever is typed, the answer is the same: it says nothing of who is a member, nor whether the
friend counts. The gift goes by email to the address, whose owner alone learns what came of it.
"""

from dataclasses import dataclass

import structlog
from babel.numbers import format_currency, format_decimal
from flask import Blueprint, Response, abort, make_response, redirect, render_template, request
from flask import url_for as url
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from loyalty.base.clock import day_in, utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import ShopNotFound, TooManyRequests
from loyalty.base.money import Money
from loyalty.coupons.tables import Coupon
from loyalty.coupons.terms import is_over
from loyalty.coupons.words import worth_of
from loyalty.members.identity import survivor_of
from loyalty.members.join_requests import ask_to_join
from loyalty.members.tables import Member
from loyalty.programme.rules import get_programme
from loyalty.programme.tables import Programme
from loyalty.referrals.claiming import keep_claim
from loyalty.referrals.rules import find_referral_rule
from loyalty.referrals.settings import read_settings
from loyalty.shops.directory import get_shop
from loyalty.shops.tables import Shop
from shopify_app.platform import backfill_runs as runs
from wallet import setup
from wallet.content import locale_of
from wallet.customer_answers import protect, refused
from wallet.errors import BadLink
from wallet.icons import icon
from wallet.join_form import Typed, joiner_of, read_form
from wallet.links import ReferralLink, read_referral_token
from wallet.web import FORM_MAX, POLICY, is_same_origin

log = structlog.get_logger()

blueprint = Blueprint("referral", __name__, url_prefix="/r")


@dataclass(frozen=True, slots=True)
class Offer:
    """Who brings whom where, and what the friend gets, in words; None for what they do not.

    `minimum`: what the first order must be worth for the points.
    """

    shop: Shop
    programme: Programme
    advocate: Member
    gift: str | None
    points: str | None
    minimum: str | None


@blueprint.after_request
def _protect(response: Response) -> Response:
    return protect(response, POLICY)


@blueprint.errorhandler(404)
def _unknown(_: Exception) -> Response:
    return refused("This link leads nowhere", "Ask your friend for a new one.", 404)


@blueprint.errorhandler(413)
def _too_much(_: Exception) -> Response:
    return refused("That is too much at once", "Open the page and try again.", 413)


@blueprint.get("/<token>")
def show(token: str) -> Response:
    """What the friend is offered, and the form."""
    return _page(token, Typed(), 200)


@blueprint.get("/<token>/thanks")
def thank(token: str) -> Response:
    """What everybody sees who has sent the form."""
    link = _link_of(token)
    with shop_transaction(link.shop_id) as session:
        offer = _open(session, link)
    page = render_template(
        "wallet/referral_thanks.html", offer=offer, sends_email=setup.current().sends_email
    )
    return make_response(page)


@blueprint.post("/<token>")
def come(token: str) -> AnyResponse:
    """Keep by whose link the form came: 303 to the thanks; 422 with the reasons by field.

    403 for a form of another site, 429 for a place that asks too often; nothing is kept then.
    """
    request.max_content_length = FORM_MAX
    link = _link_of(token)
    if not is_same_origin():
        return refused("This did not come from our page", "Open the page and try again.", 403)
    typed = read_form()
    if typed.problems:
        return _page(token, typed, 422)
    try:
        # A field that nobody sees is filled in by programs alone.
        if not request.form.get("website"):
            _keep(link, typed)
    except TooManyRequests:
        log.warning("referral_page_limited", shop=link.shop_id)
        advice = "Many people are coming from where you are. Please try again in an hour."
        return refused("Not just now", advice, 429)
    return redirect(url("referral.thank", token=token), 303)


def _page(token: str, typed: Typed, status: int) -> Response:
    link = _link_of(token)
    with shop_transaction(link.shop_id) as session:
        offer = _open(session, link)
    page = render_template(
        "wallet/referral.html",
        offer=offer,
        shop=offer.shop,
        programme=offer.programme,
        typed=typed,
        token=token,
        icon=icon,
    )
    return make_response(page, status)


def _link_of(token: str) -> ReferralLink:
    try:
        return read_referral_token(token, setup.current().link_secret)
    except BadLink:
        abort(404)


def _open(session: Session, link: ReferralLink) -> Offer:
    """What the link offers; ends the request when it offers nothing any more."""
    try:
        shop = get_shop(session, link.shop_id)
    except ShopNotFound:
        abort(404)
    settings = read_settings(session, link.shop_id)
    member_id = survivor_of(session, link.shop_id, link.member_id)
    advocate = session.get(Member, (link.shop_id, member_id))
    if shop.status == "uninstalled" or not settings.is_on:
        abort(404)
    if advocate is None or advocate.state != "active":
        abort(404)
    coupon = session.get(Coupon, (link.shop_id, settings.coupon_id)) if settings.coupon_id else None
    return _offer(session, shop, advocate, coupon)


def _offer(session: Session, shop: Shop, advocate: Member, coupon: Coupon | None) -> Offer:
    now = utc_now()
    programme = get_programme(session, shop.shop_id)
    rule = find_referral_rule(session, shop, at=now)
    gift = points = minimum = None
    if coupon is not None and coupon.is_active and not is_over(coupon, day_in(shop.timezone, now)):
        gift = worth_of(coupon, shop)
    if rule is not None and rule.friend_points and programme.paused_at is None:
        number = format_decimal(rule.friend_points, locale=locale_of(shop.locale))
        points = f"{number} {programme.points_name}"
        minimum = _money(rule.minimum_minor, shop) if rule.minimum_minor else None
    return Offer(shop, programme, advocate, gift, points, minimum)


def _money(amount_minor: int, shop: Shop) -> str:
    amount = Money(amount_minor, shop.currency).decimal()
    return format_currency(amount, shop.currency, locale=locale_of(shop.locale))


def _keep(link: ReferralLink, typed: Typed) -> None:
    now = utc_now()
    with shop_transaction(link.shop_id) as session:
        offer = _open(session, link)
        joiner = joiner_of(link.shop_id, typed)
        terms_url = offer.programme.terms_url
        kept = ask_to_join(session, offer.shop, joiner, terms_url=terms_url, now=now)
        if kept is not None:
            keep_claim(session, kept, offer.advocate.id, now=now)
            runs.ask_for_join(session, link.shop_id, kept.id, now=now)
