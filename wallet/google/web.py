"""What Google and customers ask of us: callbacks, the class's logo, the way into Google Wallet.

A callback is answered only by what its signature proves; a refusal says nothing and writes nothing.
"""

import re
from functools import lru_cache, partial
from pathlib import Path

import structlog
from flask import Blueprint, Response, abort, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import MemberNotFound
from wallet import setup
from wallet.content import card_content
from wallet.customer_answers import gone, not_found, protect, refused
from wallet.errors import BadLink, ExpiredLink, GoogleWalletError
from wallet.google.callbacks import apply_callback, read_callback
from wallet.google.ecv2 import Forged, read_message
from wallet.google.root_keys import with_root_keys
from wallet.google.save_link import save_link
from wallet.google.subscriber import open_object
from wallet.links import CardLink, read_link_token
from wallet.merged import present

log = structlog.get_logger()

google = Blueprint("google", __name__, url_prefix="/google")
google_card = Blueprint("google_card", __name__, url_prefix="/card")

_SHOP_KEY = re.compile(r"[1-9][0-9]{0,17}")
_BODY_MAX = 16 * 1024
_POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'"
_LOGO = Path(__file__).parent / "images" / "logo.png"


@google.before_request
def _limit_body() -> None:
    request.max_content_length = _BODY_MAX


@google.post("/callbacks/<shop_key>")
def hear(shop_key: str) -> Response:
    """200 once the message is dealt with, however often it comes; 401 if Google did not sign it.

    404 for a card that is not this shop's, 503 while Google's keys cannot be had.
    """
    if not setup.has_google() or not _SHOP_KEY.fullmatch(shop_key):
        abort(404)
    settings, now, body = setup.google(), utc_now(), request.get_data()
    read = partial(
        read_message,
        body,
        senders=settings.callback_senders,
        recipient=settings.issuer_id,
        now=now,
    )
    try:
        callback = read_callback(with_root_keys(lambda keys: read(keys)), now=now)
    except Forged as error:
        log.warning("google_callback_refused", shop=shop_key, reason=str(error))
        return Response(status=401)
    except GoogleWalletError as error:
        log.warning("google_callback_unverified", shop=shop_key, reason=str(error))
        return Response(status=503)
    shop_id = int(shop_key)
    with shop_transaction(shop_id) as session:
        verdict = apply_callback(session, shop_id, callback, now=now)
    log.info("google_callback_heard", shop=shop_id, event_type=callback.event, verdict=verdict)
    return Response(status=404 if verdict == "unknown" else 200)


@google.get("/logo.png")
def logo() -> Response:
    """The logo on every card: Google fetches it from here."""
    response = Response(_logo(), mimetype="image/png")
    response.headers["Cache-Control"] = "public, max-age=86400"
    return response


@google_card.after_request
def _protect(response: Response) -> Response:
    return protect(response, _POLICY)


@google_card.get("/<token>/google")
def save(token: str) -> AnyResponse:
    """Lead to Google's page that saves the card; its object is made at first use."""
    if not setup.has_google():
        return refused("No card for Google Wallet", "This shop's card is for other wallets.", 404)
    try:
        secret = setup.current().link_secret
        link = present(read_link_token(token, secret, purpose="card", now=utc_now()))
    except ExpiredLink:
        return gone()
    except BadLink:
        return not_found()
    if request.method == "HEAD":
        return Response(status=200)  # a preview of the link makes no card
    return _save(link)


def _save(link: CardLink) -> AnyResponse:
    try:
        with shop_transaction(link.shop_id) as session:
            content = card_content(
                session, link.shop_id, link.member_id, voided=False, now=utc_now()
            )
        if content["voided"]:
            return gone()
        card = open_object(link.shop_id, link.member_id)
        return redirect(save_link(card), 303)
    except MemberNotFound:
        return not_found()
    except GoogleWalletError as error:
        log.warning("google_card_not_opened", shop=link.shop_id, reason=str(error))
        advice = "Your card is safe. Please try again in a few minutes."
        return refused("Google Wallet does not answer just now", advice, 502)


@lru_cache(maxsize=1)
def _logo() -> bytes:
    return _LOGO.read_bytes()
