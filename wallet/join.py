"""`/join/<token>`: the public page on which anybody can join a shop's programme.

Whatever is typed, the answer is the same: it says nothing of who is a member. What comes of it
goes by email to the address, whose owner alone learns it. The request only keeps what was typed.
"""

import hmac
from dataclasses import dataclass, field
from ipaddress import ip_address

import structlog
from flask import Blueprint, Response, abort, make_response, redirect, render_template, request
from flask import url_for as url
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import BadContact, ShopNotFound, TooManyRequests
from loyalty.members.contact import read_contact, read_name
from loyalty.members.join_requests import Joiner, ask_to_join
from loyalty.programme.rules import get_programme
from loyalty.programme.tables import Programme
from loyalty.shops.directory import get_shop
from loyalty.shops.tables import Shop
from shopify_app.platform import backfill_runs as runs
from wallet import setup
from wallet.customer_answers import protect, refused
from wallet.errors import BadLink
from wallet.icons import icon
from wallet.links import read_join_token
from wallet.web import FORM_MAX, POLICY, is_same_origin

log = structlog.get_logger()

blueprint = Blueprint("join", __name__, url_prefix="/join")

_TEXT_MAX = 254


@dataclass(frozen=True, slots=True)
class Typed:
    """What stood in the form, as it was typed, and what was wrong with it by field."""

    name: str = ""
    email: str = ""
    has_agreed: bool = False
    wants_marketing: bool = False
    problems: dict[str, str] = field(default_factory=dict)


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
    typed = _read()
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


def _read() -> Typed:
    form = request.form
    typed = Typed(
        name=form.get("name", "")[:_TEXT_MAX],
        email=form.get("email", "")[:_TEXT_MAX],
        has_agreed=form.get("terms") == "yes",
        wants_marketing=form.get("marketing") == "yes",
    )
    try:
        read_name(typed.name)
    except BadContact as error:
        typed.problems["name"] = str(error)
    try:
        if read_contact(typed.email, country=None).email is None:
            typed.problems["email"] = "Enter your email address"
    except BadContact:
        typed.problems["email"] = "Enter your email address, such as alice@example.com"
    if not typed.has_agreed:
        typed.problems["terms"] = "Please agree to the terms to join"
    return typed


def _keep(shop_id: int, typed: Typed) -> None:
    now = utc_now()
    with shop_transaction(shop_id) as session:
        shop, programme = _open(session, shop_id)
        joiner = _joiner(shop_id, typed)
        kept = ask_to_join(session, shop, joiner, terms_url=programme.terms_url, now=now)
        if kept is not None:
            runs.ask_for_join(session, shop_id, kept.id, now=now)


def _joiner(shop_id: int, typed: Typed) -> Joiner:
    first_name, last_name = read_name(typed.name)
    email = read_contact(typed.email, country=None).email
    assert email is not None
    return Joiner(
        email=email,
        first_name=first_name,
        last_name=last_name,
        wants_marketing=typed.wants_marketing,
        contact_hash=_hash(shop_id, "contact", email),
        client_hash=_hash(shop_id, "client", _place()),
    )


def _hash(shop_id: int, kind: str, text: str) -> bytes:
    """Keyed, for it outlives what it stands for, and addresses can be guessed."""
    told = f"encore join {kind}\0{shop_id}\0{text}"
    return hmac.digest(setup.current().link_secret, told.encode(), "sha256")[:16]


def _place() -> str:
    """Where the request comes from; of IPv6 the network, for one place has many addresses."""
    try:
        address = ip_address(request.remote_addr or "")
    except ValueError:
        return "unknown"
    return str(address) if address.version == 4 else address.exploded[:19]
