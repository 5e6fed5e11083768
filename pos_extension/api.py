"""`/pos/v1`: what the extension on Shopify POS asks of us. JSON in and out, one shop per request.

Each write carries a client key: sent again it counts once and gets the same answer.
"""

from typing import Any

import structlog
from flask import Blueprint, Response, g, jsonify, request
from werkzeug.exceptions import HTTPException

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import (
    BadAdjustment,
    BadContact,
    IdempotencyConflict,
    LocationNotFound,
    LoyaltyError,
    MemberNotActive,
    MemberNotFound,
    OverDailyCap,
)
from loyalty.members.states import get_active_member
from loyalty.till import grants
from loyalty.till.grants import TillUser
from pos_extension import cors, refusals
from pos_extension.auth import Till, authenticate, enter
from pos_extension.cards import card_json
from pos_extension.checking_in import CheckingIn
from pos_extension.enrolling import enrol
from pos_extension.granting import Granting
from pos_extension.reading import Body, optional_identifier, read_body
from pos_extension.refusals import Refusal
from pos_extension.scanning import Scanning
from pos_extension.wire import read_public_id
from pos_extension.writes import Answer, Write, once, read_write

log = structlog.get_logger()

blueprint = Blueprint("till", __name__, url_prefix="/pos/v1")
blueprint.before_app_request(cors.answer_preflight)
blueprint.after_app_request(cors.allow)
blueprint.before_request(authenticate)


@blueprint.get("/settings")
def settings() -> Response:
    """What the extension needs to know before the first scan."""
    till = _till()
    with shop_transaction(till.shop_id) as session:
        shop = enter(session, till)
        allowance = grants.read_allowance(session, shop, till.user_id, now=utc_now())
    grant = {
        "max_per_day": allowance.cap,
        "left_today": allowance.left,
        "reasons": [{"code": code, "label": label} for code, label in grants.REASONS],
    }
    return jsonify(shop={"name": shop.name, "currency": shop.currency}, grant=grant)


@blueprint.post("/scans")
def scan() -> tuple[Response, int]:
    """Whose code was scanned."""
    body, write = _read_write()
    answer = once(_till(), write, Scanning.of(body, _user(body, write)))
    return jsonify(answer.body), answer.status


@blueprint.post("/members/<member_id>/grants")
def grant(member_id: str) -> tuple[Response, int]:
    """Points by hand, within the user's cap of the day."""
    member = read_public_id(_till(), member_id)
    body, write = _read_write()
    granting = Granting.of(body, member, write.client_key, _user(body, write))
    answer = once(_till(), write, granting)
    return jsonify(answer.body), answer.status


@blueprint.post("/members/<member_id>/check-ins")
def check_in(member_id: str) -> tuple[Response, int]:
    """The member is here: points once for each period of the place."""
    member = read_public_id(_till(), member_id)
    body, write = _read_write()
    checking_in = CheckingIn(member, write.client_key, _user(body, write))
    answer = once(_till(), write, checking_in)
    return jsonify(answer.body), answer.status


@blueprint.post("/members")
def join() -> tuple[Response, int]:
    """Someone becomes a member, or turns out to be one."""
    body, write = _read_write()
    answer = enrol(_till(), write, body, _user(body, write))
    return jsonify(answer.body | {"card": _card(answer)}), answer.status


@blueprint.get("/members/<member_id>/card")
def card(member_id: str) -> Response:
    """The way to the member's card."""
    till = _till()
    member = read_public_id(till, member_id)
    with shop_transaction(till.shop_id) as session:
        enter(session, till)
        get_active_member(session, till.shop_id, member)
    return jsonify(card=card_json(till.shop_id, member))


def _till() -> Till:
    till: Till = g.till
    return till


def _read_write() -> tuple[Body, Write]:
    body = read_body(request)
    return body, read_write(request.path, body)


def _user(body: Body, write: Write) -> TillUser:
    pinned = optional_identifier(body, "pinned_staff_id")
    return TillUser(_till().user_id, write.location_id, pinned)


def _card(answer: Answer) -> dict[str, Any]:
    return card_json(_till().shop_id, answer.member_id)


@blueprint.errorhandler(LoyaltyError)
def _refuse(error: LoyaltyError) -> tuple[Response, int]:
    refusal = _in_words(error)
    log.info("till_refused", code=refusal.code, fields=sorted(refusal.fields))
    return jsonify(refusal.as_json()), refusal.status


def _in_words(error: LoyaltyError) -> Refusal:
    match error:
        case Refusal():
            return error
        case BadAdjustment() | BadContact():
            return refusals.invalid(**{error.field: str(error)})
        case MemberNotFound():
            return refusals.unknown_member()
        case MemberNotActive():
            return refusals.not_active(error.state)
        case LocationNotFound():
            return refusals.unknown_location()
        case OverDailyCap():
            return refusals.over_daily_cap(error.left)
        case IdempotencyConflict():
            return refusals.client_key_reused()
    return Refusal(error.status, error.code, "This cannot be done now.")


@blueprint.errorhandler(HTTPException)
def _refuse_request(error: HTTPException) -> tuple[Response, int]:
    status = error.code or 500
    code = {413: "too_large", 404: "not_found"}.get(status, "invalid")
    return jsonify(Refusal(status, code, error.name).as_json()), status
