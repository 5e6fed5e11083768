"""Whether two people are one: by email, phone, Shopify's customer or address, however spelt.

The invariant: what is compared is what is known now, of everybody whom either has taken in.
"""

import re
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.members.addresses import address_mark
from loyalty.members.facts import normalise_email
from loyalty.members.identity import with_merged
from loyalty.members.tables import Customer, Member
from loyalty.orders.tables import Order

_GMAIL = ("gmail.com", "googlemail.com")


@dataclass(frozen=True, slots=True)
class Traits:
    """By what a person is known, each in the form in which it is compared.

    Addresses are the marks of their own ones, and of those that their orders went to.
    """

    member_ids: frozenset[UUID]
    customer_ids: frozenset[int]
    emails: frozenset[str]
    phones: frozenset[str]
    addresses: frozenset[str]


def traits_of(session: Session, shop_id: int, member_id: UUID) -> Traits:
    """The traits of a member, of all who are one with them, and of their customers in Shopify."""
    ids = with_merged(session, shop_id, [member_id])
    members = session.execute(
        select(Member.email, Member.phone, Member.address).where(
            Member.shop_id == shop_id, Member.id.in_(ids)
        )
    ).all()
    customers = session.execute(
        select(Customer.customer_id, Customer.email, Customer.phone, Customer.address).where(
            Customer.shop_id == shop_id, Customer.member_id.in_(ids)
        )
    ).all()
    known = [*members, *customers]
    shipped_to = session.scalars(
        select(Order.ship_to)
        .where(Order.shop_id == shop_id, Order.member_id.in_(ids), Order.ship_to.is_not(None))
        .distinct()
    )
    marks = {address_mark(row.address) for row in known} | set(shipped_to)
    return Traits(
        member_ids=frozenset(ids),
        customer_ids=frozenset(row.customer_id for row in customers),
        emails=frozenset(same_email(row.email) for row in known) - {""},
        phones=frozenset(same_phone(row.phone) for row in known) - {""},
        addresses=frozenset(mark for mark in marks if mark is not None),
    )


def likeness(one: Traits, other: Traits) -> str | None:
    """In what they are the same: member, customer, email, phone or address; None in nothing."""
    for name in ("member_ids", "customer_ids", "emails", "phones", "addresses"):
        if getattr(one, name) & getattr(other, name):
            return _WORDS[name]
    return None


_WORDS = {
    "member_ids": "same_member",
    "customer_ids": "same_customer",
    "emails": "same_email",
    "phones": "same_phone",
    "addresses": "same_address",
}


def same_email(email: str | None) -> str:
    """Lower case, without a +tag, and without dots where Gmail ignores them; empty for none."""
    name, _, domain = normalise_email(email).rpartition("@")
    name = name.partition("+")[0]
    if domain in _GMAIL:
        name, domain = name.replace(".", ""), _GMAIL[0]
    return f"{name}@{domain}" if name and domain else ""


def same_phone(phone: str | None) -> str:
    """The digits alone; empty for none."""
    return re.sub(r"\D", "", phone or "")


def hash_of(shop_id: int, text: str) -> bytes | None:
    """What a text is counted by in one shop; None for an empty one.

    Whoever guesses the text can tell that it is this one, so it is erased as the text would be.
    """
    return sha256(f"{shop_id}\0{text}".encode()).digest()[:16] if text else None
