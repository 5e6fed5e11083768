"""Who of an order was erased: its member, or the customer that late news names again. Reads only.

The invariant: an order that lost its customer to an erasure never gets that person back.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.base.bulk import among
from loyalty.members.tables import Customer, Member
from loyalty.orders.facts import OrderFacts
from loyalty.orders.sheets import OrderSheet


@dataclass(frozen=True, slots=True)
class Erased:
    """Those who were erased, of the members and customers that were asked for."""

    member_ids: frozenset[UUID] = frozenset()
    customer_ids: frozenset[int] = frozenset()

    def have(self, sheet: OrderSheet, facts: OrderFacts) -> bool:
        """Whether the order lost its customer because somebody was erased.

        One of no customer that somebody claimed never had any to lose.
        """
        if sheet.member_id is None or sheet.customer_id is not None:
            return False
        return sheet.member_id in self.member_ids or facts.customer_id in self.customer_ids


def find_erased(
    session: Session, shop_id: int, told: Iterable[tuple[OrderSheet, OrderFacts]]
) -> Erased:
    """The erased ones of all orders that have a member and no customer: a query for each kind."""
    asked = [(s, f) for s, f in told if s.member_id is not None and s.customer_id is None]
    member_ids = {sheet.member_id for sheet, _ in asked}
    customer_ids = {facts.customer_id for _, facts in asked if facts.customer_id is not None}
    if not asked:
        return Erased()
    members = select(Member.id).where(
        Member.shop_id == shop_id, among(Member.id, member_ids), Member.state == "erased"
    )
    customers = select(Customer.customer_id).where(
        Customer.shop_id == shop_id,
        among(Customer.customer_id, sorted(customer_ids)),
        Customer.redacted_at.is_not(None),
    )
    return Erased(
        frozenset(session.scalars(members)),
        frozenset(session.scalars(customers)) if customer_ids else frozenset(),
    )
