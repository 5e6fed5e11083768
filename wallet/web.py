"""The customer's page: their card, opened by a signed link, on a phone. No login, no cookies.

The link alone shows the card; nothing here can change a member.
"""

import io

import segno
from flask import Blueprint, Response, abort, render_template, request
from sqlalchemy.orm import Session
from werkzeug.http import http_date

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import MemberNotFound
from wallet import setup
from wallet.apple.card import signed_pass
from wallet.apple.pkpass import MEDIA_TYPE
from wallet.content import Content, card_content
from wallet.errors import BadLink, ExpiredLink
from wallet.links import CardLink, read_link_token
from wallet.passes import open_apple_pass

blueprint = Blueprint(
    "card",
    __name__,
    url_prefix="/card",
    template_folder="templates",
    static_folder="static",
)

_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)


@blueprint.after_request
def _protect(response: Response) -> Response:
    """The address is the secret: it must not be stored, framed, indexed or passed on."""
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["X-Robots-Tag"] = "noindex"
    if request.endpoint != "card.static":
        response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.errorhandler(404)
def _unknown(_: Exception) -> tuple[str, int]:
    return _page_of_error("This link leads to no card", "Check that you opened all of it."), 404


@blueprint.errorhandler(410)
def _gone(_: Exception) -> tuple[str, int]:
    return _page_of_error("This card is no longer here", "Ask the shop for a new link."), 410


@blueprint.get("/<token>")
def show(token: str) -> str:
    """The card: balance, name, code for the till, and the way into Apple Wallet."""
    link = _link(token)
    with shop_transaction(link.shop_id) as session:
        content = _content(session, link)
    return render_template(
        "wallet/card.html",
        card=content,
        token=token,
        code=_qr_code(content),
        has_apple=setup.current().apple is not None,
    )


@blueprint.get("/<token>/apple.pkpass")
def apple_pass(token: str) -> Response:
    """The signed pass, made at the first download."""
    link = _link(token)
    if setup.current().apple is None:
        abort(404)
    with shop_transaction(link.shop_id) as session:
        _content(session, link)
        card = open_apple_pass(session, link.shop_id, link.member_id, now=utc_now())
        if card.downloaded_revision < card.revision:
            card.downloaded_revision = card.revision
    response = Response(signed_pass(card), mimetype=MEDIA_TYPE)
    # The phone gives this back when it fetches: it says which revision it has.
    response.headers["Last-Modified"] = http_date(card.last_modified_at)
    return response


def _content(session: Session, link: CardLink) -> Content:
    """What the card says; ends the request when there is no such card, or none any more."""
    try:
        content = card_content(session, link.shop_id, link.member_id, voided=False, now=utc_now())
    except MemberNotFound:
        abort(404)
    if content["voided"]:
        abort(410)
    return content


def _link(token: str) -> CardLink:
    secret = setup.current().link_secret
    try:
        return read_link_token(token, secret, purpose="card", now=utc_now())
    except ExpiredLink:
        abort(410)
    except BadLink:
        abort(404)


def _page_of_error(headline: str, advice: str) -> str:
    return render_template("wallet/no_card.html", headline=headline, advice=advice)


def _qr_code(content: Content) -> str:
    drawn = io.BytesIO()
    segno.make(content["token"], micro=False, error="m").save(
        drawn, kind="svg", xmldecl=False, svgns=True, border=2, scale=4, omitsize=True
    )
    return drawn.getvalue().decode()
