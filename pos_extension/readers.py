"""`/readers/v1`: where an NFC or code reader tells of a tap. JSON in and out, a key per reader.

Each tap carries the reader's own key: sent again it counts once and gets the same answer. Where the
tap was is what we know of the reader, never what it says.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from flask import Blueprint, Response, g, jsonify, request
from sqlalchemy.orm import Session
from werkzeug.exceptions import HTTPException

from loyalty.actions.check_ins import Tap, check_in
from loyalty.actions.readers import count_request, find_reader, read_key
from loyalty.actions.tables import CheckIn, Reader
from loyalty.audit import Actor
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import (
    IdempotencyConflict,
    LocationNotFound,
    LoyaltyError,
    MemberHasMoved,
    MemberNotActive,
    MemberNotFound,
    TooManyRequests,
)
from loyalty.shops.tables import Shop
from pos_extension import refusals
from pos_extension.reading import Body, client_key, optional_text, read_body, text
from pos_extension.refusals import Refusal
from wallet.tokens import find_token_holder

log = structlog.get_logger()

blueprint = Blueprint("readers", __name__, url_prefix="/readers/v1")

LATE_MAX = timedelta(days=7)
"""How long a reader may keep a tap that it could not tell of."""
_AHEAD_MAX = timedelta(minutes=5)
_RETRY_AFTER_S = 60


@blueprint.before_request
def authenticate() -> None:
    """Set `g.reader`; Refusal 401 without a good key, 403 for a shop that left, 429 for a flood."""
    scheme, _, raw = request.headers.get("Authorization", "").partition(" ")
    key = read_key(raw.strip()) if scheme.lower() == "bearer" else None
    if key is None:
        raise _unauthorised()
    g.shop_id = key.shop_id
    # A transaction of its own: what is refused later was asked all the same.
    with shop_transaction(key.shop_id) as session:
        reader = find_reader(session, key)
        if reader is None:
            raise _unauthorised()
        _enter(session, key.shop_id)
        count_request(session, reader, now=utc_now())
    g.reader = reader


@blueprint.after_request
def _forbid_storing(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.post("/check-ins")
def tap() -> tuple[Response, int]:
    """A member's card was held to the reader: what the tap came to.

    Body: `token`, what the reader read; `client_key`, a UUID of the reader's for this tap; and,
    if the reader could not tell at once, `tapped_at` (ISO 8601 with its offset, a week at most).
    """
    body, now = read_body(request), utc_now()
    said = _Said(text(body, "token"), client_key(body), _tapped_at(body, now))
    try:
        row = _note(said, now)
    except MemberHasMoved:
        # Merged in this very moment: whoever looks again finds who they are now.
        row = _note(said, now)
    return jsonify(row.answer), 200


@dataclass(frozen=True, slots=True)
class _Said:
    """What a reader said of a tap."""

    token: str
    key: UUID
    tapped_at: datetime


def _note(said: _Said, now: datetime) -> CheckIn:
    reader: Reader = g.reader
    with shop_transaction(reader.shop_id) as session:
        shop = _enter(session, reader.shop_id)
        member_id = find_token_holder(session, shop.shop_id, said.token)
        if member_id is None:
            raise Refusal(404, "unknown_token", "No member of this shop has this card.")
        tap = Tap(
            location_id=reader.location_id,
            client_key=said.key,
            occurred_at=said.tapped_at,
            actor=Actor("reader", str(reader.id)),
            reader=reader,
        )
        row = check_in(session, shop, member_id, tap, now=now)
    log.info("reader_tap", shop=shop.shop_id, reader=str(reader.id), points=row.points)
    return row


def _tapped_at(body: Body, now: datetime) -> datetime:
    """When it was tapped: now, unless the reader says another time that can be."""
    said = optional_text(body, "tapped_at")
    if said is None:
        return now
    try:
        at = datetime.fromisoformat(said)
    except ValueError as error:
        raise refusals.invalid(tapped_at="Use ISO 8601, such as 2026-11-22T12:00:00Z") from error
    if at.tzinfo is None:
        raise refusals.invalid(tapped_at="The offset from UTC is missing")
    if not now - LATE_MAX <= at <= now + _AHEAD_MAX:
        raise refusals.invalid(tapped_at="This is no time of the last seven days")
    # A clock that runs a little ahead is no reason to count a tap tomorrow.
    return min(at.astimezone(UTC), now)


def _enter(session: Session, shop_id: int) -> Shop:
    shop = session.get(Shop, shop_id)
    if shop is None or shop.status == "uninstalled":
        raise refusals.not_installed()
    return shop


def _unauthorised() -> Refusal:
    return Refusal(401, "unauthorized", "This key is not, or no longer, one of a reader.")


@blueprint.errorhandler(LoyaltyError)
def _refuse(error: LoyaltyError) -> tuple[Response, int, dict[str, str]]:
    refusal = _in_words(error)
    log.info("reader_refused", code=refusal.code, fields=sorted(refusal.fields))
    headers = {"Retry-After": str(_RETRY_AFTER_S)} if refusal.status == 429 else {}
    if refusal.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return jsonify(refusal.as_json()), refusal.status, headers


def _in_words(error: LoyaltyError) -> Refusal:
    match error:
        case Refusal():
            return error
        case MemberNotFound():
            return Refusal(404, "unknown_token", "No member of this shop has this card.")
        case MemberNotActive():
            return refusals.not_active(error.state)
        case LocationNotFound():
            return Refusal(409, "location_closed", "The place of this reader is closed.")
        case IdempotencyConflict():
            return Refusal(409, "client_key_reused", "This key came before with another card.")
        case TooManyRequests():
            return Refusal(429, "too_many_requests", "Too many taps. Try again in a minute.")
    return Refusal(error.status, error.code, "This cannot be done now.")


@blueprint.errorhandler(HTTPException)
def _refuse_request(error: HTTPException) -> tuple[Any, int]:
    status = error.code or 500
    code = {413: "too_large", 404: "not_found", 405: "not_allowed"}.get(status, "invalid")
    return jsonify(Refusal(status, code, error.name).as_json()), status
