"""`/pos/v1`, the part of rewards: what a member can have, redeeming it, and taking it back.

No cost, balance or discount is read of what a till sends: the server knows them.
"""

from flask import Blueprint, Response, jsonify, request

from loyalty.audit import Actor
from pos_extension import redeeming
from pos_extension.asking import read_request, till, user
from pos_extension.offering import read_redemption_id
from pos_extension.wire import read_public_id

blueprint = Blueprint("rewards", __name__)


@blueprint.get("/members/<member_id>/rewards")
def rewards(member_id: str) -> Response:
    """What the member can redeem, for a cart of `cart_subtotal`, and which codes they hold."""
    member, cart = read_public_id(till(), member_id), request.args
    found = redeeming.list_rewards(
        till(), member, cart.get("cart_subtotal"), cart.get("cart_currency")
    )
    return jsonify(found)


@blueprint.post("/members/<member_id>/redemptions")
def redeem(member_id: str) -> tuple[Response, int]:
    """Points become a code for the cart."""
    member = read_public_id(till(), member_id)
    body, write = read_request()
    answer, status = redeeming.redeem(till(), member, body, user(body, write))
    return jsonify(answer), status


@blueprint.get("/redemptions/<redemption_id>")
def read(redemption_id: str) -> Response:
    """How far a redemption is."""
    found = read_redemption_id(till(), redemption_id)
    return jsonify(redeeming.read_redemption(till(), found))


@blueprint.delete("/redemptions/<redemption_id>")
def void(redemption_id: str) -> Response:
    """Take an unused code back; its points come back with it."""
    found = read_redemption_id(till(), redemption_id)
    actor = Actor("till_user", str(till().user_id))
    return jsonify(redeeming.void(till(), found, actor))
