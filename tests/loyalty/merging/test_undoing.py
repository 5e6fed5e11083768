"""A merge undone: lots go home, what was spent stays spent, orders follow their customer."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.badges.tables import Badge, MemberBadge
from loyalty.base.errors import BadMerge, MergeNotFound
from loyalty.base.ids import new_id
from loyalty.ledger.tables import LedgerEntry
from loyalty.members.consent import read_consents, say
from loyalty.members.identity import survivor_of
from loyalty.members.tables import Customer, Member, TimelineEvent
from loyalty.merging.tables import MemberMerge
from loyalty.merging.undoing import undo
from loyalty.orders.recording import record_order, record_refund
from loyalty.orders.tables import Order
from loyalty.preferences import get_preferences, set_preference
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON, a_line, a_refund, an_order
from tests.loyalty.merging.cast import (
    SECOND,
    STAFF,
    assert_books_agree,
    buy,
    entries,
    figures,
    give,
    make_one,
    second_account,
)


def part(session: Session, shop: Shop, merge: MemberMerge, *, days: int = 1) -> MemberMerge:
    """Undo the merge so many days after noon."""
    at = NOON + timedelta(days=days, hours=2)
    return undo(session, shop, merge.id, actor=STAFF, now=at)


def test_each_gets_their_own_back_and_nothing_is_made(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    give(session, alice, 100)
    give(session, other, 40)
    merge = make_one(session, aurora, alice, other)

    part(session, aurora, merge)

    assert figures(session, alice) == (100, 0, 100, 0)
    assert figures(session, other) == (40, 0, 40, 0)
    assert entries(session, other.id) == [("grant", 40), ("merge_out", -40), ("merge_out", 40)]
    assert entries(session, alice.id) == [("grant", 100), ("merge_in", 40), ("merge_in", -40)]
    assert_books_agree(session, aurora)


def test_the_undo_names_the_entries_that_it_takes_back(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    give(session, other, 40)
    merge = make_one(session, aurora, alice, other)

    part(session, aurora, merge)

    found = session.scalars(
        select(LedgerEntry).where(LedgerEntry.source_id == str(merge.id)).order_by(LedgerEntry.id)
    ).all()
    assert {entry.reverses_id for entry in found[2:]} == {entry.id for entry in found[:2]}


def test_what_was_spent_stays_spent(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    give(session, other, 40)
    merge = make_one(session, aurora, alice, other)
    give(session, alice, -30)

    part(session, aurora, merge)

    assert figures(session, other) == (10, 0, 40, 0)
    assert figures(session, alice) == (0, 0, 0, 0)
    assert_books_agree(session, aurora)


def test_a_deficit_that_the_merge_filled_counts_as_spent(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    buy(session, aurora, 4, 5000, customer_id=SECOND)
    give(session, other, -50)
    buy(session, aurora, 4, 5000, customer_id=SECOND, cancelled_at=NOON)
    give(session, alice, 80)
    merge = make_one(session, aurora, alice, other)

    part(session, aurora, merge)

    assert figures(session, alice)[0] == 30
    assert figures(session, other)[0] == 0
    assert_books_agree(session, aurora)


def test_grants_made_while_merged_stay_with_the_survivor(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    merge = make_one(session, aurora, alice, other)
    give(session, alice, 70)

    part(session, aurora, merge)

    assert figures(session, alice) == (70, 0, 70, 0)
    assert figures(session, other) == (0, 0, 0, 0)


def test_later_orders_follow_their_shopify_customer(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    merge = make_one(session, aurora, alice, other)
    later = NOON + timedelta(hours=3)
    buy(session, aurora, 7, 2000, customer_id=SECOND, now=later)
    buy(session, aurora, 8, 500, customer_id=501, now=later)

    part(session, aurora, merge)

    assert figures(session, other) == (20, 0, 20, 0)
    assert figures(session, alice) == (5, 0, 5, 0)
    owners = dict(session.execute(select(Order.order_id, Order.member_id)).all())
    assert owners == {7: other.id, 8: alice.id}
    assert_books_agree(session, aurora)


def test_badges_of_orders_that_go_home_are_given_there(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    merge = make_one(session, aurora, alice, other)
    buy(session, aurora, 7, 2000, customer_id=SECOND)

    part(session, aurora, merge)

    first_order = select(MemberBadge.member_id).join(
        Badge, (Badge.shop_id == MemberBadge.shop_id) & (Badge.id == MemberBadge.badge_id)
    )
    holders = session.scalars(first_order.where(Badge.code == "first_order")).all()
    assert other.id in holders


def test_an_order_after_the_undo_earns_for_its_own(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    merge = make_one(session, aurora, alice, other)
    part(session, aurora, merge)

    buy(session, aurora, 9, 3000, customer_id=SECOND)

    assert figures(session, other) == (30, 0, 30, 0)
    assert figures(session, alice) == (0, 0, 0, 0)
    assert_books_agree(session, aurora)


def test_a_refund_while_merged_and_one_after_both_follow_the_order(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    order = an_order(3, a_line(1, gross_minor=3000, quantity=3), customer_id=SECOND)
    record_order(session, aurora, order, now=NOON, is_backfill=False)
    merge = make_one(session, aurora, alice, other)
    later = NOON + timedelta(hours=3)
    record_refund(session, aurora, a_refund(77, 3), now=later)

    part(session, aurora, merge)
    assert figures(session, other) == (20, 0, 20, 0)
    record_refund(session, aurora, a_refund(78, 3), now=NOON + timedelta(days=2))

    assert figures(session, other) == (10, 0, 10, 0)
    assert figures(session, alice) == (0, 0, 0, 0)
    assert_books_agree(session, aurora)


def test_what_a_later_refund_lacks_stays_with_the_owner_of_its_order(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    buy(session, aurora, 4, 5000, customer_id=SECOND)
    merge = make_one(session, aurora, alice, other)
    give(session, alice, -50)
    buy(
        session,
        aurora,
        4,
        5000,
        customer_id=SECOND,
        cancelled_at=NOON + timedelta(hours=3),
        updated_at=NOON + timedelta(hours=3),
    )
    assert figures(session, alice)[0] == -50

    part(session, aurora, merge)

    assert figures(session, other)[0] == -50
    assert figures(session, alice)[0] == 0
    assert_books_agree(session, aurora)


def test_identities_and_history_go_home(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    merge = make_one(session, aurora, alice, other)

    part(session, aurora, merge)

    owners = dict(session.execute(select(Customer.customer_id, Customer.member_id)).all())
    assert owners == {501: alice.id, SECOND: other.id}
    assert survivor_of(session, aurora.shop_id, other.id) == other.id
    assert session.get_one(Member, (aurora.shop_id, other.id)).state == "active"
    joined = session.scalars(
        select(TimelineEvent.member_id).where(TimelineEvent.kind == "member_joined")
    )
    assert sorted(joined) == sorted([alice.id, other.id])


def test_details_that_filled_a_gap_leave_it_again_unless_they_were_changed(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    other.phone, other.address = "+34600000001", {"city": "Madrid"}
    session.flush()
    merge = make_one(session, aurora, alice, other)
    survivor = session.get_one(Member, (aurora.shop_id, alice.id))
    survivor.address = {"city": "Cádiz"}

    part(session, aurora, merge)

    session.refresh(survivor)
    assert (survivor.phone, survivor.address) == (None, {"city": "Cádiz"})
    assert (survivor.sources["phone"], survivor.sources["address"]) == ("shopify", "local")


def test_consent_is_as_before_unless_it_was_changed_since(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    shop_id = aurora.shop_id
    for channel in ("email", "sms"):
        say(session, shop_id, alice.id, channel, "subscribed", source="test", said_at=NOON)  # type: ignore[arg-type]
    set_preference(session, shop_id, other.id, "tier", False, now=NOON, actor=STAFF)
    merge = make_one(session, aurora, alice, other)
    assert read_consents(session, shop_id, alice.id) == {}
    later = NOON + timedelta(hours=5)
    say(session, shop_id, alice.id, "sms", "unsubscribed", source="test", said_at=later)

    part(session, aurora, merge)

    assert read_consents(session, shop_id, alice.id) == {
        "email": "subscribed",
        "sms": "unsubscribed",
    }
    assert get_preferences(session, shop_id, alice.id).tier
    assert not get_preferences(session, shop_id, other.id).tier


def test_an_undo_is_offered_for_thirty_days(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    merge = make_one(session, aurora, alice, other)

    with pytest.raises(BadMerge, match="30 days"):
        undo(session, aurora, merge.id, actor=STAFF, now=merge.undo_until)
    last = merge.undo_until - timedelta(seconds=1)
    assert undo(session, aurora, merge.id, actor=STAFF, now=last).state == "undone"


def test_an_undo_happens_once(session: Session, aurora: Shop, alice: Member, other: Member) -> None:
    merge = make_one(session, aurora, alice, other)
    part(session, aurora, merge)

    with pytest.raises(BadMerge, match="undone already"):
        part(session, aurora, merge)


def test_a_merge_of_no_shop_of_ours_is_not_found(session: Session, aurora: Shop) -> None:
    with pytest.raises(MergeNotFound):
        undo(session, aurora, new_id(), actor=STAFF, now=NOON)


def test_of_merges_one_upon_the_other_the_last_is_undone_first(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    third = second_account(session, aurora, customer_id=503, email="third@example.com")
    give(session, other, 40)
    give(session, third, 7)
    first = make_one(session, aurora, alice, other)
    second = make_one(session, aurora, third, alice)
    assert figures(session, third) == (47, 0, 47, 0)

    with pytest.raises(BadMerge, match="undo that first"):
        part(session, aurora, first)
    part(session, aurora, second)
    part(session, aurora, first)

    assert [figures(session, one)[0] for one in (alice, other, third)] == [0, 40, 7]
    assert [figures(session, one)[2] for one in (alice, other, third)] == [0, 40, 7]
    owners = dict(session.execute(select(Customer.customer_id, Customer.member_id)).all())
    assert owners == {501: alice.id, SECOND: other.id, 503: third.id}
    assert_books_agree(session, aurora)


def test_merged_again_after_an_undo_all_adds_up(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    buy(session, aurora, 7, 2000, customer_id=SECOND)
    for days in (0, 3):
        merge = make_one(session, aurora, alice, other, days=days)
        later = NOON + timedelta(days=days, hours=3)
        buy(session, aurora, 20 + days, 1000, customer_id=SECOND, now=later)
        part(session, aurora, merge, days=days + 1)

    assert figures(session, other) == (40, 0, 40, 0)
    assert figures(session, alice) == (0, 0, 0, 0)
    assert_books_agree(session, aurora)


def test_points_of_an_order_made_while_merged_go_along_with_the_next_merge(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    merge = make_one(session, aurora, alice, other)
    buy(session, aurora, 7, 2500, customer_id=SECOND, now=NOON + timedelta(hours=2))
    part(session, aurora, merge)
    assert figures(session, other) == (25, 0, 25, 0)

    make_one(session, aurora, alice, other, days=2)

    assert figures(session, alice) == (25, 0, 25, 0)
    assert figures(session, other) == (0, 0, 0, 0)
    assert_books_agree(session, aurora)
