"""What customers change of their own details on their page: name, birthday, and proof of an email.

The link alone does it, so nothing here can be read back that the page does not show, and no
address can be changed: whoever has the link could take the card away with it.
"""

from flask import Blueprint, Response, make_response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from loyalty.actions.birthdays import set_birthday
from loyalty.actions.verifying import ask_for_proof
from loyalty.audit import Actor
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import (
    BadBirthday,
    BadContact,
    EmailNotVerifiable,
    LoyaltyError,
    MemberNotActive,
    TooManyRequests,
)
from loyalty.members.editing import edit_details
from loyalty.shops.directory import get_shop
from wallet import setup
from wallet.customer_answers import gone, not_found, protect, refused
from wallet.links import CardLink
from wallet.own_page import Problem
from wallet.web import FORM_MAX, POLICY, is_same_origin, link_of, live_content, render_page

blueprint = Blueprint("own", __name__, url_prefix="/card")

_TRY_AGAIN = "Open your card and try again."


@blueprint.before_request
def _check_form() -> Response | None:
    """403 for a form of another site: nothing is written then."""
    request.max_content_length = FORM_MAX
    if not is_same_origin():
        return refused("This did not come from your card", _TRY_AGAIN, 403)
    return None


@blueprint.after_request
def _protect(response: Response) -> Response:
    return protect(response, POLICY)


@blueprint.post("/<token>/name")
def save_name(token: str) -> AnyResponse:
    """Store the name as it was typed: 303 back to the page, 422 with the reason on it."""
    link = link_of(token)
    typed = {name: request.form.get(name, "") for name in ("first_name", "last_name")}
    try:
        if not typed["first_name"].strip():
            raise BadContact("first_name", "Enter your first name")
        with shop_transaction(link.shop_id) as session:
            live_content(session, link)
            shop = get_shop(session, link.shop_id)
            edit_details(session, shop, link.member_id, typed, actor=_actor(link), now=utc_now())
    except BadContact as error:
        page = render_page(link, token, Problem(error.field, str(error), typed))
        return make_response(page, 422)
    return _back(token)


@blueprint.post("/<token>/birthday")
def save_birthday(token: str) -> AnyResponse:
    """Store month and day, or forget them: 303 back to the page, 422 with the reason on it."""
    link = link_of(token)
    typed = {name: request.form.get(name, "") for name in ("month", "day")}
    try:
        month, day = (_number(name, typed[name]) for name in ("month", "day"))
        with shop_transaction(link.shop_id) as session:
            live_content(session, link)
            shop = get_shop(session, link.shop_id)
            set_birthday(
                session,
                shop,
                link.member_id,
                month=month,
                day=day,
                actor=_actor(link),
                now=utc_now(),
            )
    except BadBirthday as error:
        page = render_page(link, token, Problem(error.field, str(error), typed))
        return make_response(page, 422)
    return _back(token)


@blueprint.post("/<token>/verification")
def ask_verification(token: str) -> AnyResponse:
    """Have the link that proves the address sent to it: 303 back to the page."""
    link = link_of(token)
    if not setup.current().sends_email:
        return refused("No email can be sent just now", "Ask the shop to confirm it.", 404)
    with shop_transaction(link.shop_id) as session:
        live_content(session, link)
        ask_for_proof(session, link.shop_id, link.member_id, actor=_actor(link), now=utc_now())
    return _back(token)


@blueprint.errorhandler(LoyaltyError)
def _refuse(error: LoyaltyError) -> Response:
    match error:
        case EmailNotVerifiable():
            return refused(str(error), "There is nothing to confirm.", 409)
        case TooManyRequests():
            advice = "We sent you several emails today. Look for the newest, or try tomorrow."
            return refused("That is enough for today", advice, 429)
        case MemberNotActive():
            return refused("This card rests", "Your account with this shop is closed.", 409)
    return refused("This cannot be done now", _TRY_AGAIN, error.status)


@blueprint.errorhandler(404)
def _unknown(_: Exception) -> Response:
    return not_found()


@blueprint.errorhandler(410)
def _gone(_: Exception) -> Response:
    return gone()


@blueprint.errorhandler(413)
def _too_much(_: Exception) -> Response:
    return refused("That is too much at once", _TRY_AGAIN, 413)


def _number(name: str, text: str) -> int | None:
    """A small number of a form; None for an empty field. Raises BadBirthday."""
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 2):
        raise BadBirthday(name, "Choose one of the list")
    return int(text)


def _actor(link: CardLink) -> Actor:
    return Actor("member", str(link.member_id))


def _back(token: str) -> AnyResponse:
    return redirect(url_for("card.show", token=token, _anchor="details"), 303)
