"""`/pos/v1`: what the extension on Shopify POS asks of us. JSON in and out, one shop per request.

Each write carries a client key: sent again it counts once and gets the same answer.
"""

import structlog
from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import LoyaltyError
from loyalty.till import grants
from loyalty.till.limits import EACH
from pos_extension import cors, reward_routes
from pos_extension.asking import read_request, till, user
from pos_extension.auth import authenticate, enter
from pos_extension.cards import hand_out_card
from pos_extension.checking_in import CheckingIn
from pos_extension.enrolling import enrol
from pos_extension.granting import Granting
from pos_extension.in_words import in_words
from pos_extension.places import check_place
from pos_extension.reading import ID_MAX
from pos_extension.refusals import Refusal
from pos_extension.scanning import Scanning
from pos_extension.wire import read_public_id
from pos_extension.writes import once

log = structlog.get_logger()

blueprint = Blueprint("till", __name__, url_prefix="/pos/v1")
blueprint.before_app_request(cors.answer_preflight)
blueprint.after_app_request(cors.allow)
blueprint.before_request(authenticate)
blueprint.register_blueprint(reward_routes.blueprint)


@blueprint.get("/settings")
def settings() -> Response:
    """What the extension needs to know before the first scan."""
    asked, location_id = till(), _location()
    with shop_transaction(asked.shop_id) as session:
        shop, now = enter(session, asked), utc_now()
        if location_id != EACH:
            check_place(session, shop.shop_id, location_id)
        allowance = grants.read_allowance(
            session, shop, asked.user_id, now=now, location_id=location_id
        )
    grant = {
        "max_per_day": allowance.cap,
        "left_today": allowance.left,
        "reasons": [{"code": code, "label": label} for code, label in grants.REASONS],
    }
    return jsonify(shop={"name": shop.name, "currency": shop.currency}, grant=grant)


@blueprint.post("/scans")
def scan() -> tuple[Response, int]:
    """Whose code was scanned."""
    body, write = read_request()
    answer = once(till(), write, Scanning.of(body, user(body, write)))
    return jsonify(answer.body), answer.status


@blueprint.post("/members/<member_id>/grants")
def grant(member_id: str) -> tuple[Response, int]:
    """Points by hand, within the user's cap of the day."""
    member = read_public_id(till(), member_id)
    body, write = read_request()
    granting = Granting.of(body, member, write.client_key, user(body, write))
    answer = once(till(), write, granting)
    return jsonify(answer.body), answer.status


@blueprint.post("/members/<member_id>/check-ins")
def check_in(member_id: str) -> tuple[Response, int]:
    """The member is here: points once for each period of the place."""
    member = read_public_id(till(), member_id)
    body, write = read_request()
    checking_in = CheckingIn(member, write.client_key, user(body, write))
    answer = once(till(), write, checking_in)
    return jsonify(answer.body), answer.status


@blueprint.post("/members")
def join() -> tuple[Response, int]:
    """Someone becomes a member, or turns out to be one."""
    body, write = read_request()
    answer = enrol(till(), write, body, user(body, write))
    card = hand_out_card(till(), answer.member_id)
    return jsonify(answer.body | {"card": card}), answer.status


@blueprint.get("/members/<member_id>/card")
def card(member_id: str) -> Response:
    """The way to the member's card."""
    asked = till()
    member = read_public_id(asked, member_id)
    return jsonify(card=hand_out_card(asked, member))


def _location() -> int:
    """Where the till says it stands; EACH where it says nothing that can be a place."""
    said = request.args.get("location_id", EACH, type=int)
    return said if 0 < said <= ID_MAX else EACH


@blueprint.errorhandler(LoyaltyError)
def _refuse(error: LoyaltyError) -> tuple[Response, int]:
    refusal = in_words(error)
    log.info("till_refused", code=refusal.code, fields=sorted(refusal.fields))
    return jsonify(refusal.as_json()), refusal.status


@blueprint.errorhandler(HTTPException)
def _refuse_request(error: HTTPException) -> tuple[Response, int]:
    status = error.code or 500
    code = {413: "too_large", 404: "not_found"}.get(status, "invalid")
    return jsonify(Refusal(status, code, error.name).as_json()), status
