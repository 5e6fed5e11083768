"""Whose a row is, where no column of its own says so: by its order, its lot, its merge, its words.

What finds its rows through others needs those as they were: erase it before them.
"""

from typing import Any

from sqlalchemy import ColumnElement, func, or_, select

from loyalty.audit import AuditRow
from loyalty.ledger.tables import Lot, LotDebit, LotMove
from loyalty.members.addresses import email_mark
from loyalty.members.facts import normalise_email
from loyalty.members.join_requests import JoinRequest
from loyalty.members.tables import Member
from loyalty.merging.tables import MemberMerge, MemberMergeRow
from loyalty.orders.tables import Order, Refund, RefundLine
from loyalty.privacy.parts import Person, Whose, by_either, by_member


def is_member(person: Person) -> ColumnElement[bool]:
    """The members that they are."""
    return (Member.shop_id == person.shop_id) & Member.id.in_(person.member_ids)


def hangs_on_order(model: Any) -> Whose:
    """The rows of a table that hangs on their orders."""

    def whose(person: Person) -> ColumnElement[bool]:
        orders = select(Order.order_id).where(is_order(person))
        return (model.shop_id == person.shop_id) & model.order_id.in_(orders)

    return whose


def is_order(person: Person) -> ColumnElement[bool]:
    """Their orders, and those that their request names."""
    return by_either(Order)(person) | (
        (Order.shop_id == person.shop_id) & Order.order_id.in_(person.order_ids)
    )


def is_stray(person: Person) -> ColumnElement[bool]:
    """Orders of nobody that bear the mark of an address of theirs.

    For erasing alone: whoever only gave an address has not proved that the orders are theirs.
    """
    marks = [email_mark(normalise_email(email)) for email in person.emails]
    is_nobodys = Order.member_id.is_(None) & Order.email_mark.in_(marks)
    return (Order.shop_id == person.shop_id) & is_nobodys


def is_refund_line(person: Person) -> ColumnElement[bool]:
    """The lines of refunds of their orders."""
    refunds = select(Refund.refund_id).where(hangs_on_order(Refund)(person))
    return (RefundLine.shop_id == person.shop_id) & RefundLine.refund_id.in_(refunds)


def is_lot_debit(person: Person) -> ColumnElement[bool]:
    """What was taken from their lots."""
    lots = select(Lot.id).where(by_member(Lot)(person))
    return (LotDebit.shop_id == person.shop_id) & LotDebit.lot_id.in_(lots)


def is_lot_move(person: Person) -> ColumnElement[bool]:
    """Lots that went from them or came to them."""
    ids = person.member_ids
    is_theirs = LotMove.member_id.in_(ids) | LotMove.to_member_id.in_(ids)
    return (LotMove.shop_id == person.shop_id) & is_theirs


def is_join_request(person: Person) -> ColumnElement[bool]:
    """Their forms; one that waits names nobody but an address."""
    is_theirs = JoinRequest.member_id.in_(person.member_ids) | func.lower(JoinRequest.email).in_(
        [normalise_email(email) for email in person.emails]
    )
    return (JoinRequest.shop_id == person.shop_id) & is_theirs


def is_merge(person: Person) -> ColumnElement[bool]:
    """Merges in which they are on either side."""
    ids = person.member_ids
    is_theirs = MemberMerge.survivor_id.in_(ids) | MemberMerge.merged_id.in_(ids)
    return (MemberMerge.shop_id == person.shop_id) & is_theirs


def is_merge_row(person: Person) -> ColumnElement[bool]:
    """What those merges noted."""
    merges = select(MemberMerge.id).where(is_merge(person))
    return (MemberMergeRow.shop_id == person.shop_id) & MemberMergeRow.merge_id.in_(merges)


def is_audited(person: Person) -> ColumnElement[bool]:
    """Rows about the person, and rows of what they did themselves."""
    ids = [str(member_id) for member_id in person.member_ids]
    is_about = (AuditRow.subject_kind == "member") & AuditRow.subject_id.in_(ids)
    is_by = (AuditRow.actor_kind == "member") & AuditRow.actor_id.in_(ids)
    return (AuditRow.shop_id == person.shop_id) & or_(is_about, is_by)
