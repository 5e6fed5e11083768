"""`/card/till/<token>`: where a code that a cashier showed leads. It sends the card to its member.

The invariant: this link opens no card, for the cashier has seen it too. It says nothing of the
member but where a mail would go, and is over within the hour.
"""

from datetime import datetime, timedelta

from flask import Response, redirect, render_template, request, url_for
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from loyalty import audit, outbox, timeline
from loyalty.audit import AuditRow
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import NoEmailAddress, TooManyRequests
from loyalty.ledger.posting import lock_balance
from loyalty.members.contact import mask_contact
from loyalty.members.states import get_active_member
from loyalty.members.tables import Member
from wallet import setup
from wallet.customer_answers import refused
from wallet.customer_forms import actor_of, make_blueprint
from wallet.icons import icon
from wallet.links import CardLink
from wallet.web import link_of, live_content

blueprint = make_blueprint("till_link")

PER_HOUR = 3
_HOUR = timedelta(hours=1)
_ACTION = "card_asked_by_till_link"


@blueprint.get("/till/<token>")
def show(token: str) -> str:
    """The page that offers to send the card; after that, that it is on its way."""
    link = link_of(token, purpose="till")
    with shop_transaction(link.shop_id) as session:
        content = live_content(session, link)
        member = get_active_member(session, link.shop_id, link.member_id)
        address = mask_contact(member.email, None) if setup.reaches(session, member) else None
    return render_template(
        "wallet/till_link.html",
        card=content,
        token=token,
        icon=icon,
        address=address,
        is_sent="sent" in request.args,
    )


@blueprint.post("/till/<token>")
def send(token: str) -> AnyResponse:
    """Have the card sent to the member's address: 303 back to the page; 429 after a few."""
    link = link_of(token, purpose="till")
    with shop_transaction(link.shop_id) as session:
        live_content(session, link)
        _send_card(session, link, utc_now())
    return redirect(url_for("till_link.show", token=token, sent=1), 303)


def _send_card(session: Session, link: CardLink, now: datetime) -> None:
    ids = link.shop_id, link.member_id
    lock_balance(session, *ids)
    member = get_active_member(session, *ids)
    if not setup.reaches(session, member):
        raise NoEmailAddress("no address that emails reach")
    if _asked_since(session, member, now - _HOUR) >= PER_HOUR:
        raise TooManyRequests("the card was sent several times")
    body = {"is_asked_for": True}
    outbox.stage(session, ids[0], outbox.CARD_EMAIL_ASKED, member_id=ids[1], body=body, now=now)
    kind, actor = timeline.EMAIL_ASKED, actor_of(link)
    timeline.note_event(session, *ids, kind, now, email="card", actor=str(actor))
    audit.record(session, ids[0], actor, _ACTION, ("member", str(ids[1])), now=now)


def _asked_since(session: Session, member: Member, since: datetime) -> int:
    statement = select(func.count()).where(
        AuditRow.shop_id == member.shop_id,
        AuditRow.at > since,
        AuditRow.action == _ACTION,
        AuditRow.subject_id == str(member.id),
    )
    return session.scalar(statement) or 0


@blueprint.errorhandler(TooManyRequests)
def _too_often(_: Exception) -> Response:
    advice = "Look for it in your mail, in spam too, or try again in an hour."
    return refused("We sent your card several times", advice, 429)
