"""Orders of no customer find who has proved their email, whichever of the two came first."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from loyalty.members.addresses import email_mark, mark_of
from loyalty.members.enrolment import join, record_customer
from loyalty.members.facts import CustomerFacts
from loyalty.members.tables import Customer, Member
from loyalty.orders.claiming import Claimed, claim_left
from loyalty.orders.facts import OrderFacts
from loyalty.orders.recording import record_all
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON, a_customer, an_order
from tests.loyalty.conftest import balance_of
from tests.loyalty.earning.cast import comes, order_of, settings

HOUR = timedelta(hours=1)


def a_stray(order_id: int = 1, email: str = "carol@example.com", **changes: Any) -> OrderFacts:
    """A paid order that names no customer, and an address."""
    return an_order(order_id, customer_id=None, email=email, **changes)


def carol(customer_id: int = 502, **changes: Any) -> CustomerFacts:
    """Carol as Shopify tells her, with an account and an address that it has verified."""
    told: dict[str, Any] = {"first_name": "Carol", "email": "Carol@Example.com"}
    return a_customer(customer_id, **(told | changes))


def told(session: Session, shop: Shop, *facts: Any, is_backfill: bool = False) -> None:
    """All of it comes at once."""
    record_all(session, shop, facts, now=NOON, is_backfill=is_backfill)


def owner_of(session: Session, shop: Shop, order_id: int = 1) -> Any:
    """The customer of the member whose order it is."""
    member_id = order_of(session, shop, order_id).member_id
    if member_id is None:
        return None
    return session.scalar(
        select(Customer.customer_id).where(
            Customer.shop_id == shop.shop_id, Customer.member_id == member_id
        )
    )


def unproved(session: Session, shop: Shop) -> None:
    """Shopify has not verified Alice's address."""
    session.get_one(Customer, (shop.shop_id, 501)).has_verified_email = False
    session.flush()


def test_an_order_that_came_before_its_owners_account_is_theirs_with_it(
    session: Session, aurora: Shop
) -> None:
    comes(session, aurora, a_stray())
    before = owner_of(session, aurora)

    told(session, aurora, carol())

    assert (before, owner_of(session, aurora)) == (None, 502)
    member = session.get_one(Member, (aurora.shop_id, order_of(session, aurora, 1).member_id))
    assert balance_of(session, member).available == 10


def test_an_order_is_theirs_once_shopify_has_verified_the_address(
    session: Session, aurora: Shop
) -> None:
    told(session, aurora, carol(has_verified_email=False))
    comes(session, aurora, a_stray())
    before = owner_of(session, aurora)

    told(session, aurora, carol(updated_at=NOON))

    assert (before, owner_of(session, aurora)) == (None, 502)


def test_an_address_that_a_customer_changes_to_brings_its_orders(
    session: Session, aurora: Shop
) -> None:
    told(session, aurora, carol(email="old@example.com"))
    comes(session, aurora, a_stray())

    told(session, aurora, carol(updated_at=NOON))

    assert owner_of(session, aurora) == 502


@pytest.mark.parametrize("how", ["not verified", "no member", "late"])
def test_who_may_not_claim_by_the_address_gets_nothing(
    session: Session, aurora: Shop, how: str
) -> None:
    aurora.earning_since = NOON - timedelta(days=365)
    if how == "no member":
        settings(session, aurora, enrolment="joiners")
    days = 31 if how == "late" else 0
    comes(session, aurora, a_stray(processed_at=NOON - timedelta(days=days)))

    told(session, aurora, carol(has_verified_email=how != "not verified"))

    assert owner_of(session, aurora) is None
    assert claim_left(session, aurora, now=NOON, limit=9) == Claimed((), 0)


def test_of_two_who_have_proved_one_address_nobody_gets_it(
    session: Session, aurora: Shop, alice: Member
) -> None:
    # given Alice, who has proved an address that Carol has, too
    told(session, aurora, carol(has_verified_email=False))
    comes(session, aurora, a_stray())
    alice.email_norm, alice.email_verified_at = "carol@example.com", NOON
    session.get_one(Customer, (aurora.shop_id, 501)).email_norm = "carol@example.com"
    session.flush()
    # when Shopify says that it is Carol's
    told(session, aurora, carol(updated_at=NOON))
    # then a person must say which of them it is
    assert owner_of(session, aurora) is None
    assert claim_left(session, aurora, now=NOON, limit=9) == Claimed((), 0)


def test_an_archived_member_is_given_nothing(session: Session, aurora: Shop, alice: Member) -> None:
    unproved(session, aurora)
    comes(session, aurora, a_stray(1, "alice@example.com"))
    alice.email_verified_at, alice.state = NOON, "archived"
    session.flush()

    assert claim_left(session, aurora, now=NOON, limit=9) == Claimed((), 0)


def test_who_joins_by_a_form_gets_what_was_bought_with_the_verified_address(
    session: Session, aurora: Shop
) -> None:
    settings(session, aurora, enrolment="joiners")
    comes(session, aurora, a_stray())

    join(session, aurora, carol(), enrolled_by="form", emails_card=False, now=NOON)

    assert owner_of(session, aurora) == 502


def test_a_customer_who_is_recorded_alone_gets_it_too(session: Session, aurora: Shop) -> None:
    comes(session, aurora, a_stray())

    record_customer(session, aurora, carol(), now=NOON, is_backfill=False)

    assert owner_of(session, aurora) == 502


@contextmanager
def statements() -> Iterator[list[str]]:
    """What the database is asked meanwhile."""
    asked: list[str] = []

    def listen(_: object, __: object, statement: str, *___: object) -> None:
        asked.append(statement)

    event.listen(Engine, "before_cursor_execute", listen)
    try:
        yield asked
    finally:
        event.remove(Engine, "before_cursor_execute", listen)


def test_a_batch_of_orders_and_customers_costs_no_more_queries_than_one(
    session: Session, aurora: Shop
) -> None:
    people = [carol(600 + each, email=f"c{each}@example.com") for each in range(6)]
    told(session, aurora, *(carol(p.customer_id, email=p.email, updated_at=None,
                                  has_verified_email=False) for p in people))  # fmt: skip
    for each in range(6):
        comes(session, aurora, a_stray(each, f"c{each}@example.com"))

    def ask(first: int, last: int) -> int:
        """How often strays and who proved an address are looked for."""
        news = [carol(600 + i, email=f"c{i}@example.com") for i in range(first, last)]
        orders = [a_stray(100 + i, f"c{i}@example.com") for i in range(first, last)]
        with statements() as asked:
            told(session, aurora, *news, *orders)
        return sum("email_mark = ANY" in one or "email_norm = ANY" in one for one in asked)

    assert ask(0, 1) == ask(1, 6) <= 3
    assert [owner_of(session, aurora, each) for each in range(6)] == list(range(600, 606))
    assert [owner_of(session, aurora, 100 + each) for each in range(6)] == list(range(600, 606))


def test_what_a_race_left_is_given_at_night(session: Session, aurora: Shop, alice: Member) -> None:
    # given an order and a proof that did not see each other, and one of somebody unknown
    unproved(session, aurora)
    comes(session, aurora, a_stray(1, "alice@example.com"), a_stray(2, "alice@example.com"))
    comes(session, aurora, a_stray(3, "nobody@example.com"))
    alice.email_verified_at = NOON
    session.flush()
    # when
    first = claim_left(session, aurora, now=NOON, limit=1)
    then = claim_left(session, aurora, now=NOON, limit=9)
    last = claim_left(session, aurora, now=NOON, limit=9)
    # then
    assert [first, then, last] == [Claimed((1,), 10), Claimed((2,), 10), Claimed((), 0)]
    assert balance_of(session, alice).available == 20


def test_an_address_that_nobody_proved_is_given_nothing_at_night(
    session: Session, aurora: Shop, alice: Member
) -> None:
    unproved(session, aurora)
    comes(session, aurora, a_stray(1, "alice@example.com"))

    assert claim_left(session, aurora, now=NOON, limit=9) == Claimed((), 0)
    assert owner_of(session, aurora) is None


def test_the_database_reckons_the_mark_of_an_address_as_we_do(
    session: Session, aurora: Shop, alice: Member
) -> None:
    alice.email_norm = "zo\u00eb@example.com"
    session.flush()

    reckoned = session.scalar(select(mark_of(Member.email_norm)).where(Member.id == alice.id))

    assert reckoned == email_mark("zo\u00eb@example.com")
