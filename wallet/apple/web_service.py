"""The PassKit web service, version 1, that iPhones call. Only the path names the shop.

https://developer.apple.com/documentation/walletpasses/adding-a-web-service-to-update-passes
A wrong shop, serial or token answers 401 alike, so that nobody learns which one exists.
"""

import re
from typing import Any

from flask import Blueprint, Response, abort, jsonify, request
from sqlalchemy.orm import Session
from werkzeug.http import http_date, parse_date

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.shops.tables import Shop
from wallet.apple import registrations
from wallet.apple.card import signed_pass
from wallet.apple.pkpass import MEDIA_TYPE
from wallet.apple.revisions import loud_field
from wallet.tables import WalletPass

blueprint = Blueprint("passkit", __name__, url_prefix="/passkit/<shop_key>/v1")

_SHOP_KEY = re.compile(r"[1-9][0-9]{0,17}")
_DEVICE_ID = re.compile(r"[A-Za-z0-9_.-]{1,128}")
_PUSH_TOKEN = re.compile(r"[A-Za-z0-9]{1,512}")
_TAG = re.compile(r"[0-9]{1,18}")
_BODY_MAX = 64 * 1024
_LOG_LINES_MAX, _LOG_LINE_MAX = 20, 500

_REGISTRATION = "/devices/<device_id>/registrations/<pass_type_id>/<serial>"


@blueprint.before_request
def _limit_body() -> None:
    request.max_content_length = _BODY_MAX


@blueprint.post(_REGISTRATION)
def register(shop_key: str, device_id: str, pass_type_id: str, serial: str) -> Response:
    """201 when the pass is new on the device, 200 when it is known; the push token is renewed."""
    shop_id = _shop_id(shop_key)
    with shop_transaction(shop_id) as session:
        card = _authorized_pass(session, shop_id, pass_type_id, serial)
        _require(_DEVICE_ID, device_id)
        push_token = _push_token(request.get_json(silent=True))
        is_new = registrations.register(session, card, device_id, push_token, now=utc_now())
    return Response(status=201 if is_new else 200)


@blueprint.delete(_REGISTRATION)
def unregister(shop_key: str, device_id: str, pass_type_id: str, serial: str) -> Response:
    """200 whether or not the pass was registered: the device may say so twice."""
    shop_id = _shop_id(shop_key)
    with shop_transaction(shop_id) as session:
        card = _authorized_pass(session, shop_id, pass_type_id, serial)
        _require(_DEVICE_ID, device_id)
        registrations.unregister(session, card, device_id, now=utc_now())
    return Response(status=200)


@blueprint.get("/devices/<device_id>/registrations/<pass_type_id>")
def list_changed_passes(shop_key: str, device_id: str, pass_type_id: str) -> Response:
    """The device's serials that changed since its tag; 204 when none did or it is unknown."""
    shop_id = _shop_id(shop_key)
    since = request.args.get("passesUpdatedSince", "")
    tag = int(since) if _TAG.fullmatch(since) else 0
    if not _DEVICE_ID.fullmatch(device_id) or "\0" in pass_type_id:
        return Response(status=204)
    with shop_transaction(shop_id) as session:
        changes = registrations.list_changes(
            session, shop_id, device_id, pass_type_id, tag, now=utc_now()
        )
    if changes is None:
        return Response(status=204)
    return jsonify(serialNumbers=changes.serials, lastUpdated=str(changes.last_tag))


@blueprint.get("/passes/<pass_type_id>/<serial>")
def fetch_pass(shop_key: str, pass_type_id: str, serial: str) -> Response:
    """The signed pass, or 304 when the device has this revision."""
    shop_id = _shop_id(shop_key)
    held_at = parse_date(request.headers.get("If-Modified-Since"))
    with shop_transaction(shop_id) as session:
        card = _authorized_pass(session, shop_id, pass_type_id, serial)
        is_new = held_at is None or card.last_modified_at > held_at
        if is_new:
            registrations.note_fetched(session, card, now=utc_now())
            loud = loud_field(session, card, held_at)
    if not is_new:
        return _dated(Response(status=304), card)
    return _dated(Response(signed_pass(card, loud), mimetype=MEDIA_TYPE), card)


@blueprint.post("/log")
def log_lines(shop_key: str) -> Response:
    """Keeps what the device complains of."""
    shop_id = _shop_id(shop_key)
    body = request.get_json(silent=True)
    lines = body.get("logs") if isinstance(body, dict) else None
    if not isinstance(lines, list):
        abort(400)
    texts = [_log_line(line) for line in lines[:_LOG_LINES_MAX] if isinstance(line, str)]
    with shop_transaction(shop_id) as session:
        if session.get(Shop, shop_id) is None:
            abort(404)
        registrations.store_logs(session, shop_id, texts, now=utc_now())
    return Response(status=200)


def _shop_id(shop_key: str) -> int:
    _require(_SHOP_KEY, shop_key)
    return int(shop_key)


def _authorized_pass(session: Session, shop_id: int, pass_type_id: str, serial: str) -> WalletPass:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    card = None
    if scheme == "ApplePass":
        card = registrations.find_authorized_pass(
            session, shop_id, pass_type_id, serial, token.strip()
        )
    if card is None:
        abort(401)
    return card


def _push_token(body: Any) -> str:
    token = body.get("pushToken") if isinstance(body, dict) else None
    if not isinstance(token, str) or not _PUSH_TOKEN.fullmatch(token):
        abort(400)
    return token


def _log_line(line: str) -> str:
    # PostgreSQL's text has no NUL, UTF-8 no lone surrogates.
    clean = line[:_LOG_LINE_MAX].replace("\0", "")
    return clean.encode("utf-8", "replace").decode()


def _require(pattern: re.Pattern[str], value: str) -> None:
    if not pattern.fullmatch(value):
        abort(404)


def _dated(response: Response, card: WalletPass) -> Response:
    response.headers["Last-Modified"] = http_date(card.last_modified_at)
    response.headers["Cache-Control"] = "no-store"
    return response
