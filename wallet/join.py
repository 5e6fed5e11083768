"""`/join/<token>`: the public page on which anybody can join a shop's programme.

Whatever is typed, the answer is the same: it says nothing of who is a member. What comes of it
goes by email to the address, whose owner alone learns it. The request only keeps what was typed.
"""

import structlog
from flask import Blueprint, Response, abort, make_response, redirect, render_template, request
from flask import url_for as url
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import ShopNotFound, TooManyRequests
from loyalty.members.join_requests import ask_to_join
from loyalty.programme.rules import get_programme
from loyalty.programme.tables import Programme
from loyalty.shops.directory import get_shop
from loyalty.shops.tables import Shop
from shopify_app.platform import backfill_runs as runs
from wallet import setup
from wallet.customer_answers import protect, refused
from wallet.errors import BadLink
from wallet.icons import icon
from wallet.join_form import Typed, joiner_of, read_form
from wallet.links import read_join_token
from wallet.web import FORM_MAX, POLICY, is_same_origin

log = structlog.get_logger()

blueprint = Blueprint("join", __name__, url_prefix="/join")


@blueprint.after_request
def _protect(response: Response) -> Response:
    return protect(response, POLICY)


@blueprint.errorhandler(404)
def _unknown(_: Exception) -> Response:
    return refused("This page leads nowhere", "Ask the shop for the address of its page.", 404)


@blueprint.errorhandler(413)
def _too_much(_: Exception) -> Response:
    return refused("That is too much at once", "Open the page and try again.", 413)


@blueprint.get("/<token>")
def show(token: str) -> Response:
    """The form, empty."""
    return _page(token, Typed(), 200)


@blueprint.get("/<token>/thanks")
def thank(token: str) -> Response:
    """What everybody sees who has sent the form."""
    with shop_transaction(_shop_id(token)) as session:
        shop, programme = _open(session, _shop_id(token))
    page = render_template(
        "wallet/joined.html",
        shop=shop,
        programme=programme,
        icon=icon,
        sends_email=setup.current().sends_email,
    )
    return make_response(page)


@blueprint.post("/<token>")
def join(token: str) -> AnyResponse:
    """Keep the request: 303 to the thanks; 422 with the reasons beside their fields.

    403 for a form of another site, 429 for a place that asks too often; nothing is kept then.
    """
    request.max_content_length = FORM_MAX
    shop_id = _shop_id(token)
    if not is_same_origin():
        return refused("This did not come from our page", "Open the page and try again.", 403)
    typed = read_form()
    if typed.problems:
        return _page(token, typed, 422)
    try:
        # A field that nobody sees is filled in by programs alone.
        if not request.form.get("website"):
            _keep(shop_id, typed)
    except TooManyRequests:
        log.warning("join_page_limited", shop=shop_id)
        advice = "Many people are joining from where you are. Please try again in an hour."
        return refused("Not just now", advice, 429)
    return redirect(url("join.thank", token=token), 303)


def _page(token: str, typed: Typed, status: int) -> Response:
    shop_id = _shop_id(token)
    with shop_transaction(shop_id) as session:
        shop, programme = _open(session, shop_id)
    page = render_template(
        "wallet/join.html", shop=shop, programme=programme, typed=typed, token=token, icon=icon
    )
    return make_response(page, status)


def _shop_id(token: str) -> int:
    try:
        return read_join_token(token, setup.current().link_secret)
    except BadLink:
        abort(404)


def _open(session: Session, shop_id: int) -> tuple[Shop, Programme]:
    """The shop and its programme; ends the request when nobody can join here."""
    try:
        shop = get_shop(session, shop_id)
    except ShopNotFound:
        abort(404)
    programme = get_programme(session, shop_id)
    if shop.status == "uninstalled" or not programme.has_join_page:
        abort(404)
    return shop, programme


def _keep(shop_id: int, typed: Typed) -> None:
    now = utc_now()
    with shop_transaction(shop_id) as session:
        shop, programme = _open(session, shop_id)
        joiner = joiner_of(shop_id, typed)
        kept = ask_to_join(session, shop, joiner, terms_url=programme.terms_url, now=now)
        if kept is not None:
            runs.ask_for_join(session, shop_id, kept.id, now=now)
