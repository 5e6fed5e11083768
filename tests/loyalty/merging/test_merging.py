"""Two members made one: points, orders, history, details and consent; and what is refused."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.base.errors import BadMerge, MemberHasMoved, MemberNotFound
from loyalty.ledger.posting import lock_balance
from loyalty.ledger.tables import Lot
from loyalty.members import archiving
from loyalty.members.consent import read_consents, say
from loyalty.members.identity import survivor_of
from loyalty.members.tables import Customer, Member, TimelineEvent
from loyalty.merging.from_shopify import follow_merge
from loyalty.merging.preview import preview
from loyalty.orders.recording import record_order, record_refund
from loyalty.orders.tables import Order
from loyalty.preferences import get_preferences, set_preference
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON, a_customer, a_line, a_refund, an_order
from tests.loyalty.merging.cast import (
    SECOND,
    STAFF,
    assert_books_agree,
    buy,
    entries,
    figures,
    give,
    make_one,
)


def test_points_of_both_are_the_survivors_and_the_moves_sum_to_zero(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    give(session, alice, 100)
    give(session, other, 40)

    merge = make_one(session, aurora, alice, other)

    assert merge.points == 40
    assert figures(session, alice) == (140, 0, 140, 0)
    assert figures(session, other) == (0, 0, 0, 0)
    assert entries(session, other.id) == [("grant", 40), ("merge_out", -40)]
    assert entries(session, alice.id) == [("grant", 100), ("merge_in", 40)]
    assert_books_agree(session, aurora)


def test_lots_move_with_their_dates(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    give(session, other, 40)
    [before] = session.scalars(select(Lot).where(Lot.member_id == other.id)).all()
    dates = (before.opened_at, before.available_at, before.last_valid_on)

    make_one(session, aurora, alice, other)

    [lot] = session.scalars(select(Lot).where(Lot.member_id == alice.id)).all()
    assert (lot.id, lot.points_left) == (before.id, 40)
    assert (lot.opened_at, lot.available_at, lot.last_valid_on) == dates


def test_customers_and_orders_belong_to_the_survivor(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    buy(session, aurora, 1, 1000, customer_id=SECOND)

    make_one(session, aurora, alice, other)

    assert set(session.scalars(select(Customer.member_id))) == {alice.id}
    assert set(session.scalars(select(Order.member_id))) == {alice.id}


def test_a_later_order_of_either_customer_earns_for_the_survivor(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    make_one(session, aurora, alice, other)

    buy(session, aurora, 2, 2500, customer_id=SECOND)

    assert figures(session, alice) == (25, 0, 25, 0)
    assert_books_agree(session, aurora)


def test_a_later_refund_takes_from_whoever_owns_the_order(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    record_order(
        session,
        aurora,
        an_order(3, a_line(1, gross_minor=3000, quantity=3), customer_id=SECOND),
        now=NOON,
        is_backfill=False,
    )
    make_one(session, aurora, alice, other)

    record_refund(session, aurora, a_refund(77, 3), now=NOON)

    assert figures(session, alice) == (20, 0, 20, 0)
    assert_books_agree(session, aurora)


def test_what_one_lacks_is_filled_by_the_others_points(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    buy(session, aurora, 4, 5000, customer_id=SECOND)
    give(session, other, -50)
    buy(session, aurora, 4, 5000, customer_id=SECOND, cancelled_at=NOON)
    give(session, alice, 80)
    assert figures(session, other)[0] == -50

    make_one(session, aurora, alice, other)

    assert figures(session, alice) == (30, 0, 80, 0)
    assert entries(session, other.id)[-1] == ("merge_out", 50)
    assert_books_agree(session, aurora)


def test_points_on_hold_stay_on_hold(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    from loyalty.programme.tables import Programme

    session.get_one(Programme, aurora.shop_id).hold_days = 14
    buy(session, aurora, 5, 6000, customer_id=SECOND)

    make_one(session, aurora, alice, other)

    assert figures(session, alice) == (0, 60, 0, 0)
    assert_books_agree(session, aurora)


def test_the_one_who_was_merged_is_the_survivor_by_now(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    make_one(session, aurora, alice, other)

    assert survivor_of(session, aurora.shop_id, other.id) == alice.id
    assert session.get_one(Member, (aurora.shop_id, other.id)).state == "merged"
    with pytest.raises(MemberHasMoved):
        lock_balance(session, aurora.shop_id, other.id)


def test_the_timeline_is_united_and_tells_of_the_merge(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    give(session, other, 40)

    merge = make_one(session, aurora, alice, other)

    kinds = session.scalars(
        select(TimelineEvent.kind)
        .where(TimelineEvent.member_id == alice.id)
        .order_by(TimelineEvent.occurred_at, TimelineEvent.id)
    ).all()
    assert kinds.count("member_joined") == 2
    [told] = session.scalars(
        select(TimelineEvent).where(
            TimelineEvent.member_id == alice.id, TimelineEvent.kind == "member_merged"
        )
    )
    assert told.details == {"role": "survivor", "merge_id": str(merge.id), "points": 40}


def test_gaps_in_the_details_are_filled_and_the_rest_stays(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    other.phone, other.first_name = "+34600000001", "Alicia"
    session.flush()

    make_one(session, aurora, alice, other)

    survivor = session.get_one(Member, (aurora.shop_id, alice.id))
    assert (survivor.first_name, survivor.phone) == ("Alice", "+34600000001")
    assert (survivor.sources["first_name"], survivor.sources["phone"]) == ("shopify", "local")


@pytest.mark.parametrize(
    ("own", "theirs", "united"),
    [
        ("subscribed", "unsubscribed", "unsubscribed"),
        ("unsubscribed", "subscribed", "unsubscribed"),
        ("subscribed", "subscribed", "subscribed"),
        ("subscribed", None, None),
        (None, "subscribed", None),
        (None, "unsubscribed", "unsubscribed"),
        ("subscribed", "asked", "asked"),
    ],
)
def test_consent_is_the_stricter_of_the_two(
    session: Session,
    aurora: Shop,
    alice: Member,
    other: Member,
    own: str | None,
    theirs: str | None,
    united: str | None,
) -> None:
    for member, word in ((alice, own), (other, theirs)):
        if word is not None:
            say(session, aurora.shop_id, member.id, "email", word, source="test", said_at=NOON)  # type: ignore[arg-type]

    make_one(session, aurora, alice, other)

    assert read_consents(session, aurora.shop_id, alice.id).get("email") == united


def test_a_push_that_one_has_paused_is_paused(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    for member, name in ((alice, "tier"), (other, "balance")):
        set_preference(
            session,
            aurora.shop_id,
            member.id,
            name,
            False,
            now=NOON,
            actor=STAFF,  # type: ignore[arg-type]
        )

    make_one(session, aurora, alice, other)

    switches = get_preferences(session, aurora.shop_id, alice.id)
    assert not switches.tier and not switches.balance and switches.reward


def test_nobody_is_merged_with_themselves(session: Session, aurora: Shop, alice: Member) -> None:
    with pytest.raises(BadMerge) as refusal:
        make_one(session, aurora, alice, alice)

    assert refusal.value.field == "merged"


def test_who_was_merged_is_merged_no_more(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    make_one(session, aurora, alice, other)

    for survivor, merged, field in ((alice, other, "merged"), (other, alice, "survivor")):
        with pytest.raises(BadMerge) as refusal:
            make_one(session, aurora, survivor, merged)
        assert refusal.value.field == field
    assert figures(session, alice) == (0, 0, 0, 0)


def test_a_member_of_no_shop_of_ours_is_not_found(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    from loyalty.base.ids import new_id
    from loyalty.merging.merging import merge

    with pytest.raises(MemberNotFound):
        merge(session, aurora, alice.id, new_id(), actor=STAFF, now=NOON)


def test_the_preview_says_what_the_merge_then_does(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    give(session, alice, 100)
    buy(session, aurora, 6, 4000, customer_id=SECOND)
    other.phone = "+34600000001"
    session.flush()

    seen = preview(session, aurora.shop_id, alice.id, other.id, now=NOON)
    make_one(session, aurora, alice, other)

    assert (seen.available, seen.pending, seen.lifetime_earned, seen.lifetime_burned) == figures(
        session, alice
    )
    assert (seen.order_count, seen.spend.amount_minor, seen.filled) == (1, 4000, ("phone",))


def test_an_archived_member_who_goes_brings_their_points_along(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    give(session, other, 40)
    archiving.archive(session, aurora, other.id, actor=STAFF, reason="by_hand", now=NOON)
    seen = preview(session, aurora.shop_id, alice.id, other.id, now=NOON)

    make_one(session, aurora, alice, other)

    assert figures(session, alice)[0] == seen.available == 40
    assert_books_agree(session, aurora)


def test_nobody_is_merged_into_an_archived_member_by_hand(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    archiving.archive(session, aurora, alice.id, actor=STAFF, reason="by_hand", now=NOON)

    with pytest.raises(BadMerge) as refusal:
        make_one(session, aurora, alice, other)

    assert refusal.value.field == "survivor"


def test_whom_shopify_keeps_is_brought_back(
    session: Session, aurora: Shop, alice: Member, other: Member
) -> None:
    give(session, alice, 100)
    give(session, other, 40)
    archiving.archive(session, aurora, alice.id, actor=STAFF, reason="by_hand", now=NOON)

    follow_merge(session, aurora, SECOND, 501, a_customer(), now=NOON)

    session.refresh(alice)
    assert (alice.state, figures(session, alice)[0]) == ("active", 140)
    assert_books_agree(session, aurora)
