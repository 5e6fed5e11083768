"""Who somebody is: by their Shopify customer, then a verified email, then a verified phone number.

The invariant: nothing else matches. What is not verified, and an email that somebody else's
customer holds at Shopify, only finds candidates for a merge by hand; a name never does.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Text, Uuid, cast, exists, func, or_, select
from sqlalchemy.orm import Session

from loyalty.base.bulk import among
from loyalty.ledger.posting import lock_balance
from loyalty.members.addresses import mark_of
from loyalty.members.facts import normalise_email
from loyalty.members.tables import Customer, Member

_MATCHED = ("active", "archived")


def match_customer(session: Session, customer: Customer) -> Member | None:
    """The member who this customer is though nobody has said so yet, their balance locked.

    Shopify vouches for emails alone: a customer's phone number finds candidates.
    """
    if not customer.has_verified_email:
        return None
    member = find_by_verified_email(
        session, customer.shop_id, customer.email_norm, customer_id=customer.customer_id
    )
    if member is not None:
        # The customer is locked already; a merge takes the two in this order, too.
        lock_balance(session, customer.shop_id, member.id)
    return member


def find_by_verified_email(
    session: Session, shop_id: int, email: str, *, customer_id: int | None = None
) -> Member | None:
    """The one member whose email this is, as far as Shopify or they have verified it.

    With `customer_id`, whose email it is at Shopify now: no two customers share one there, so a
    member whose other customer still stands here with it is somebody who had it before.
    """
    norm = normalise_email(email)
    if not norm:
        return None
    statement = select(Member).where(
        Member.shop_id == shop_id,
        Member.email_norm == norm,
        Member.state.in_(_MATCHED),
        _has_proved_email(),
    )
    if customer_id is not None:
        statement = statement.where(~_is_anothers(norm, customer_id))
    return _only(session, statement)


def find_all_by_verified_email(
    session: Session, shop_id: int, emails: Iterable[str]
) -> dict[str, UUID]:
    """By each normalised email the active member whom `find_by_verified_email` finds: one query."""
    rows = session.execute(
        select(Member.email_norm, Member.id, Member.state).where(
            Member.shop_id == shop_id,
            among(Member.email_norm, sorted({email for email in emails if email})),
            Member.state.in_(_MATCHED),
            _has_proved_email(),
        )
    ).all()
    times = Counter(row.email_norm for row in rows)
    return {
        row.email_norm: row.id
        for row in rows
        if times[row.email_norm] == 1 and row.state == "active"
    }


def list_proved_by_mark(shop_id: int, marks: Select[Any]) -> Select[Any]:
    """The query for the same by the marks of emails: `mark`, `member_id`, of one member each."""
    mark = mark_of(Member.email_norm)
    return (
        select(mark.label("mark"), cast(func.min(cast(Member.id, Text)), Uuid).label("member_id"))
        .where(
            Member.shop_id == shop_id,
            Member.email_norm != "",
            mark.in_(marks),
            Member.state.in_(_MATCHED),
            _has_proved_email(),
        )
        .group_by(mark)
        .having(func.count() == 1, func.bool_and(Member.state == "active"))
    )


def find_by_verified_phone(session: Session, shop_id: int, phone: str) -> Member | None:
    """The one member who has proved that this E.164 number is theirs."""
    statement = select(Member).where(
        Member.shop_id == shop_id,
        Member.phone == phone,
        Member.phone_verified_at.is_not(None),
        Member.state.in_(_MATCHED),
    )
    return _only(session, statement)


def list_candidates(session: Session, shop_id: int, member_id: UUID) -> list[Member]:
    """Others who may be the same person: the same email or phone number, verified or not."""
    member = session.get_one(Member, (shop_id, member_id))
    same: list[ColumnElement[bool]] = []
    if member.email_norm:
        same.append(Member.email_norm == member.email_norm)
    if member.phone:
        same.append(Member.phone == member.phone)
    if not same:
        return []
    statement = (
        select(Member)
        .where(
            Member.shop_id == shop_id,
            Member.id != member_id,
            Member.state.in_(_MATCHED),
            or_(*same),
        )
        .order_by(Member.joined_at, Member.id)
    )
    return list(session.scalars(statement))


def _has_proved_email() -> ColumnElement[bool]:
    """They have verified it, or Shopify has as the email of a customer of theirs."""
    is_vouched_for = exists().where(
        Customer.shop_id == Member.shop_id,
        Customer.member_id == Member.id,
        Customer.email_norm == Member.email_norm,
        Customer.has_verified_email,
    )
    return Member.email_verified_at.is_not(None) | is_vouched_for


def _is_anothers(norm: str, customer_id: int) -> ColumnElement[bool]:
    return exists().where(
        Customer.shop_id == Member.shop_id,
        Customer.member_id == Member.id,
        Customer.customer_id != customer_id,
        Customer.email_norm == norm,
        Customer.deleted_at.is_(None),
    )


def _only(session: Session, statement: Select[Member]) -> Member | None:
    """Two who have proved the same are two: which of them it is, a person must say."""
    found = session.scalars(statement.limit(2)).all()
    return found[0] if len(found) == 1 else None
