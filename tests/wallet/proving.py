"""What a member does to prove that it is them: ask on the page, read the email, type the code."""

from datetime import timedelta
from urllib.parse import urlsplit
from uuid import UUID

from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from loyalty.base.db import shop_transaction
from loyalty.members.tables import Member
from loyalty.proofs.challenges import code_of
from loyalty.proofs.tables import EmailChallenge
from tests.wallet.cast import Cardholder
from wallet import setup

OURS = {"Sec-Fetch-Site": "same-origin"}


def path(member: Cardholder) -> str:
    """The member's page, without the host."""
    return urlsplit(member.url()).path


def ask(client: FlaskClient, member: Cardholder, purpose: str) -> str:
    """Press the button; where the code is to be typed."""
    answer = client.post(f"{path(member)}/codes", data={"purpose": purpose}, headers=OURS)
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def code_for(member: Cardholder, place: str) -> str:
    """The digits that stand in the email."""
    with shop_transaction(member.shop_id) as session:
        own = session.get_one(Member, (member.shop_id, member.member_id))
    challenge_id = UUID(place.rsplit("/", 1)[-1])
    return code_of(setup.current().link_secret, member.shop_id, challenge_id, own.email_norm)


def wrong_code_for(member: Cardholder, place: str) -> str:
    """Six digits that are not those."""
    return f"{(int(code_for(member, place)) + 1) % 10**6:06d}"


def type_code(client: FlaskClient, place: str, code: str) -> TestResponse:
    """Send the form."""
    return client.post(place, data={"code": code}, headers=OURS)


def prove(client: FlaskClient, member: Cardholder, purpose: str) -> TestResponse:
    """All of it: ask, and type the right code."""
    place = ask(client, member, purpose)
    return type_code(client, place, code_for(member, place))


def challenges_of(member: Cardholder) -> list[EmailChallenge]:
    """What the member has asked for, oldest first."""
    with shop_transaction(member.shop_id) as session:
        own = select(EmailChallenge).where(EmailChallenge.member_id == member.member_id)
        return list(session.scalars(own.order_by(EmailChallenge.asked_at)))


def let_pass(member: Cardholder, time: timedelta) -> None:
    """Move what the member has asked for so far into the past."""
    with shop_transaction(member.shop_id) as session:
        earlier = EmailChallenge.asked_at - time
        own = EmailChallenge.member_id == member.member_id
        session.execute(update(EmailChallenge).where(own).values(asked_at=earlier))
