"""Who a privacy request is about: all the identities that one person has in the shop."""

from collections.abc import Set
from dataclasses import replace
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.ledger.posting import lock_balance
from loyalty.members.identity import with_merged
from loyalty.members.tables import Customer, Member, MemberBalance
from loyalty.orders.tables import Order
from loyalty.privacy.parts import Person
from loyalty.privacy.whose import is_stray
from shopify_app.platform.tables import CustomerMerge, PrivacyRequest


def find_person(session: Session, request: PrivacyRequest) -> Person:
    """The person of a request about a customer, known here or not, or of a member's own."""
    return find_person_of(
        session,
        request.shop_id,
        members={request.member_id} if request.member_id else set(),
        customers={request.customer_id} if request.customer_id is not None else set(),
        orders=_orders_named(request),
    )


def find_person_of(
    session: Session,
    shop_id: int,
    *,
    members: set[UUID],
    customers: Set[int] = frozenset(),
    orders: tuple[int, ...] = (),
) -> Person:
    """The person who has these accounts and memberships, with all that they have besides.

    Accounts that Shopify has merged are one person, even before their members are merged here.
    """
    ids = _with_merged(session, shop_id, customers)
    found = _customers(session, shop_id, ids, members)
    members = members | {customer.member_id for customer in found if customer.member_id}
    # A member's other accounts are the same person, too, and so is whom they were merged with.
    members = with_merged(session, shop_id, members)
    found = _customers(session, shop_id, ids, members)
    own = [session.get_one(Member, (shop_id, member_id)) for member_id in members]
    emails = [*(member.email for member in own), *(customer.email for customer in found)]
    phones = [*(member.phone for member in own), *(customer.phone for customer in found)]
    return Person(
        shop_id=shop_id,
        member_ids=tuple(sorted(members)),
        customer_ids=tuple(sorted(ids | {customer.customer_id for customer in found})),
        order_ids=orders,
        emails=tuple(sorted({email for email in emails if email})),
        phones=tuple(sorted({phone for phone in phones if phone})),
    )


def find_erased(session: Session, request: PrivacyRequest) -> Person:
    """What is left of the person that the request erased, as `remember` wrote it down.

    An account that has joined again since is somebody new, and no part of them.
    """
    erased = request.body["erased"]
    still = session.scalars(
        select(Customer.customer_id)
        .where(
            Customer.shop_id == request.shop_id,
            Customer.customer_id.in_(erased["customers"]),
            Customer.redacted_at.is_not(None),
        )
        .order_by(Customer.customer_id)
    )
    return Person(
        shop_id=request.shop_id,
        member_ids=tuple(UUID(member) for member in erased["members"]),
        customer_ids=tuple(still),
        order_ids=tuple(erased.get("orders", _orders_named(request))),
    )


def with_strays(session: Session, person: Person) -> Person:
    """The person, and by their numbers the orders of nobody that bear the mark of their email."""
    strays = session.scalars(select(Order.order_id).where(is_stray(person)))
    return replace(person, order_ids=tuple(sorted({*person.order_ids, *strays})))


def remember(request: PrivacyRequest, person: Person) -> None:
    """Write down, in numbers alone, whom the request erased."""
    erased = {
        "members": [str(member_id) for member_id in person.member_ids],
        "customers": list(person.customer_ids),
        "orders": list(person.order_ids),
    }
    request.body = {**request.body, "erased": erased}


def lock(session: Session, person: Person) -> None:
    """Hold all of the person's rows: customers first, then balances, as an order's arrival does."""
    session.scalars(
        select(Customer)
        .where(Customer.shop_id == person.shop_id, Customer.customer_id.in_(person.customer_ids))
        .order_by(Customer.customer_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    for member_id in person.member_ids:
        if session.get(MemberBalance, (person.shop_id, member_id)) is not None:
            lock_balance(session, person.shop_id, member_id, admits_merged=True)


def _with_merged(session: Session, shop_id: int, customers: Set[int]) -> set[int]:
    """The customers and all whom Shopify merged into them, those merged into these included."""
    known: set[int] = set()
    fresh = set(customers)
    while fresh:
        known |= fresh
        taken_in = session.scalars(
            select(CustomerMerge.deleted_customer_id).where(
                CustomerMerge.shop_id == shop_id, CustomerMerge.kept_customer_id.in_(fresh)
            )
        )
        fresh = set(taken_in) - known
    return known


def _customers(
    session: Session, shop_id: int, customers: set[int], members: set[UUID]
) -> list[Customer]:
    is_theirs = Customer.customer_id.in_(customers) | Customer.member_id.in_(members)
    statement = select(Customer).where(Customer.shop_id == shop_id, is_theirs)
    return list(session.scalars(statement.execution_options(populate_existing=True)))


def _orders_named(request: PrivacyRequest) -> tuple[int, ...]:
    return tuple(sorted(map(int, request.body.get("orders", ()))))
