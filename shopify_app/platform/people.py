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
from loyalty.members.enrolment import join
from loyalty.members.facts import CustomerFacts
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
    shop_id: int, newcomer: Newcomer, *, said_yes_to: tuple[Channel, ...] = (), actor: Actor
) -> Enrolled:
    """Enrol somebody by hand; who is a member already is found. Commits.

    `said_yes_to`: the channels for which they told staff that they want marketing. Raises
    BadContact with Shopify's own words when it refuses them, ShopifyError.
    """
    if "email" in said_yes_to and newcomer.contact.email is None:
        raise BadContact("contact", "Consent to emails needs an email address")
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
        action = "member_found" if was_known else "member_added"
        audit.record(session, shop_id, actor, action, ("member", str(member.id)), now=now)
        return Enrolled(member.id, was_known)


def find_facts(shop_id: int, newcomer: Newcomer) -> CustomerFacts:
    """Shopify's customer of the newcomer's contact, made if there was none."""
    return customers.find_or_create(
        shop_id,
        newcomer.contact,
        first_name=newcomer.first_name,
        last_name=newcomer.last_name,
    )
