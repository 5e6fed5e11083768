"""Customers of a back-fill's page who are new to us, in a few statements for all of them.

The invariant: what is stored is what `record_customer` would store, by the same decisions.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from loyalty import timeline
from loyalty.base.bulk import among
from loyalty.listing.births import list_new
from loyalty.members.enrolment import (
    columns_of,
    enrol_customer,
    joins_at_once,
    make_member,
    takes_only_joiners,
)
from loyalty.members.facts import CustomerFacts, normalise_email
from loyalty.members.tables import Customer, Member, MemberBalance
from loyalty.shops.tables import Shop

Counted = tuple[CustomerFacts, int]
"""A customer's facts, and how many orders Shopify counts for them."""


def record_new_customers(
    session: Session, shop: Shop, page: Sequence[Counted], *, now: datetime
) -> set[int]:
    """Store those of `page` whom we did not know, and enrol them as the programme says.

    Returns their ids; the others are for `record_customer`. Flushes; the caller commits.
    """
    by_id = {facts.customer_id: (facts, count) for facts, count in page}
    values = {
        # In one order, whoever else adds some of them at the same time.
        customer_id: {"shop_id": shop.shop_id, "customer_id": customer_id, **columns_of(facts)}
        for customer_id, (facts, _) in sorted(by_id.items())
    }
    added = _add(session, list(values.values()))
    joining = [each for each in sorted(added) if joins_at_once(*by_id[each])]
    known = _list_known_emails(session, shop, [by_id[each][0] for each in joining])
    familiar = [each for each in joining if values[each]["email_norm"] in known]
    for customer_id in familiar:
        # Perhaps somebody whom we know by another customer: that is decided one by one.
        customer = session.get_one(Customer, (shop.shop_id, customer_id))
        enrol_customer(session, shop, customer, now=now, is_backfill=True)
    strangers = [Customer(**values[each]) for each in joining if each not in set(familiar)]
    if strangers and not takes_only_joiners(session, shop):
        _enrol(session, shop.shop_id, strangers, now)
    return added


def _list_known_emails(session: Session, shop: Shop, joining: Sequence[CustomerFacts]) -> set[str]:
    """Which of their verified emails some member has already."""
    verified = {normalise_email(facts.email) for facts in joining if facts.has_verified_email}
    if not verified:
        return set()
    return set(
        session.scalars(
            select(Member.email_norm).where(
                Member.shop_id == shop.shop_id, among(Member.email_norm, verified)
            )
        )
    )


def _add(session: Session, rows: list[dict[str, object]]) -> set[int]:
    """The ids of those that were not there."""
    if not rows:
        return set()
    # Every row names every column: what Shopify does not say of one is unknown of them all.
    names = {name for row in rows for name in row}
    whole = [dict.fromkeys(names) | row for row in rows]
    statement = postgresql.insert(Customer).on_conflict_do_nothing().returning(Customer.customer_id)
    return set(session.scalars(statement, whole))


def _enrol(session: Session, shop_id: int, joining: list[Customer], now: datetime) -> None:
    """Make members of them. Nobody who comes with the history is sent a card."""
    if not joining:
        return
    members = {
        each.customer_id: make_member(each, now=now, enrolled_by="backfill") for each in joining
    }
    session.add_all(members.values())
    session.flush()
    session.execute(insert(MemberBalance), [_balance(member) for member in members.values()])
    list_new(session, members.values())
    session.execute(
        update(Customer),
        [
            {"shop_id": shop_id, "customer_id": customer_id, "member_id": member.id}
            for customer_id, member in members.items()
        ],
    )
    for member in members.values():
        timeline.note_event(session, shop_id, member.id, timeline.MEMBER_JOINED, now)
    session.flush()


def _balance(member: Member) -> Mapping[str, object]:
    return {"shop_id": member.shop_id, "member_id": member.id}
