"""The page on which a customer types the code that was sent to them, and what it lets happen.

The link of a card shows and switches; whatever is more than that goes through here.
"""

from collections.abc import Callable
from uuid import UUID

from flask import Response, make_response, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.members.contact import mask_contact
from loyalty.members.tables import Member
from loyalty.proofs import challenges
from loyalty.proofs.challenges import GOOD_FOR, TRIES_MAX, Purpose
from loyalty.proofs.tables import EmailChallenge
from loyalty.shops.directory import get_shop
from wallet import own_data, reward_forms
from wallet.customer_answers import refused
from wallet.customer_forms import TRY_AGAIN, make_blueprint
from wallet.emailed_codes import send_code, try_code
from wallet.icons import icon
from wallet.links import CardLink
from wallet.own_page import clock_time
from wallet.web import link_of, live_content

blueprint = make_blueprint("codes")

Deed = Callable[[CardLink, str, EmailChallenge], AnyResponse]
_DEEDS: dict[str, Deed] = {
    "data": own_data.show,
    "erase": own_data.erase,
    "redeem": reward_forms.carry_out,
}
_BUTTONS = {"data": "Show my data", "erase": "Delete my data", "redeem": "Redeem"}
_ABOUT = {
    "erase": "Seven days later your data is deleted, and your points with it. "
    "Until then you can change your mind on your card.",
}
_ASKED: dict[str, Purpose] = {"data": "data", "erase": "erase"}
"""What is asked for by purpose alone."""


@blueprint.post("/<token>/codes")
def ask(token: str) -> AnyResponse:
    """Have a code sent that lets the form's `purpose` happen: 303 to where it is typed."""
    link = link_of(token)
    purpose = _ASKED.get(request.form.get("purpose", ""))
    if purpose is None:
        return refused("This is not one of your card's buttons", TRY_AGAIN, 422)
    return send_code(link, token, purpose)


@blueprint.get("/<token>/codes/<uuid:challenge_id>")
def show(token: str, challenge_id: UUID) -> AnyResponse:
    """Where the code is typed; 410 when its time is over."""
    link = link_of(token)
    with shop_transaction(link.shop_id) as session:
        live_content(session, link)
        challenge = challenges.find_challenge(session, link.shop_id, link.member_id, challenge_id)
    if challenge is None or challenges.is_over(challenge, utc_now()):
        return _too_late()
    return make_response(_form(link, token, challenge))


@blueprint.post("/<token>/codes/<uuid:challenge_id>")
def check(token: str, challenge_id: UUID) -> AnyResponse:
    """Do what the code is for, if it is right; 422 if it is not, 410 when it is too late."""
    link = link_of(token)
    challenge, verdict = try_code(link, challenge_id, request.form.get("code", ""))
    if challenge is None or verdict == "over":
        return _too_late()
    if verdict == "wrong":
        left = TRIES_MAX - challenge.wrong_tries
        problem = f"This is not the code. You can try {left} more time{'s' if left > 1 else ''}."
        return make_response(_form(link, token, challenge, problem), 422)
    return _DEEDS[challenge.purpose](link, token, challenge)


def _form(link: CardLink, token: str, challenge: EmailChallenge, problem: str = "") -> str:
    with shop_transaction(link.shop_id) as session:
        content = live_content(session, link)
        shop = get_shop(session, link.shop_id)
        member = session.get_one(Member, (link.shop_id, link.member_id))
    return render_template(
        "wallet/code.html",
        card=content,
        token=token,
        challenge=challenge,
        address=mask_contact(member.email, None),
        until=clock_time(challenge.asked_at + GOOD_FOR, shop),
        problem=problem,
        button=_BUTTONS[challenge.purpose],
        about=_ABOUT.get(challenge.purpose) or challenge.body.get("reward"),
        icon=icon,
    )


def _too_late() -> Response:
    return refused("This code is no longer good", "Ask for a new one on your card.", 410)
