"""After an erasure: nothing late brings anybody back, and who joins anew is somebody new (R13)."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from jobs.privacy import requests
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.ledger.selfcheck import find_differences
from loyalty.ledger.tables import LedgerEntry
from loyalty.members.enrolment import join, record_customer
from loyalty.members.tables import Customer, Member
from loyalty.orders.facts import OrderFacts
from loyalty.orders.recording import record_order, record_refund
from loyalty.orders.tables import Order
from loyalty.shops.directory import get_shop
from tests.conftest import DatabaseUrls
from tests.factories.facts import a_customer, a_line, a_refund, an_order
from tests.jobs.privacy.cast import ask, members_of_shop, request_of, tables_that_hold
from tests.jobs.privacy.shopper import Shopper, order_id_of

_LATER = timedelta(days=15)
# What still names her until the last look, because phones have to hear that the card is void.
_UNTIL_THE_LAST_LOOK = {
    "apple_device",
    "apple_registration",
    "google_object",
    "pass_revision",
    "push_hop",
    "wallet_pass",
}


def test_a_later_webhook_brings_nothing_back(alice: Shopper, database: DatabaseUrls) -> None:
    ask(alice, "customers/redact")
    requests.run_shop(alice.shop_id)
    with db.shop_transaction(alice.shop_id) as session:
        before = members_of_shop(session, alice)
    later = a_customer(
        alice.customer_id,
        first_name=alice.first_name,
        last_name=alice.last_name,
        email=alice.email,
        updated_at=utc_now() + timedelta(hours=1),
    )

    with db.shop_transaction(alice.shop_id) as session:
        shop, now = get_shop(session, alice.shop_id), utc_now()
        record_customer(session, shop, later, now=now, is_backfill=False)
        record_customer(session, shop, later, now=now, is_backfill=True, order_count=3)
        for order_id in (order_id_of(alice), 4711):
            facts = an_order(order_id, customer_id=alice.customer_id, customer=later)
            record_order(session, shop, facts, now=now, is_backfill=False)

    assert tables_that_hold(database, alice.shop_id, alice.marks) <= _UNTIL_THE_LAST_LOOK
    with db.shop_transaction(alice.shop_id) as session:
        assert members_of_shop(session, alice) == before
        orders = session.execute(select(Order.order_id, Order.customer_id, Order.member_id)).all()
    assert sorted(orders) == [
        (4711, None, None),
        (order_id_of(alice), None, alice.member_id),
    ]


def test_an_order_of_nobody_bears_no_mark_of_their_email_any_more(
    alice: Shopper, bob: Shopper
) -> None:
    # given an order of no customer with an address that Alice has given and never proved
    placed_at = utc_now() - timedelta(days=3)
    stray = an_order(
        4713, customer_id=None, email=alice.email.lower(), ship_to="a mark",
        created_at=placed_at, processed_at=placed_at, updated_at=placed_at,
    )  # fmt: skip
    with db.shop_transaction(alice.shop_id) as session:
        for customer in session.scalars(select(Customer)):
            customer.has_verified_email = False
        for member in session.scalars(select(Member)):
            member.email_verified_at = None
    for who in (alice, bob):
        tell(who, stray)
    assert marks_of(alice, 4713) == marks_of(bob, 4713) != (None, None, None)
    # when she is erased, and what was on its way comes late
    ask(alice, "customers/redact")
    requests.run_shop(alice.shop_id)
    erased = marks_of(alice, 4713)
    tell(alice, replace(stray, updated_at=utc_now()))
    requests.run_shop(alice.shop_id, now=utc_now() + timedelta(days=2))
    # then nothing says that it was hers; another shop's order is another's
    assert erased == marks_of(alice, 4713) == (None, None, None)
    assert marks_of(bob, 4713) != (None, None, None)


def test_an_order_of_theirs_says_no_more_where_it_went(alice: Shopper) -> None:
    own = an_order(4714, customer_id=alice.customer_id, ship_to="a mark")
    tell(alice, own)
    before = marks_of(alice, 4714)
    ask(alice, "customers/redact")
    requests.run_shop(alice.shop_id)

    erased = marks_of(alice, 4714)
    tell(alice, replace(own, updated_at=utc_now()))

    assert before == (alice.member_id, "a mark", None)
    assert erased == marks_of(alice, 4714) == (alice.member_id, None, None)


def tell(who: Shopper, facts: OrderFacts) -> None:
    """The order comes in."""
    with db.shop_transaction(who.shop_id) as session:
        shop = get_shop(session, who.shop_id)
        record_order(session, shop, facts, now=utc_now(), is_backfill=False)


def marks_of(who: Shopper, order_id: int) -> tuple[UUID | None, str | None, str | None]:
    """Whose the order is, and the marks of where it went and of its email."""
    with db.shop_transaction(who.shop_id) as session:
        order = session.get_one(Order, (who.shop_id, order_id))
        return order.member_id, order.ship_to, order.email_mark


def test_a_later_refund_is_still_taken_back_from_the_anonymous_books(alice: Shopper) -> None:
    with db.shop_transaction(alice.shop_id) as session:
        shop, now = get_shop(session, alice.shop_id), utc_now()
        facts = an_order(
            4712,
            a_line(88, quantity=2),
            customer_id=alice.customer_id,
            created_at=now,
            processed_at=now,
        )
        record_order(session, shop, facts, now=now, is_backfill=False)
    ask(alice, "customers/redact")
    requests.run_shop(alice.shop_id)

    with db.shop_transaction(alice.shop_id) as session:
        refund = a_refund(99, 4712, lines=((88, 1),))
        record_refund(session, get_shop(session, alice.shop_id), refund, now=utc_now())

    with db.shop_transaction(alice.shop_id) as session:
        kinds = session.scalars(
            select(LedgerEntry.kind).where(LedgerEntry.order_id == 4712).order_by(LedgerEntry.id)
        ).all()
        assert kinds == ["earn_order", "earn_reversal"]
        assert find_differences(session, alice.shop_id) == []


def test_who_joins_again_by_themselves_is_somebody_new_and_stays(alice: Shopper) -> None:
    # given
    ask(alice, "customers/redact")
    requests.run_shop(alice.shop_id)
    # when
    with db.shop_transaction(alice.shop_id) as session:
        facts = a_customer(alice.customer_id, first_name="Alice", updated_at=utc_now())
        member, was_known = join(
            session,
            get_shop(session, alice.shop_id),
            facts,
            enrolled_by="till",
            emails_card=False,
            now=utc_now(),
        )
    requests.run_shop(alice.shop_id, now=utc_now() + _LATER)
    # then
    assert not was_known and member.id != alice.member_id
    with db.shop_transaction(alice.shop_id) as session:
        anew = session.get_one(Member, (alice.shop_id, member.id))
        customer = session.get_one(Customer, (alice.shop_id, alice.customer_id))
    assert (anew.state, anew.first_name) == ("active", "Alice")
    assert customer.member_id == member.id


def test_somebody_we_never_saw_stays_unknown(bob: Shopper) -> None:
    request_id = ask(bob, "customers/redact", customer_id=31)
    requests.run_shop(bob.shop_id)

    with db.shop_transaction(bob.shop_id) as session:
        before = members_of_shop(session, bob)
        shop = get_shop(session, bob.shop_id)
        late = a_customer(31, first_name="Carol", email="carol@example.com")
        record_customer(session, shop, late, now=utc_now(), is_backfill=False)

    with db.shop_transaction(bob.shop_id) as session:
        carol = session.get_one(Customer, (bob.shop_id, 31))
        assert (carol.first_name, carol.email, carol.member_id) == (None, None, None)
        assert members_of_shop(session, bob) == before
    assert request_of(bob, request_id).state == "checking"
