"""What the world tells us of emails: SNS with SES's feedback, and people who unsubscribe.

Reading changes nothing: mail programs open every link to look for malware.
"""

import structlog
from flask import Blueprint, Response, abort, render_template, request

from loyalty import timeline
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.members.tables import Member
from loyalty.shops.tables import Shop
from mailing import addresses, setup, sns
from mailing.errors import BadUnsubscribeLink, ForgedMessage, SnsUnreachable
from mailing.events import read_event
from mailing.feedback import take_event
from mailing.unsubscribe_links import UnsubscribeLink, read_token

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
    """A page with a button."""
    link = _link(token)
    return render_template("mailing/unsubscribe.html", shop=_shop_name(link), is_done=False)


@blueprint.post("/unsubscribe/<token>")
def unsubscribe(token: str) -> str:
    """Do it: by the page's button, or by a mail program's own (RFC 8058). Twice is as once."""
    link = _link(token)
    shop = _shop_name(link)
    now = utc_now()
    with shop_transaction(link.shop_id) as session:
        is_new = addresses.unsubscribe(session, link.shop_id, link.address_hash, now=now)
        if is_new and session.get(Member, (link.shop_id, link.member_id)) is not None:
            timeline.note_event(
                session, link.shop_id, link.member_id, timeline.EMAIL_UNSUBSCRIBED, now
            )
    return render_template("mailing/unsubscribe.html", shop=shop, is_done=True)


@blueprint.errorhandler(404)
def _unknown(_: Exception) -> tuple[str, int]:
    return render_template("mailing/no_link.html"), 404


def _link(token: str) -> UnsubscribeLink:
    try:
        return read_token(token)
    except BadUnsubscribeLink:
        abort(404)


def _shop_name(link: UnsubscribeLink) -> str:
    """The shop that wrote; ends the request when it is no longer here."""
    with shop_transaction(link.shop_id) as session:
        shop = session.get(Shop, link.shop_id)
    if shop is None:
        abort(404)
    return shop.name
