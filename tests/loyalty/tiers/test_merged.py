"""Tier points of two members who are made one, and two again."""

from datetime import date, timedelta

from sqlalchemy.orm import Session

from loyalty.audit import Actor
from loyalty.expiry.running import expire_dated
from loyalty.ledger.posting import Cause, credit, lock_balance, release_due
from loyalty.ledger.tables import LedgerEntry
from loyalty.ledger.undoing import undo as undo_entry
from loyalty.members.enrolment import record_customer
from loyalty.members.tables import Member
from loyalty.merging.merging import merge
from loyalty.merging.undoing import undo
from loyalty.programme.rules import get_programme
from loyalty.shops.tables import Shop
from loyalty.tiers.evaluation import evaluate
from tests.factories.facts import NOON, a_customer
from tests.loyalty.tiers.cast import buy, have_tiers, moves_told, tier_name

STAFF = Actor("staff", "1")


def give(session: Session, member: Member, points: int, held_days: int = 0) -> LedgerEntry:
    """Points for something that is no order."""
    balance = lock_balance(session, member.shop_id, member.id)
    cause = Cause("earn_action", f"test:{member.id}:{points}", "test", "1", "system:test", NOON)
    available_at = NOON + timedelta(days=held_days) if held_days else None
    return credit(session, balance, cause, points=points, now=NOON, available_at=available_at)


def enrol_carla(session: Session, shop: Shop) -> Member:
    facts = a_customer(502, first_name="Carla", email="carla@example.com")
    customer = record_customer(session, shop, facts, now=NOON, is_backfill=False)
    return session.get_one(Member, (shop.shop_id, customer.member_id))


def test_what_was_taken_back_while_they_were_one_is_lost_by_whose_it_was(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_tiers(session, aurora, ("Silver", 100, "1.5"), metric="points", grace_days=0)
    carla = enrol_carla(session, aurora)
    give(session, alice, 100)
    given = give(session, carla, 110)

    merged = merge(session, aurora, alice.id, carla.id, actor=STAFF, now=NOON)
    undo_entry(session, aurora.shop_id, given.id, actor=STAFF, now=NOON)
    undo(session, aurora, merged.id, actor=STAFF, now=NOON + timedelta(days=1))

    assert (tier_name(session, alice), tier_name(session, carla)) == ("Silver", None)


def test_what_expired_while_they_were_one_is_lost_by_whose_it_was(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_tiers(session, aurora, ("Silver", 100, "1.5"), metric="points", grace_days=0)
    carla = enrol_carla(session, aurora)
    programme = get_programme(session, aurora.shop_id)
    programme.expiry_mode, programme.expiry_days, programme.expiry_since = "days", 5, NOON.date()
    give(session, carla, 110)
    programme.expiry_days = 50
    give(session, alice, 100)

    merged = merge(session, aurora, alice.id, carla.id, actor=STAFF, now=NOON)
    expire_dated(session, aurora, now=NOON + timedelta(days=7))
    undo(session, aurora, merged.id, actor=STAFF, now=NOON + timedelta(days=8))

    assert (tier_name(session, alice), tier_name(session, carla)) == ("Silver", None)


def test_what_either_earned_counts_until_the_merge_is_undone(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_tiers(session, aurora, ("Silver", 100, "1.5"), metric="points")
    carla = enrol_carla(session, aurora)
    give(session, alice, 30)
    give(session, carla, 30)
    give(session, carla, 20, held_days=5)
    buy(session, aurora, 1, 20_00, date(2026, 11, 22), customer_id=502)

    merged = merge(session, aurora, alice.id, carla.id, actor=STAFF, now=NOON)
    # 30 + 30 + 20 of the order; 20 more are held.
    assert tier_name(session, alice) is None
    release_due(session, aurora.shop_id, now=NOON + timedelta(days=5))
    assert tier_name(session, alice) == "Silver"
    undo(session, aurora, merged.id, actor=STAFF, now=NOON + timedelta(days=6))

    assert tier_name(session, alice) is None
    assert tier_name(session, carla) is None
    assert moves_told(session, alice)[-1][2] == "merged"
    assert evaluate(session, aurora, [alice.id, carla.id], now=NOON + timedelta(days=6)) == []
