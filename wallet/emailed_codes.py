"""Has codes sent to members and checks what they type. A wrong one is counted before the answer."""

from typing import Any
from uuid import UUID

from flask import redirect, request, url_for
from werkzeug.exceptions import Forbidden
from werkzeug.wrappers import Response as AnyResponse

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import NoEmailAddress
from loyalty.members.tables import Member
from loyalty.proofs import challenges
from loyalty.proofs.challenges import Purpose, Verdict
from loyalty.proofs.tables import EmailChallenge
from wallet import setup
from wallet.customer_forms import actor_of
from wallet.links import CardLink
from wallet.web import live_content


def send_code(
    link: CardLink,
    token: str,
    purpose: Purpose,
    *,
    body: dict[str, Any] | None = None,
    said: dict[str, Any] | None = None,
) -> AnyResponse:
    """Have a code sent that lets `purpose` happen as `body` has it: 303 to where it is typed."""
    with shop_transaction(link.shop_id) as session:
        live_content(session, link)
        if not setup.reaches(session, session.get_one(Member, (link.shop_id, link.member_id))):
            raise NoEmailAddress("no address that emails reach")
        challenge = challenges.ask(
            session,
            link.shop_id,
            link.member_id,
            purpose,
            body=body or {},
            said=said,
            actor=actor_of(link),
            now=utc_now(),
        )
    return redirect(url_for("codes.show", token=token, challenge_id=challenge.id), 303)


def try_code(
    link: CardLink, challenge_id: UUID, typed: str
) -> tuple[EmailChallenge | None, Verdict]:
    """The member's challenge, and what of the code; committed."""
    key = setup.current().link_secret
    with shop_transaction(link.shop_id) as session:
        live_content(session, link)
        challenge = challenges.find_challenge(session, link.shop_id, link.member_id, challenge_id)
        if challenge is None:
            return None, "over"
        return challenge, challenges.try_code(session, challenge, typed, key=key, now=utc_now())


def check_again(link: CardLink, purpose: Purpose) -> EmailChallenge:
    """The challenge whose code a form of a page behind it sends along; 403 if it proves nothing.

    It is good until the challenge's time is over.
    """
    try:
        challenge_id = UUID(request.form.get("challenge", ""))
    except ValueError as error:
        raise Forbidden from error
    challenge, verdict = try_code(link, challenge_id, request.form.get("code", ""))
    if challenge is None or verdict != "right" or challenge.purpose != purpose:
        raise Forbidden
    return challenge
