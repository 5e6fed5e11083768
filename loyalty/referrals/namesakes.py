"""Who else of a shop is known by one of a friend's email addresses: guests, and forgotten accounts.

The invariant: an address finds candidates for a look at earlier orders, and makes nobody one.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, union
from sqlalchemy.orm import Session

from loyalty.base.bulk import among
from loyalty.members.identity import with_merged
from loyalty.members.tables import Customer, Member
from loyalty.referrals.likeness import Traits


@dataclass(frozen=True, slots=True)
class Namesakes:
    """The friend's own members and customers, and all others who have an address of theirs."""

    member_ids: frozenset[UUID]
    customer_ids: frozenset[int]


def find_namesakes(session: Session, shop_id: int, friend: Traits) -> Namesakes:
    """Addresses are compared as they are spelt, and without what makes no difference to them."""
    addresses = friend.emails | _spelt(session, shop_id, friend)
    customers = session.execute(
        select(Customer.customer_id, Customer.member_id).where(
            Customer.shop_id == shop_id,
            Customer.email_norm != "",
            among(Customer.email_norm, addresses),
        )
    ).all()
    members = session.scalars(
        select(Member.id).where(Member.shop_id == shop_id, among(Member.email_norm, addresses))
    ).all()
    found = {*members, *(row.member_id for row in customers if row.member_id)}
    others = with_merged(session, shop_id, found - friend.member_ids)
    return Namesakes(
        friend.member_ids | others,
        friend.customer_ids | {row.customer_id for row in customers},
    )


def _spelt(session: Session, shop_id: int, friend: Traits) -> set[str]:
    """The friend's addresses as members and customers have them."""
    ids = list(friend.member_ids)
    return set(
        session.scalars(
            union(
                select(Member.email_norm).where(Member.shop_id == shop_id, Member.id.in_(ids)),
                select(Customer.email_norm).where(
                    Customer.shop_id == shop_id, Customer.member_id.in_(ids)
                ),
            )
        )
    ) - {""}
