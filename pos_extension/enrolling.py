"""Someone joins at the till: found as a member, else as Shopify's customer, else made one.

Shopify is asked outside every transaction. A crash after it made the customer heals on the resend:
the look-up finds them. Shopify silent means 503 and nothing written.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from loyalty import audit
from loyalty.base import faults
from loyalty.base.db import shop_transaction
from loyalty.members.contact import Contact, read_contact, read_name
from loyalty.members.enrolment import join
from loyalty.members.facts import CustomerFacts
from loyalty.members.matching import find_by_verified_email
from loyalty.queries.till import find_country, read_till_member
from loyalty.shops.tables import Shop
from loyalty.till.grants import TillUser
from pos_extension import refusals
from pos_extension.auth import Till, enter
from pos_extension.places import check_place
from pos_extension.reading import Body, text
from pos_extension.scanning import where
from pos_extension.wire import member_json
from pos_extension.writes import Answer, Write, find_answer, once
from shopify_app.platform import customers
from shopify_app.platform.errors import ShapeError, ShopifyError

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Typed:
    """What the cashier typed, read."""

    first_name: str
    last_name: str | None
    contact: Contact


@dataclass(frozen=True, slots=True)
class _Start:
    """What our own books say before Shopify is asked: the answer, or a member, or neither."""

    typed: Typed
    answer: Answer | None = None
    member_id: UUID | None = None


def enrol(till: Till, write: Write, body: Body, by: TillUser) -> Answer:
    """201 with the member who has joined, or who was one all along.

    Raises BadContact beside its field, LocationNotFound, and Refusal when the member is put away
    or Shopify fails.
    """
    name, contact = text(body, "name"), text(body, "contact")
    start = _begin(till, write, name, contact)
    if start.answer is not None:
        return start.answer
    if start.member_id is not None:
        return once(till, write, _Welcome(start.member_id, by))
    facts = _ask_shopify(till, start.typed)
    faults.point("till_customer_known", shop=till.shop_id)
    return once(till, write, _Join(facts, start.typed, by))


def _begin(till: Till, write: Write, name: str, contact: str) -> _Start:
    with shop_transaction(till.shop_id) as session:
        shop = enter(session, till)
        answer = find_answer(session, shop.shop_id, write)
        if answer is None:
            check_place(session, shop.shop_id, write.location_id)
        country = find_country(session, shop.shop_id, write.location_id)
        first_name, last_name = read_name(name)
        typed = Typed(first_name, last_name, read_contact(contact, country=country))
        return _Start(typed, answer, _find_member(session, shop, typed.contact))


def _find_member(session: Session, shop: Shop, contact: Contact) -> UUID | None:
    """Who has this verified email and can be put on a cart; Shopify vouches for no phone number."""
    member = find_by_verified_email(session, shop.shop_id, contact.email or "")
    if member is None or member.state != "active":
        return None  # An archived one comes back when they join.
    if read_till_member(session, shop, member.id).customer_id is None:
        return None
    return member.id


def _ask_shopify(till: Till, typed: Typed) -> CustomerFacts:
    try:
        return customers.find_or_create(
            till.shop_id,
            typed.contact,
            first_name=typed.first_name,
            last_name=typed.last_name,
        )
    except (ShopifyError, ShapeError) as error:
        log.warning("till_enrolment_failed", shop=till.shop_id, reason=str(error))
        is_passing = isinstance(error, ShopifyError) and error.retryable
        raise refusals.shopify_down() if is_passing else refusals.shopify_refused() from error


@dataclass(frozen=True, slots=True)
class _Welcome:
    """Give back a member who was there."""

    member_id: UUID
    by: TillUser

    def __call__(self, session: Session, shop: Shop, now: datetime) -> Answer:
        return _answer(session, shop, self.member_id, was_known=True, by=self.by, now=now)


@dataclass(frozen=True, slots=True)
class _Join:
    """Make the customer a member."""

    facts: CustomerFacts
    typed: Typed
    by: TillUser

    def __call__(self, session: Session, shop: Shop, now: datetime) -> Answer:
        member, was_known = join(
            session,
            shop,
            self.facts,
            enrolled_by="till",
            emails_card=self.typed.contact.email is not None,
            now=now,
            **where(session, shop, self.by),
        )
        return _answer(session, shop, member.id, was_known=was_known, by=self.by, now=now)


def _answer(
    session: Session, shop: Shop, member_id: UUID, *, was_known: bool, by: TillUser, now: datetime
) -> Answer:
    member = member_json(session, shop, member_id, now=now)
    audit.record(
        session,
        shop.shop_id,
        by.actor,
        "member_found_at_till" if was_known else "member_enrolled_at_till",
        ("member", str(member_id)),
        now=now,
        location_id=by.location_id,
    )
    return Answer(201, {"member": member, "was_known": was_known}, member_id)
