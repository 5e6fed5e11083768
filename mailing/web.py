"""What the world tells us of emails: SNS with SES's feedback, and people who unsubscribe.

Reading changes nothing: mail programs open every link to look for malware.
"""

import structlog
from flask import Blueprint, Response, abort, render_template, request, url_for
from sqlalchemy.orm import Session

from loyalty.actions.verifying import prove_email
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import MemberHasMoved, MemberNotActive, MemberNotFound
from loyalty.ledger.posting import lock_balance
from loyalty.members.identity import survivor_of
from loyalty.members.states import get_active_member
from loyalty.members.tables import Member
from loyalty.shops.tables import Shop
from mailing import setup, sns
from mailing.addresses import address_hash
from mailing.errors import (
    BadUnsubscribeLink,
    BadVerifyLink,
    ForgedMessage,
    NoLongerTheirs,
    SnsUnreachable,
    VerifyLinkExpired,
)
from mailing.events import read_event
from mailing.facts import read_facts
from mailing.feedback import take_event
from mailing.page_wording import browser_words, words_for
from mailing.topics import TOPICS
from mailing.unsubscribe_links import UnsubscribeLink, make_token, read_token
from mailing.unsubscribing import choose_topics, read_choice, unsubscribe_all
from mailing.values import points_in_words
from mailing.verify_links import VerifyLink
from mailing.verify_links import read_token as read_verify_token

log = structlog.get_logger()

blueprint = Blueprint(
    "mail",
    __name__,
    url_prefix="/mail",
    template_folder="templates",
    static_folder="static",
)

_BODY_MAX = 300 * 1024  # SNS sends 256 KB at the most
_POLICY = (
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)


@blueprint.before_request
def _limit_body() -> None:
    request.max_content_length = _BODY_MAX


@blueprint.after_request
def _protect(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["X-Robots-Tag"] = "noindex"
    if request.endpoint != "mail.static":
        response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.post("/sns")
def take_sns() -> Response:
    """200 for what SNS signed, 403 for what it did not, 503 when SNS should come again."""
    if not setup.current().topic_arns:
        abort(404)
    now = utc_now()
    try:
        message = sns.read_message(request.get_data(), now=now)
        if message.subscribe_url is not None:
            sns.confirm(message)
            log.info("sns_confirmed", topic=message.topic_arn)
    except ForgedMessage as error:
        log.warning("sns_refused", reason=str(error))
        abort(403)
    except SnsUnreachable as error:
        log.warning("sns_unreachable", reason=str(error))
        abort(503)
    if message.type == "UnsubscribeConfirmation":
        log.error("sns_unsubscribed", topic=message.topic_arn)
    event = read_event(message.text, sent_at=min(message.sent_at, now))
    if message.type == "Notification" and event is not None:
        take_event(event, message.message_id, now=now)
    return Response(status=200)


@blueprint.get("/unsubscribe/<token>")
def show_unsubscribe(token: str) -> str:
    """A page with a button, and the topics of which emails can still come."""
    return _unsubscribe_page(_link(token))


@blueprint.post("/unsubscribe/<token>")
def unsubscribe(token: str) -> str:
    """Do it: by the page's button, or by a mail program's own (RFC 8058). Twice is as once."""
    link = _link(token)
    with shop_transaction(link.shop_id) as session:
        _shop_of(session, link)
        unsubscribe_all(session, link, now=utc_now())
    return _unsubscribe_page(link)


@blueprint.post("/unsubscribe/<token>/topics")
def choose(token: str) -> str:
    """Only emails of these topics, please."""
    link = _link(token)
    try:
        with shop_transaction(link.shop_id) as session:
            _shop_of(session, link)
            choose_topics(session, link, request.form.getlist("topic"), now=utc_now())
    except NoLongerTheirs:
        abort(410)
    return _unsubscribe_page(link, is_saved=True)


@blueprint.get("/verify/<token>")
def show_verification(token: str) -> str:
    """A page with a button: who only looks at the link has proved nothing."""
    link = _verify_link(token)
    with shop_transaction(link.shop_id) as session:
        member = _addressee(session, link)
        return _verification(session, link, member, is_done=member.email_verified_at is not None)


@blueprint.post("/verify/<token>")
def verify(token: str) -> str:
    """The address is the member's. Twice is as once."""
    link = _verify_link(token)
    with shop_transaction(link.shop_id) as session:
        member = _addressee(session, link)
        shop = session.get_one(Shop, link.shop_id)
        action = prove_email(session, shop, member.id, now=utc_now())
        points = action.points if action and action.state == "earned" else 0
        return _verification(session, link, member, is_done=True, points=points)


@blueprint.errorhandler(410)
def _gone(_: Exception) -> tuple[str, int]:
    page = browser_words(request.accept_languages)
    return render_template("mailing/old_link.html", page=page), 410


@blueprint.errorhandler(404)
def _unknown(_: Exception) -> tuple[str, int]:
    page = browser_words(request.accept_languages)
    return render_template("mailing/no_link.html", page=page), 404


def _link(token: str) -> UnsubscribeLink:
    try:
        return read_token(token)
    except BadUnsubscribeLink:
        abort(404)


def _verify_link(token: str) -> VerifyLink:
    try:
        return read_verify_token(token, now=utc_now())
    except VerifyLinkExpired:
        abort(410)
    except BadVerifyLink:
        abort(404)


def _addressee(session: Session, link: VerifyLink) -> Member:
    """Whose address it is; ends the request when the link was sent to an earlier one of theirs."""
    member_id = survivor_of(session, link.shop_id, link.member_id)
    try:
        lock_balance(session, link.shop_id, member_id)
        member = get_active_member(session, link.shop_id, member_id)
    except (MemberNotFound, MemberNotActive, MemberHasMoved):
        abort(410)
    if address_hash(link.shop_id, member.email_norm) != link.address_hash:
        abort(410)
    return member


def _verification(
    session: Session, link: VerifyLink, member: Member, *, is_done: bool, points: int = 0
) -> str:
    shop = _shop_of(session, link)
    return render_template(
        "mailing/verify.html",
        shop=shop.name,
        page=words_for(session, shop, member.id),
        is_done=is_done,
        points=points_in_words(read_facts(session, member), points) if points else "",
        card=setup.current().card_links(link.shop_id, link.member_id).page,
    )


def _unsubscribe_page(link: UnsubscribeLink, *, is_saved: bool = False) -> str:
    with shop_transaction(link.shop_id) as session:
        shop = _shop_of(session, link)
        choice = read_choice(session, link)
        page = words_for(session, shop, link.member_id)
    return render_template(
        "mailing/unsubscribe.html",
        shop=shop.name,
        choice=choice,
        page=page,
        topics=TOPICS,
        here=url_for("mail.show_unsubscribe", token=make_token(link)),
        is_saved=is_saved,
    )


def _shop_of(session: Session, link: UnsubscribeLink | VerifyLink) -> Shop:
    """The shop that wrote; ends the request when it is no longer here."""
    shop = session.get(Shop, link.shop_id)
    if shop is None:
        abort(404)
    return shop
