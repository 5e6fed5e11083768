"""What every part of the customer's page that takes forms has in common.

The invariant: a form of another site, or one that is too large, writes nothing.
"""

from flask import Blueprint, Response, request

from loyalty.audit import Actor
from loyalty.base.errors import (
    LoyaltyError,
    MemberNotActive,
    MemberNotFound,
    NoEmailAddress,
    ProgrammePaused,
    TooManyRequests,
)
from wallet.customer_answers import gone, not_found, protect, refused
from wallet.links import CardLink
from wallet.web import FORM_MAX, POLICY, is_same_origin

TRY_AGAIN = "Open your card and try again."


def make_blueprint(name: str) -> Blueprint:
    """A blueprint below /card whose answers are protected and whose refusals are pages."""
    blueprint = Blueprint(name, __name__, url_prefix="/card")
    blueprint.before_request(_check_form)
    blueprint.after_request(_protect)
    blueprint.register_error_handler(404, lambda _: not_found())
    blueprint.register_error_handler(410, lambda _: gone())
    blueprint.register_error_handler(413, _too_much)
    blueprint.register_error_handler(LoyaltyError, refuse)
    return blueprint


def refuse(error: LoyaltyError) -> Response:
    """The page that says why not."""
    match error:
        case MemberNotFound():
            return not_found()
        case TooManyRequests():
            advice = "We sent you several codes today. Look for the newest, or try tomorrow."
            return refused("That is enough for today", advice, 429)
        case MemberNotActive():
            return refused("This card rests", "Your account with this shop is closed.", 409)
        case NoEmailAddress():
            advice = "The shop knows no address that emails reach. Tell it one, then try again."
            return refused("We cannot send you a code", advice, 409)
        case ProgrammePaused():
            return refused("The programme is paused", "Your points are kept. Try later.", 409)
    return refused("This cannot be done now", TRY_AGAIN, error.status)


def actor_of(link: CardLink) -> Actor:
    """The member, as the audit trail names them."""
    return Actor("member", str(link.member_id))


def _check_form() -> Response | None:
    request.max_content_length = FORM_MAX
    if request.method == "POST" and not is_same_origin():
        return refused("This did not come from your card", TRY_AGAIN, 403)
    return None


def _protect(response: Response) -> Response:
    return protect(response, POLICY)


def _too_much(_: Exception) -> Response:
    return refused("That is too much at once", TRY_AGAIN, 413)
