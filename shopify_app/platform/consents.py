"""Our words and Shopify's on a member's consent are made one: the later word, on both sides.

Shopify is looked at first and its later words are taken over; then it is told what is later here.
So a word goes nowhere twice, and what came back from where it went is no news. Not in a
transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty import outbox
from loyalty.base.bulk import among
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.members.consent import SHOPIFY, VERIFIED, MemberConsent
from loyalty.members.facts import normalise_email
from loyalty.members.hearing import Told, hear
from loyalty.members.identity import survivor_of
from loyalty.members.tables import Customer, Member
from loyalty.shops.directory import get_shop
from shopify_app.platform import client
from shopify_app.platform.errors import NeedsReauth, ShopifyError, UserErrors
from shopify_app.platform.payloads.consents import read_consents, word_of
from shopify_app.platform.payloads.reading import identifier

log = structlog.get_logger()

BATCH = 50
"""How many members are looked at together."""
_AT_ONCE_MAX = 50
_PATIENCE = {"attempts_max": 3}
_DOCUMENTS = {"email": "customer_email_consent", "sms": "customer_sms_consent"}
_FIELDS = {"email": "emailMarketingConsent", "sms": "smsMarketingConsent"}
Errors = dict[UUID, Exception | None]
Node = dict[str, Any]


class NobodyThere(Exception):
    """The shop has left or its token is dead: what is to be told waits, and counts no attempt."""

    retryable = True
    retry_after = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Person:
    """A customer of Shopify's and the member they are; `told_for`: who was asked for."""

    customer_id: int
    told_for: UUID
    member_id: UUID
    email_norm: str
    phone: str | None

    @property
    def gid(self) -> str:
        """How the Admin API names the customer."""
        return f"gid://shopify/Customer/{self.customer_id}"


class Word(NamedTuple):
    """A yes or no that was said here."""

    member_id: UUID
    channel: str
    state: str
    source: str
    changed_at: datetime


def agree_on_member(shop_id: int, member_id: UUID) -> None:
    """Make one member's words the same here and in Shopify; raises what kept it from that."""
    error = agree_on_members(shop_id, [member_id])[member_id]
    if error is not None:
        raise error


def agree_on_members(shop_id: int, member_ids: Sequence[UUID]) -> Errors:
    """The same for several in few calls; each member's error. Commits."""
    errors: Errors = dict.fromkeys(member_ids)
    people = _list_people(shop_id, member_ids)
    try:
        for start in range(0, len(people), _AT_ONCE_MAX):
            _agree(shop_id, people[start : start + _AT_ONCE_MAX], errors)
    except NeedsReauth as error:
        raise NobodyThere("the shop's token is dead") from error
    return errors


def _list_people(shop_id: int, member_ids: Sequence[UUID]) -> list[Person]:
    """Shopify's customers of these members, or of who has taken them in."""
    with shop_transaction(shop_id) as session:
        if get_shop(session, shop_id).status != "installed":
            raise NobodyThere("the shop has left")
        owners = {survivor_of(session, shop_id, each): each for each in member_ids}
        rows = session.execute(
            select(Customer.customer_id, Member.id, Member.email_norm, Member.phone)
            .join(Member, (Member.shop_id == Customer.shop_id) & (Member.id == Customer.member_id))
            .where(
                Customer.shop_id == shop_id,
                among(Customer.member_id, owners),
                Customer.deleted_at.is_(None),
                Customer.redacted_at.is_(None),
                Member.state != "erased",
            )
            .order_by(Customer.customer_id)
        ).all()
    return [Person(row[0], owners[row.id], row.id, row.email_norm, row.phone) for row in rows]


def _agree(shop_id: int, people: Sequence[Person], errors: Errors) -> None:
    """Look at Shopify, take over its later words, and tell it ours."""
    ids = [person.gid for person in people]
    answer = client.execute(shop_id, "customer_consents", {"ids": ids}, **_PATIENCE)["nodes"]
    nodes = {identifier(node["id"], "customer.id"): node for node in answer if node}
    with shop_transaction(shop_id) as session:
        told = {customer_id: read_consents(node) for customer_id, node in nodes.items()}
        _hear(session, shop_id, told)
        ours = _list_ours(session, shop_id, people)
    for person in people:
        for word in ours:
            node = nodes.get(person.customer_id)
            if node is not None and word.member_id == person.member_id:
                _tell(shop_id, person, word, node, errors)


def _list_ours(session: Session, shop_id: int, people: Sequence[Person]) -> list[Word]:
    """The words of these members that did not come from Shopify."""
    members = {person.member_id for person in people}
    rows = session.execute(
        select(*(getattr(MemberConsent, name) for name in Word._fields)).where(
            MemberConsent.shop_id == shop_id,
            among(MemberConsent.member_id, members),
            MemberConsent.source != SHOPIFY,
            MemberConsent.state != "asked",
        )
    )
    return [Word(*row) for row in rows]


def _tell(shop_id: int, person: Person, word: Word, node: Node, errors: Errors) -> None:
    """Tell Shopify one word, unless it knows it; a refusal is noted for who was asked for."""
    state, level = _shown(node, word.channel)
    if word_of(state) == word.state or not _is_theirs(person, word, node):
        return
    try:
        client.execute(
            shop_id, _DOCUMENTS[word.channel], {"input": _input(person, word, level)}, **_PATIENCE
        )
    except UserErrors as refusal:
        log.warning("consent_refused", shop=shop_id, reason=str(refusal))
        errors[person.told_for] = refusal
    except NeedsReauth:
        raise
    except ShopifyError as outage:
        errors[person.told_for] = outage
    else:
        log.info("consent_told", shop=shop_id, channel=word.channel)


def _hear(session: Session, shop_id: int, told: Told) -> None:
    """Take over what Shopify says; whoever goes by it, such as a segment, looks again."""
    now = utc_now()
    changed = {member_id for member_id, _ in hear(session, shop_id, told, now=now)}
    for member_id in sorted(changed):
        outbox.stage(session, shop_id, outbox.MEMBER_CHANGED, member_id=member_id, now=now)


def _shown(node: Node, channel: str) -> tuple[str | None, str | None]:
    """Shopify's state and level of a channel; both None where it has no address to ask for."""
    email, phone = node.get("defaultEmailAddress") or {}, node.get("defaultPhoneNumber") or {}
    if channel == "email":
        return email.get("marketingState"), email.get("marketingOptInLevel")
    consent = phone.get("smsMarketingConsent") or {}
    return consent.get("state"), consent.get("optInLevel")


def _is_theirs(person: Person, word: Word, node: Node) -> bool:
    """A no is told of any address that Shopify has of the member, a yes only of the same one."""
    email, phone = node.get("defaultEmailAddress"), node.get("defaultPhoneNumber")
    if word.channel == "email":
        known = normalise_email(email["emailAddress"]) if email else None
        own: str | None = person.email_norm
    else:
        known, own = (phone["phoneNumber"] if phone else None), person.phone
    return known is not None and (word.state == "unsubscribed" or known == own)


def _input(person: Person, word: Word, level: str | None) -> Mapping[str, Any]:
    if word.state == "subscribed":
        level = "CONFIRMED_OPT_IN" if word.source == VERIFIED else "SINGLE_OPT_IN"
    consent = {
        "marketingState": word.state.upper(),
        "marketingOptInLevel": level or "SINGLE_OPT_IN",
        "consentUpdatedAt": _text(word.changed_at),
    }
    return {"customerId": person.gid, _FIELDS[word.channel]: consent}


def _text(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
