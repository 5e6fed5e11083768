"""Envelope and letter of one email: who from, who to, and the way to unsubscribe."""

from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.utils import formataddr, parseaddr
from typing import Any
from uuid import UUID

from mailing import setup
from mailing.addresses import deliverable
from mailing.catalogue import Mail
from mailing.facts import Facts
from mailing.looks import Look
from mailing.ses import MESSAGE_HEADER, MESSAGE_TAG, SHOP_TAG, Outgoing
from mailing.unsubscribe_links import UnsubscribeLink, unsubscribe_url
from mailing.verify_links import verify_url
from mailing.wording import Draft
from mailing.writing import Links, Words, write

_NAME_MAX = 100


@dataclass(frozen=True, slots=True)
class Letter:
    """What an email is made of, read in one transaction and written outside of it.

    `body` is that of the event which asked for it, at `asked_at`. `draft`: what it says, in the
    member's language.
    """

    shop_id: int
    message_id: UUID
    member_id: UUID
    address: str
    address_hash: str
    facts: Facts
    mail: Mail
    draft: Draft
    look: Look
    body: dict[str, Any]
    asked_at: datetime


def compose(letter: Letter) -> Outgoing:
    """The email, ready to go."""
    unsubscribe = unsubscribe_url(
        UnsubscribeLink(letter.shop_id, letter.member_id, letter.address_hash)
    )
    words = _write(letter, unsubscribe)
    address = deliverable(letter.address)
    assert address is not None, "an address that cannot be one is blocked before"
    return Outgoing(
        sender=sender_of(letter.facts.shop),
        to=address,
        subject=words.subject,
        html=words.html,
        text=words.text,
        headers={
            # https://www.rfc-editor.org/rfc/rfc8058 (read 2026-11-22)
            "List-Unsubscribe": f"<{unsubscribe}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            MESSAGE_HEADER: f"{letter.shop_id}/{letter.message_id}",
        },
        tags={SHOP_TAG: str(letter.shop_id), MESSAGE_TAG: str(letter.message_id)},
        reply_to=deliverable(letter.facts.reply_to),
    )


def _write(letter: Letter, unsubscribe: str) -> Words:
    card = setup.current().card_links(letter.shop_id, letter.member_id)
    verify = verify_url(
        letter.shop_id, letter.member_id, letter.address_hash, asked_at=letter.asked_at
    )
    links = Links(card.page, unsubscribe, verify, card.apple, card.google)
    return write(letter.mail, letter.draft, letter.facts, letter.body, links, letter.look)


def sender_of(shop: str) -> str:
    """Our address under the shop's name, in ASCII as SES wants it."""
    address = parseaddr(setup.current().sender)[1]
    name = " ".join(shop.split())[:_NAME_MAX]
    if name.isascii():
        return formataddr((name, address))
    return f"{Header(name, 'utf-8').encode(linesep='')} <{address}>"
