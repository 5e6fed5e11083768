"""Orders that are nobody's are claimed once and in time; a guest's earlier ones come along."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.audit import AuditRow
from loyalty.base.errors import CannotClaim, OrderNotFound
from loyalty.members.enrolment import join, record_customer
from loyalty.members.tables import Customer, Member
from loyalty.orders.claiming import (
    Claimed,
    claim_by_email,
    claim_last_sale,
    claim_order,
    forget_old_emails,
)
from loyalty.orders.facts import OrderFacts
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON, a_customer, an_order
from tests.loyalty.conftest import balance_of
from tests.loyalty.earning.cast import OPERATOR, comes, order_of, posted, settings

DAY = timedelta(days=1)


def claim(session: Session, shop: Shop, member: Member, **changes: Any) -> Claimed:
    given: dict[str, Any] = {"proof": "scan", "actor": OPERATOR, "now": NOON}
    return claim_order(session, shop, 5123, member.id, **(given | changes))


def a_stray(days_ago: float = 0, order_id: int = 5123, **changes: Any) -> OrderFacts:
    """A paid order that names no customer."""
    at = NOON - days_ago * DAY
    told: dict[str, Any] = {"customer_id": None, "created_at": at, "processed_at": at}
    return an_order(order_id, **(told | {"updated_at": at} | changes))


def test_an_order_without_a_customer_earns_for_who_claims_it(
    session: Session, aurora: Shop, alice: Member
) -> None:
    comes(session, aurora, a_stray())
    assert posted(session) == []

    claimed = claim(session, aurora, alice)

    assert (claimed, posted(session)) == (Claimed((5123,), 10), [("earn_order", 10)])
    assert balance_of(session, alice).available == 10


def test_claimed_again_by_the_same_member_it_earns_nothing_more(
    session: Session, aurora: Shop, alice: Member
) -> None:
    comes(session, aurora, a_stray())
    claim(session, aurora, alice)

    assert claim(session, aurora, alice) == Claimed((), 0)
    assert posted(session) == [("earn_order", 10)]


def test_what_is_somebodys_cannot_be_claimed(session: Session, aurora: Shop, alice: Member) -> None:
    other = record_customer(
        session,
        aurora,
        a_customer(502, email="ann@example.com"),
        now=NOON,
        is_backfill=False,
    )
    comes(session, aurora, an_order(customer_id=502))

    with pytest.raises(CannotClaim) as refusal:
        claim(session, aurora, alice)

    assert refusal.value.reason == "owned"
    assert order_of(session, aurora).member_id == other.member_id


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (a_stray(is_test=True), "test"),
        (a_stray(is_paid=False), "unpaid"),
        (a_stray(cancelled_at=NOON), "unpaid"),
        (a_stray(31), "history"),
    ],
)
def test_what_earns_nothing_cannot_be_claimed(
    session: Session, aurora: Shop, alice: Member, facts: OrderFacts, reason: str
) -> None:
    comes(session, aurora, facts)

    with pytest.raises(CannotClaim) as refusal:
        claim(session, aurora, alice)

    assert (refusal.value.reason, posted(session)) == (reason, [])


@pytest.mark.parametrize(("days", "is_late"), [(30, False), (30.001, True)])
def test_an_order_without_a_customer_is_claimed_within_thirty_days(
    session: Session, aurora: Shop, alice: Member, days: float, is_late: bool
) -> None:
    comes(session, aurora, a_stray())
    later = NOON + days * DAY

    if is_late:
        with pytest.raises(CannotClaim) as refusal:
            claim(session, aurora, alice, now=later)
        assert refusal.value.reason == "late"
    else:
        assert claim(session, aurora, alice, now=later).points == 10


def test_a_guests_order_is_claimed_within_ninety_days(
    session: Session, aurora: Shop, alice: Member
) -> None:
    settings(session, aurora, enrolment="joiners")
    guest = a_customer(777, email="g@example.com")
    comes(session, aurora, an_order(customer=guest, customer_id=777))

    assert claim(session, aurora, alice, now=NOON + 90 * DAY).points == 10


def test_an_order_of_another_shop_is_not_found(
    session: Session, aurora: Shop, alice: Member
) -> None:
    with pytest.raises(OrderNotFound):
        claim(session, aurora, alice)


def test_a_claim_is_audited_with_its_proof(session: Session, aurora: Shop, alice: Member) -> None:
    comes(session, aurora, a_stray())

    claim(session, aurora, alice)

    [row] = session.scalars(select(AuditRow).where(AuditRow.action == "order_claimed"))
    assert (row.subject_id, row.details["proof"], row.details["points"]) == ("5123", "scan", 10)


def test_the_last_sale_of_a_place_is_claimed_within_the_hour(
    session: Session, aurora: Shop, alice: Member
) -> None:
    early, late = NOON - timedelta(minutes=50), NOON - timedelta(minutes=5)
    for order_id, at in ((1, early), (2, late)):
        comes(session, aurora, a_stray(order_id=order_id, location_id=7, processed_at=at))

    def ask(location_id: int, now: Any = NOON) -> Claimed:
        return claim_last_sale(session, aurora, location_id, alice.id, actor=OPERATOR, now=now)

    assert ask(7).order_ids == (2,)
    with pytest.raises(OrderNotFound):
        ask(8)
    with pytest.raises(OrderNotFound):
        ask(7, now=late + timedelta(hours=1))


def test_a_guest_who_joins_gets_what_they_bought_within_ninety_days(
    session: Session, aurora: Shop
) -> None:
    # given a guest of a shop where people join by themselves, and an order of 91 days ago
    settings(session, aurora, enrolment="joiners")
    aurora.earning_since = NOON - 365 * DAY
    guest = a_customer(777, email="g@example.com")
    comes(session, aurora, a_stray(91, 1, customer=guest, customer_id=777))
    comes(session, aurora, a_stray(90, 2, customer=guest, customer_id=777))
    assert posted(session) == []
    # when
    member, _ = join(session, aurora, guest, enrolled_by="till", emails_card=False, now=NOON)
    # then the younger earns, and the older is theirs as history
    assert posted(session) == [("earn_order", 10)]
    assert {order_of(session, aurora, one).member_id for one in (1, 2)} == {member.id}
    assert [order_of(session, aurora, one).is_history for one in (1, 2)] == [True, False]


def test_a_guests_orders_earn_before_the_one_that_makes_them_a_member(
    session: Session, aurora: Shop
) -> None:
    # given an order from when people had to join by themselves
    settings(session, aurora, enrolment="joiners")
    guest = a_customer(777, email="g@example.com", has_account=False)
    comes(session, aurora, a_stray(2, 1, customer=guest, customer_id=777))
    settings(session, aurora, enrolment="everyone")
    # when
    comes(session, aurora, a_stray(0, 2, customer=guest, customer_id=777))
    # then
    assert posted(session) == [("earn_order", 10), ("earn_order", 10)]


def test_who_proves_an_email_gets_what_a_guest_of_that_address_bought(
    session: Session, aurora: Shop, alice: Member
) -> None:
    settings(session, aurora, enrolment="joiners")
    guest = a_customer(777, email="Alice@Example.com", has_verified_email=False)
    comes(session, aurora, an_order(customer=guest, customer_id=777))
    assert session.get_one(Customer, (aurora.shop_id, 777)).member_id is None

    before = claim_by_email(session, aurora, alice.id, now=NOON)
    alice.email_verified_at = NOON
    after = claim_by_email(session, aurora, alice.id, now=NOON)

    assert (before, after) == (Claimed((), 0), Claimed((5123,), 10))


def test_who_proves_an_email_gets_what_nobody_bought_with_it(
    session: Session, aurora: Shop, alice: Member
) -> None:
    session.get_one(Customer, (aurora.shop_id, 501)).has_verified_email = False
    for days_ago, order_id, address in (
        (0, 1, "alice@example.com"), (30, 2, "alice@example.com"),
        (31, 3, "alice@example.com"), (0, 4, "bob@example.com"), (0, 5, ""),
    ):  # fmt: skip
        comes(session, aurora, a_stray(days_ago, order_id, email=address))
    assert posted(session) == []

    before = claim_by_email(session, aurora, alice.id, now=NOON)
    alice.email_verified_at = NOON
    after = claim_by_email(session, aurora, alice.id, now=NOON)

    assert (before, after) == (Claimed((), 0), Claimed((1, 2), 20))
    assert claim_by_email(session, aurora, alice.id, now=NOON) == Claimed((), 0)
    assert balance_of(session, alice).available == 20


def test_an_order_of_nobody_with_an_email_that_is_proved_is_that_members_at_once(
    session: Session, aurora: Shop, alice: Member
) -> None:
    alice.email_verified_at = NOON

    comes(session, aurora, a_stray(0, 1, email="alice@example.com"))
    comes(session, aurora, a_stray(31, 2, email="alice@example.com"))

    assert balance_of(session, alice).available == 10
    assert order_of(session, aurora, 1).member_id == alice.id
    assert order_of(session, aurora, 2).member_id is None


def test_an_email_told_later_finds_the_owner_then(
    session: Session, aurora: Shop, alice: Member
) -> None:
    alice.email_verified_at = NOON
    comes(session, aurora, a_stray(0, 1))

    told = a_stray(0, 1, email="alice@example.com", updated_at=NOON + timedelta(hours=1))
    comes(session, aurora, told)

    assert balance_of(session, alice).available == 10


def test_an_email_that_nobody_proved_finds_no_owner(
    session: Session, aurora: Shop, alice: Member
) -> None:
    session.get_one(Customer, (aurora.shop_id, 501)).has_verified_email = False

    comes(session, aurora, a_stray(0, 1, email="alice@example.com"))

    assert order_of(session, aurora, 1).member_id is None and posted(session) == []


def test_the_email_of_an_order_is_kept_as_a_mark_while_it_can_be_claimed(
    session: Session, aurora: Shop
) -> None:
    for days_ago, order_id in ((9, 1), (10, 2)):
        comes(session, aurora, a_stray(days_ago, order_id, email="carol@example.com"))
    assert "carol" not in str(order_of(session, aurora, 1).email_mark)

    assert forget_old_emails(session, aurora.shop_id, now=NOON + 21 * DAY) == 1

    assert order_of(session, aurora, 1).email_mark is not None
    assert order_of(session, aurora, 2).email_mark is None


def test_what_nobody_bought_is_judged_by_its_own_days(
    session: Session, aurora: Shop, alice: Member
) -> None:
    settings(session, aurora, claim_days=30, guest_claim_days=10)
    session.get_one(Customer, (aurora.shop_id, 501)).has_verified_email = False
    comes(session, aurora, a_stray(20, 1, email="alice@example.com"))
    alice.email_verified_at = NOON

    assert claim_by_email(session, aurora, alice.id, now=NOON) == Claimed((1,), 10)


def test_a_claimed_order_keeps_no_mark_of_the_email_whatever_comes_later(
    session: Session, aurora: Shop, alice: Member
) -> None:
    comes(session, aurora, a_stray(0, 5123, email="carol@example.com"))

    claim(session, aurora, alice)
    claimed = order_of(session, aurora).email_mark
    later = NOON + timedelta(hours=1)
    comes(session, aurora, a_stray(0, 5123, email="carol@example.com", updated_at=later))

    assert (claimed, order_of(session, aurora).email_mark) == (None, None)


def test_a_customer_whom_staff_give_a_claimed_order_is_kept_and_its_owner_stays(
    session: Session, aurora: Shop, alice: Member
) -> None:
    # given an order of no customer that Alice has claimed
    comes(session, aurora, a_stray(ship_to="a mark"))
    claim(session, aurora, alice)
    carol = a_customer(502, email="carol@example.com")
    record_customer(session, aurora, carol, now=NOON, is_backfill=False)
    # when Shopify names somebody else's customer with it
    later = NOON + timedelta(hours=1)
    comes(session, aurora, a_stray(customer_id=502, ship_to="a mark", updated_at=later))
    # then they are kept with it, as a changed customer is, and it earns for who has it
    order = order_of(session, aurora)
    assert (order.customer_id, order.member_id) == (502, alice.id)
    assert (order.ship_to, balance_of(session, alice).available) == ("a mark", 10)


def test_an_erased_customer_comes_back_to_no_order_that_somebody_else_claimed(
    session: Session, aurora: Shop, alice: Member
) -> None:
    comes(session, aurora, a_stray(ship_to="a mark"))
    claim(session, aurora, alice)
    session.add(
        Customer(
            shop_id=aurora.shop_id, customer_id=502, email_norm="", redacted_at=NOON,
            has_account=False, has_verified_email=False,
        )
    )  # fmt: skip
    session.flush()

    later = NOON + timedelta(hours=1)
    comes(session, aurora, a_stray(customer_id=502, ship_to="a mark", updated_at=later))

    order = order_of(session, aurora)
    assert (order.customer_id, order.ship_to, order.member_id) == (None, None, alice.id)


def test_late_news_of_an_erased_persons_order_brings_no_address_back(
    session: Session, aurora: Shop, alice: Member
) -> None:
    comes(session, aurora, an_order(ship_to="a mark"))
    order = order_of(session, aurora)
    assert order.ship_to == "a mark"
    order.customer_id, order.ship_to, alice.state = None, None, "erased"
    session.flush()

    comes(session, aurora, an_order(ship_to="a mark", updated_at=NOON + timedelta(days=20)))

    assert (order_of(session, aurora).ship_to, order_of(session, aurora).customer_id) == (
        None,
        None,
    )
