"""Archive when Shopify deletes the customer; nothing is lost, all comes back."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.base.errors import BadState, MemberNotActive
from loyalty.ledger.selfcheck import find_differences
from loyalty.ledger.tables import Lot
from loyalty.members import archiving
from loyalty.members.enrolment import record_customer
from loyalty.members.leaving import delete_customer
from loyalty.members.tables import Customer, Member, TimelineEvent
from loyalty.programme.tables import Programme
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON, a_customer
from tests.loyalty.merging.cast import STAFF, buy, entries, figures, give

LATER = NOON + timedelta(days=3)


def put_away(session: Session, shop: Shop, member: Member) -> None:
    archiving.archive(session, shop, member.id, actor=STAFF, reason="by_hand", now=LATER)


def bring_back(session: Session, shop: Shop, member: Member, *, days: int = 5) -> None:
    at = NOON + timedelta(days=days)
    archiving.restore(session, shop, member.id, actor=STAFF, now=at)


def test_a_member_whose_last_customer_is_deleted_is_archived_with_all_points(
    session: Session, aurora: Shop, alice: Member
) -> None:
    give(session, alice, 30)

    delete_customer(session, aurora, 501, now=LATER)

    assert (alice.state, alice.archived_at) == ("archived", LATER)
    assert figures(session, alice) == (0, 0, 30, 0)
    assert entries(session, alice.id) == [("grant", 30), ("archive", -30)]
    assert find_differences(session, aurora.shop_id) == []


def test_one_who_has_another_customer_stays_and_follows_that_one(
    session: Session, aurora: Shop, alice: Member
) -> None:
    facts = a_customer(502, first_name="Ally", email="ally@example.com")
    other = record_customer(session, aurora, facts, now=NOON, is_backfill=False)
    session.get_one(Customer, (aurora.shop_id, 502)).member_id = alice.id
    session.flush()

    delete_customer(session, aurora, 501, now=LATER)

    session.refresh(alice)
    assert (alice.state, alice.details_customer_id) == ("active", other.customer_id)
    assert (alice.first_name, alice.email) == ("Ally", "ally@example.com")


def test_a_deletion_told_twice_archives_once(session: Session, aurora: Shop, alice: Member) -> None:
    give(session, alice, 30)
    delete_customer(session, aurora, 501, now=LATER)
    bring_back(session, aurora, alice)

    delete_customer(session, aurora, 501, now=LATER)

    assert alice.state == "active"
    assert figures(session, alice)[0] == 30


def test_restoring_brings_everything_back(session: Session, aurora: Shop, alice: Member) -> None:
    give(session, alice, 30)
    buy(session, aurora, 1, 1200, customer_id=501)
    before = figures(session, alice)
    put_away(session, aurora, alice)

    bring_back(session, aurora, alice)

    assert alice.state == "active" and alice.archived_at is None
    assert figures(session, alice) == before == (42, 0, 42, 0)
    assert find_differences(session, aurora.shop_id) == []


def test_points_on_hold_come_back_too(session: Session, aurora: Shop, alice: Member) -> None:
    session.get_one(Programme, aurora.shop_id).hold_days = 14
    buy(session, aurora, 1, 1200, customer_id=501)
    put_away(session, aurora, alice)
    assert figures(session, alice)[:2] == (0, 0)

    bring_back(session, aurora, alice)

    assert figures(session, alice) == (0, 12, 0, 0)
    assert find_differences(session, aurora.shop_id) == []


def test_a_hold_that_ended_meanwhile_is_over(session: Session, aurora: Shop, alice: Member) -> None:
    session.get_one(Programme, aurora.shop_id).hold_days = 14
    buy(session, aurora, 1, 1200, customer_id=501)
    put_away(session, aurora, alice)

    bring_back(session, aurora, alice, days=20)

    assert figures(session, alice) == (12, 0, 12, 0)
    assert find_differences(session, aurora.shop_id) == []


def test_what_died_meanwhile_is_posted_back_and_then_expires(
    session: Session, aurora: Shop, alice: Member
) -> None:
    give(session, alice, 30)
    [lot] = session.scalars(select(Lot).where(Lot.member_id == alice.id)).all()
    lot.last_valid_on = NOON.date() + timedelta(days=4)
    session.flush()
    put_away(session, aurora, alice)

    bring_back(session, aurora, alice, days=9)

    assert entries(session, alice.id)[1:] == [("archive", -30), ("restore", 30), ("expire", -30)]
    assert figures(session, alice) == (0, 0, 30, 0)
    assert find_differences(session, aurora.shop_id) == []


def test_twice_archived_twice_restored_sums_to_zero(
    session: Session, aurora: Shop, alice: Member
) -> None:
    give(session, alice, 30)
    for _ in range(2):
        put_away(session, aurora, alice)
        bring_back(session, aurora, alice)

    assert figures(session, alice)[0] == 30
    assert sum(points for kind, points in entries(session, alice.id) if kind != "grant") == 0


def test_an_archived_member_spends_nothing(session: Session, aurora: Shop, alice: Member) -> None:
    give(session, alice, 30)
    put_away(session, aurora, alice)

    with pytest.raises(MemberNotActive):
        give(session, alice, -1)


def test_only_the_active_are_archived_and_only_the_archived_restored(
    session: Session, aurora: Shop, alice: Member
) -> None:
    with pytest.raises(BadState):
        bring_back(session, aurora, alice)
    put_away(session, aurora, alice)
    with pytest.raises(BadState):
        put_away(session, aurora, alice)


def test_the_timeline_tells_of_both(session: Session, aurora: Shop, alice: Member) -> None:
    put_away(session, aurora, alice)
    bring_back(session, aurora, alice)

    kinds = session.scalars(select(TimelineEvent.kind).where(TimelineEvent.member_id == alice.id))
    assert {"member_archived", "member_restored"} <= set(kinds)
