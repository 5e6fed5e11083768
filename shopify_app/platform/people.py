"""Somebody becomes a member by hand or by asking: Shopify's customer first, then the member.

Shopify is asked outside every transaction; a customer is looked up before one is made.
"""

from dataclasses import dataclass
from uuid import UUID

from loyalty import audit
from loyalty.audit import Actor
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import BadContact
from loyalty.members.consent import Channel, say
from loyalty.members.contact import Contact, read_contact, read_name
from loyalty.members.editing import verify_contact
from loyalty.members.enrolment import join
from loyalty.members.facts import CustomerFacts
from loyalty.members.matching import find_by_verified_email, find_by_verified_phone
from loyalty.shops.directory import get_shop
from shopify_app.platform import customers


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Who is to become a member, as it was typed and read."""

    first_name: str
    last_name: str | None
    contact: Contact


@dataclass(frozen=True, slots=True)
class Enrolled:
    """The member, and whether they were one before."""

    member_id: UUID
    was_known: bool


def read_newcomer(name: str, contact: str, *, country: str | None) -> Newcomer:
    """What was typed, read; raises BadContact beside its field."""
    first_name, last_name = read_name(name)
    return Newcomer(first_name, last_name, read_contact(contact, country=country))


def add_member(
    shop_id: int,
    newcomer: Newcomer,
    *,
    said_yes_to: tuple[Channel, ...] = (),
    has_proved_contact: bool = False,
    actor: Actor,
) -> Enrolled:
    """Enrol somebody by hand; who is a member already is found. Commits.

    `said_yes_to`: the channels for which they told staff that they want marketing.
    `has_proved_contact`: staff have seen that the contact is theirs, so it matches. Raises
    BadContact with Shopify's own words when it refuses them, ShopifyError.
    """
    if "email" in said_yes_to and newcomer.contact.email is None:
        raise BadContact("contact", "Consent to emails needs an email address")
    if has_proved_contact:
        known = _find_proved(shop_id, newcomer.contact)
        if known is not None:
            return Enrolled(known, was_known=True)
    facts = find_facts(shop_id, newcomer)
    with shop_transaction(shop_id) as session:
        shop, now = get_shop(session, shop_id), utc_now()
        member, was_known = join(
            session,
            shop,
            facts,
            enrolled_by="staff",
            emails_card=newcomer.contact.email is not None,
            now=now,
            actor=str(actor),
        )
        for channel in said_yes_to:
            say(session, shop_id, member.id, channel, "subscribed", source="staff", said_at=now)
        if has_proved_contact:
            which = "email" if newcomer.contact.email else "phone"
            if getattr(member, which) == getattr(newcomer.contact, which):
                verify_contact(session, shop, member.id, which, actor=actor, now=now)
        action = "member_found" if was_known else "member_added"
        audit.record(session, shop_id, actor, action, ("member", str(member.id)), now=now)
        return Enrolled(member.id, was_known)


def _find_proved(shop_id: int, contact: Contact) -> UUID | None:
    """The active member who has proved the same contact before, whatever Shopify knows."""
    with shop_transaction(shop_id) as session:
        member = (
            find_by_verified_email(session, shop_id, contact.email)
            if contact.email
            else find_by_verified_phone(session, shop_id, contact.phone or "")
        )
        return member.id if member is not None and member.state == "active" else None


def find_facts(shop_id: int, newcomer: Newcomer) -> CustomerFacts:
    """Shopify's customer of the newcomer's contact, made if there was none."""
    return customers.find_or_create(
        shop_id,
        newcomer.contact,
        first_name=newcomer.first_name,
        last_name=newcomer.last_name,
    )
