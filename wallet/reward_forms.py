"""Redeeming on the customer's page: ask for a reward, type the code from the email, have the code.

What it costs is worked out when it is redeemed; the form says which reward, and how many points at
most where the customer chooses. The typed code is good for that one redemption.
"""

from datetime import datetime
from uuid import UUID

from flask import Response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import (
    DiscountRefused,
    InsufficientPoints,
    LoyaltyError,
    OutOfStock,
    RewardLimitReached,
    RewardNotAvailable,
    RewardNotFound,
)
from loyalty.proofs.tables import EmailChallenge
from loyalty.redemption.reserving import Wish
from loyalty.redemption.tables import Redemption
from loyalty.shops.directory import get_shop
from loyalty.shops.tables import Shop
from loyalty.till.codes import show_code
from shopify_app.platform.redeeming import redeem
from wallet import setup
from wallet.customer_answers import refused
from wallet.customer_forms import TRY_AGAIN, actor_of, make_blueprint, refuse
from wallet.emailed_codes import send_code
from wallet.icons import icon
from wallet.links import CardLink
from wallet.own_page import clock_time
from wallet.rewards_page import find_offer
from wallet.tokens import raise_epoch
from wallet.web import link_of, live_content

blueprint = make_blueprint("rewards")

_DIGITS_MAX = 12


@blueprint.post("/<token>/rewards/<uuid:reward_id>")
def ask(token: str, reward_id: UUID) -> AnyResponse:
    """Have the code sent that redeems this reward: 303 to where it is typed, 409 with why not."""
    link = link_of(token)
    points = request.form.get("points", "").strip()
    if points and not (points.isascii() and points.isdigit() and len(points) <= _DIGITS_MAX):
        return refused("This is no number of points", TRY_AGAIN, 422)
    asked = int(points) if points else None
    with shop_transaction(link.shop_id) as session:
        live_content(session, link)
        shop = get_shop(session, link.shop_id)
        offer = find_offer(session, shop, link.member_id, reward_id, now=utc_now())
    if offer is None:
        raise RewardNotFound(str(reward_id))
    if not offer.is_redeemable:
        raise RewardNotAvailable(offer.why_not)
    if offer.points_min is None:
        asked = None
    elif asked is not None and asked < offer.points_min:
        raise RewardNotAvailable(f"It takes at least {offer.points_min} points")
    body = {"reward_id": str(reward_id), "reward": offer.name, "points": asked}
    return send_code(link, token, "redeem", body=body, said={"reward": offer.name})


def carry_out(link: CardLink, token: str, challenge: EmailChallenge) -> AnyResponse:
    """Redeem what the challenge is for: 303 to the card, on which the code is. Twice is as once."""
    wish = Wish(
        reward_id=UUID(challenge.body["reward_id"]),
        channel="online",
        client_key=challenge.id,
        points=challenge.body["points"],
    )
    try:
        redeem(link.shop_id, link.member_id, wish, actor=actor_of(link), within=_renew_card)
    except LoyaltyError as error:
        return _refuse(error)
    return redirect(url_for("card.show", token=token, _anchor="rewards"), 303)


def _renew_card(session: Session, shop: Shop, redemption: Redemption, now: datetime) -> None:
    """A copy of the card's code from before redeems nothing more at the till."""
    raise_epoch(session, shop.shop_id, redemption.member_id, now=now)


@blueprint.post("/<token>/till-code")
def show_till_code(token: str) -> str:
    """Six digits for the cashier, good for a minute: the card's own code may have been copied."""
    link = link_of(token)
    secret = setup.current().link_secret
    with shop_transaction(link.shop_id) as session:
        content = live_content(session, link)
        shown = show_code(session, link.shop_id, link.member_id, secret=secret, now=utc_now())
        until = clock_time(shown.expires_at, get_shop(session, link.shop_id), "medium")
    return render_template(
        "wallet/till_code.html", card=content, token=token, code=shown.code, until=until, icon=icon
    )


@blueprint.errorhandler(LoyaltyError)
def _refuse(error: LoyaltyError) -> Response:
    match error:
        case DiscountRefused():
            advice = "The shop could not make it. Your points are back: try later, or ask there."
            return refused("This reward cannot be had just now", advice, 409)
        case RewardNotFound():
            return refused("This reward is not offered any more", "Choose another one.", 404)
        case RewardNotAvailable() | RewardLimitReached() | OutOfStock() | InsufficientPoints():
            advice = f"{error}. Your points are untouched."
            return refused("This reward cannot be redeemed now", advice, 409)
    return refuse(error)
