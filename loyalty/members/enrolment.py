"""Who becomes a member, and what Shopify may change of one.

The invariant: a customer is one member's for good; who that is stands in loyalty.members.matching.
"""

from datetime import datetime
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from loyalty import audit, outbox, timeline
from loyalty.actions.awarding import award_action
from loyalty.base.ids import new_id
from loyalty.listing.births import list_new
from loyalty.members import archiving
from loyalty.members.consent import ask_to_agree
from loyalty.members.facts import CustomerFacts, normalise_email
from loyalty.members.matching import match_customer
from loyalty.members.sheets import CustomerSheet
from loyalty.members.tables import Customer, Member, MemberBalance
from loyalty.orders.claiming import claim_vouched, take_over
from loyalty.programme.rules import get_programme
from loyalty.shops.tables import Shop

_SHARED_FIELDS = ("first_name", "last_name", "email", "phone", "address")


def record_customer(
    session: Session,
    shop: Shop,
    facts: CustomerFacts,
    *,
    now: datetime,
    is_backfill: bool,
    order_count: int = 0,
) -> Customer:
    """Store what Shopify says of a customer, and enrol them if the programme takes everyone.

    Facts older than those we have are ignored, and all facts of somebody who was erased.
    Flushes; the caller commits.
    """
    customer = _upsert(session, shop.shop_id, facts)
    if customer.member_id is not None:
        copy_to_member(session, customer, now)
    elif joins_at_once(facts, order_count):
        enrol_customer(session, shop, customer, now=now, is_backfill=is_backfill)
        _take_over_orders(session, shop, customer, now)
    if not is_backfill:
        _claim_strays(session, shop, customer, now)
    return customer


def store_customer(session: Session, shop: Shop, facts: CustomerFacts) -> Customer:
    """The customer as Shopify tells of them, locked; nobody becomes a member by it."""
    return _upsert(session, shop.shop_id, facts)


def joins_at_once(facts: CustomerFacts, order_count: int) -> bool:
    """Whether the customer alone makes a member; others become one with their first paid order."""
    return facts.has_account or order_count > 0


def enrol_customer(
    session: Session, shop: Shop, customer: Customer, *, now: datetime, is_backfill: bool
) -> Member | None:
    """The member this customer is or becomes; None when people must join by themselves.

    Who is a member by another customer or by hand is found by what they have verified, and an
    archived one is brought back.
    """
    if customer.member_id is not None:
        return session.get_one(Member, (shop.shop_id, customer.member_id))
    if customer.deleted_at is not None or customer.redacted_at is not None:
        return None
    known = match_customer(session, customer)
    if known is not None:
        return link_customer(session, shop, customer, known, now=now)
    if takes_only_joiners(session, shop):
        return None
    enrolled_by = "backfill" if is_backfill else "account" if customer.has_account else "order"
    member = _new_member(session, shop, customer, now=now, enrolled_by=enrolled_by)
    customer.member_id = member.id
    session.flush()
    return member


def join(
    session: Session,
    shop: Shop,
    facts: CustomerFacts,
    *,
    enrolled_by: str,
    emails_card: bool,
    now: datetime,
    **joined: Any,
) -> tuple[Member, bool]:
    """The member that a customer who asks to join is or becomes, and whether they were one before.

    `joined` are details for the timeline. Joining works whatever the programme says of customers
    who do not ask. A member of the same verified email is this person too. Who was erased and asks
    again is welcome, as somebody new. Flushes; the caller commits.
    """
    _lift_erasure(session, shop.shop_id, facts.customer_id)
    customer = _upsert(session, shop.shop_id, facts)
    if customer.member_id is not None:
        copy_to_member(session, customer, now)
        _claim_strays(session, shop, customer, now)
        return session.get_one(Member, (shop.shop_id, customer.member_id)), True
    known = match_customer(session, customer)
    if known is not None:
        link_customer(session, shop, customer, known, now=now)
        _take_over_orders(session, shop, customer, now)
        _claim_strays(session, shop, customer, now)
        return known, True
    member = _new_member(
        session,
        shop,
        customer,
        now=now,
        enrolled_by=enrolled_by,
        emails_card=emails_card,
        **joined,
    )
    customer.member_id = member.id
    session.flush()
    _take_over_orders(session, shop, customer, now)
    _claim_strays(session, shop, customer, now)
    return member, False


def link_customer(
    session: Session, shop: Shop, customer: Customer, member: Member, *, now: datetime
) -> Member:
    """Let the member be this customer of Shopify's, too; an archived member is brought back."""
    if member.state == "archived":
        archiving.restore(session, shop, member.id, actor=audit.SYSTEM, now=now)
    customer.member_id = member.id
    session.flush()
    copy_to_member(session, customer, now)
    ask_to_agree(session, shop.shop_id, member.id, now=now)
    return member


def _take_over_orders(session: Session, shop: Shop, customer: Customer, now: datetime) -> None:
    """What they bought as a guest is theirs from now on."""
    if customer.member_id is not None:
        take_over(session, shop, {customer.customer_id: customer.member_id}, now=now)


def _claim_strays(session: Session, shop: Shop, customer: Customer, now: datetime) -> None:
    """What nobody bought with the email that Shopify has verified is theirs from now on."""
    if customer.member_id is not None and customer.has_verified_email:
        claim_vouched(session, shop, [customer.email_norm], now=now)


def _lift_erasure(session: Session, shop_id: int, customer_id: int) -> None:
    """Forget that the customer was erased: here they give their details themselves."""
    customer = _find_locked(session, shop_id, customer_id)
    if customer is not None and customer.redacted_at is not None:
        customer.redacted_at = None
        session.flush()


def _upsert(session: Session, shop_id: int, facts: CustomerFacts) -> Customer:
    values = columns_of(facts)
    customer = _find_locked(session, shop_id, facts.customer_id)
    if customer is None:
        added = _add_customer(session, shop_id, facts.customer_id, values)
        if added is not None:
            return added
        # A till and a webhook can tell of the same new customer at once: the other was quicker.
        customer = _find_locked(session, shop_id, facts.customer_id)
        assert customer is not None
    if is_news(customer, facts):
        for name, value in values.items():
            setattr(customer, name, value)
        session.flush()
    elif tells_language(customer, facts):
        customer.locale = facts.locale
        session.flush()
    return customer


def columns_of(facts: CustomerFacts) -> dict[str, Any]:
    """The columns that Shopify's facts fill; what is unknown of the past stays as it was."""
    values = {name: getattr(facts, name) for name in _SHARED_FIELDS}
    values |= {"has_account": facts.has_account, "has_verified_email": facts.has_verified_email}
    values |= {"email_norm": normalise_email(facts.email), "shopify_updated_at": facts.updated_at}
    if facts.customer_since is not None:
        values["customer_since"] = facts.customer_since
    if facts.locale is not None:
        values["locale"] = facts.locale
    return values


def _find_locked(session: Session, shop_id: int, customer_id: int) -> Customer | None:
    return session.get(
        Customer, (shop_id, customer_id), with_for_update=True, populate_existing=True
    )


def _add_customer(
    session: Session, shop_id: int, customer_id: int, values: dict[str, Any]
) -> Customer | None:
    return session.scalar(
        insert(Customer)
        .values(shop_id=shop_id, customer_id=customer_id, **values)
        .on_conflict_do_nothing()
        .returning(Customer)
    )


def is_news(customer: Customer | CustomerSheet, facts: CustomerFacts) -> bool:
    """An order's short copy of a customer fills gaps only; a whole record must be newer.

    Nothing is news of somebody who was erased: it would bring them back.
    """
    if facts.updated_at is None or customer.redacted_at is not None:
        return False
    known = customer.shopify_updated_at
    return known is None or facts.updated_at > known


def tells_language(customer: Customer | CustomerSheet, facts: CustomerFacts) -> bool:
    """Whether an order's short copy tells the language of a customer of whom we did not know it."""
    return customer.locale is None and facts.locale is not None and customer.redacted_at is None


def takes_only_joiners(session: Session, shop: Shop) -> bool:
    """Whether people become members by themselves alone."""
    return get_programme(session, shop.shop_id).enrolment == "joiners"


def _new_member(
    session: Session,
    shop: Shop,
    customer: Customer,
    *,
    now: datetime,
    enrolled_by: str,
    emails_card: bool = True,
    **joined: Any,
) -> Member:
    member = make_member(customer, now=now, enrolled_by=enrolled_by)
    session.add(member)
    session.flush()
    session.add(MemberBalance(shop_id=customer.shop_id, member_id=member.id))
    list_new(session, [member])
    timeline.note_event(session, member.shop_id, member.id, timeline.MEMBER_JOINED, now, **joined)
    if emails_card:
        _send_card(session, member, now)
    # No webhook of a customer or order says what they said to marketing.
    ask_to_agree(session, member.shop_id, member.id, now=now)
    session.flush()
    if enrolled_by != "backfill":
        # Who comes with the history has signed up for nothing.
        award_action(session, shop, member.id, "signup", occurred_at=now, now=now)
    return member


def make_member(customer: Customer, *, now: datetime, enrolled_by: str) -> Member:
    """The member that a customer becomes, not yet stored."""
    return Member(
        shop_id=customer.shop_id,
        id=new_id(),
        state="active",
        sources=dict.fromkeys(_SHARED_FIELDS, "shopify"),
        details_customer_id=customer.customer_id,
        enrolled_by=enrolled_by,
        joined_at=now,
        customer_since=customer.customer_since,
        email_norm=customer.email_norm,
        **{name: getattr(customer, name) for name in _SHARED_FIELDS},
    )


def _send_card(session: Session, member: Member, now: datetime) -> None:
    """Let the new member have their card by email; who comes with the history gets none."""
    if member.enrolled_by == "backfill" or not member.email_norm:
        return
    if get_programme(session, member.shop_id).sends_card_email:
        outbox.stage(
            session,
            member.shop_id,
            outbox.CARD_EMAIL_ASKED,
            member_id=member.id,
            body={"is_asked_for": False},
            now=now,
        )


def copy_to_member(session: Session, customer: Customer | CustomerSheet, now: datetime) -> None:
    """Take over the fields that are still Shopify's; what was edited here stays.

    Of several customers who are one member, one alone tells the details.
    """
    member = session.get_one(Member, (customer.shop_id, customer.member_id))
    if member.details_customer_id is None and member.state == "active":
        member.details_customer_id = customer.customer_id
    if member.details_customer_id != customer.customer_id:
        return
    changes: dict[str, Any] = {
        name: getattr(customer, name)
        for name in _SHARED_FIELDS
        if member.sources.get(name) == "shopify"
        and getattr(customer, name) != getattr(member, name)
    }
    if not changes or member.state != "active":
        return
    for name, value in changes.items():
        setattr(member, name, value)
    if "email" in changes:
        member.email_norm, member.email_verified_at = normalise_email(member.email), None
    if "phone" in changes:
        member.phone_verified_at = None
    outbox.stage(session, member.shop_id, outbox.MEMBER_CHANGED, member_id=member.id, now=now)
