"""A test send: the email that a draft makes, to one address of the staff's own.

It is no member's: nothing on a timeline tells of it, and what SES reports of it is nobody's news.
"""

from collections.abc import Collection
from datetime import datetime

from loyalty import audit
from loyalty.audit import Actor
from loyalty.base.db import shop_transaction
from loyalty.base.said import said
from loyalty.shops.directory import get_shop
from mailing import pacing, setup
from mailing.addresses import deliverable
from mailing.errors import EmailRefused, PaceExceeded
from mailing.letters import sender_of
from mailing.looks import Look
from mailing.preview import render
from mailing.ses import Outgoing, send
from mailing.wording import Draft

KIND = "test"
MARK = "[Test]"


def send_test(
    shop_id: int,
    mail: str,
    language: str,
    draft: Draft,
    *,
    to: str | None,
    actor: Actor,
    now: datetime,
    look: Look | None = None,
    lacks: Collection[str] = (),
) -> None:
    """Send `draft` to `to`, audited; `lacks` as in a preview. Commits.

    Raises BadTemplate, UnknownMail, EmailRefused with words for whoever asked, and EmailError.
    """
    address = deliverable(to)
    if address is None:
        raise EmailRefused(said("There is no email address to send the test to"))
    if not setup.is_on():
        raise EmailRefused(said("This installation of Encore sends no emails"))
    with shop_transaction(shop_id) as session:
        shop = get_shop(session, shop_id)
        words = render(session, shop, mail, language, draft, look, lacks=lacks)
    try:
        pacing.take(KIND, is_asked_for=True)
    except PaceExceeded as error:
        raise EmailRefused(said("%(reason)s: try again later", reason=error.args[0])) from error
    with shop_transaction(shop_id) as session:  # before it is tried: it may arrive all the same
        subject = ("email", mail)
        audit.record(
            session, shop_id, actor, "test_email_sent", subject, now=now, language=language
        )
    send(
        Outgoing(
            sender=sender_of(shop.name),
            to=address,
            subject=f"{MARK} {words.subject}",
            html=words.html,
            text=words.text,
            reply_to=deliverable(shop.email),
        )
    )
