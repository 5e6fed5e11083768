"""Rising happens at once, with the order that earned it, and the tier held before it counts."""

from datetime import date
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.members.tables import Member
from loyalty.outbox import OutboxEvent
from loyalty.shops.tables import Shop
from loyalty.tiers.standing import after_changes, multiplier_of, multipliers_of
from tests.factories.facts import NOON
from tests.loyalty.tiers.cast import buy, have_tiers, moves_told, tier_name

TODAY = date(2026, 11, 22)


def test_without_tiers_the_multiplier_is_one(session: Session, aurora: Shop, alice: Member) -> None:
    buy(session, aurora, 1, 99_900, TODAY)

    assert multiplier_of(session, aurora.shop_id, alice.id) == (None, Decimal(1))
    assert moves_told(session, alice) == []


def test_order_that_reaches_a_threshold_lifts_at_once(
    session: Session, aurora: Shop, alice: Member
) -> None:
    tiers = have_tiers(session, aurora)

    buy(session, aurora, 1, 9_999, TODAY)
    assert multiplier_of(session, aurora.shop_id, alice.id) == (None, Decimal(1))
    buy(session, aurora, 2, 1, TODAY)

    # 99.99 + 0.01 = 100.00: the threshold itself is enough.
    assert multiplier_of(session, aurora.shop_id, alice.id) == (tiers["Silver"].id, Decimal("1.5"))
    assert moves_told(session, alice) == [(None, "Silver", "earned")]


def test_the_highest_tier_reached_counts(session: Session, aurora: Shop, alice: Member) -> None:
    have_tiers(session, aurora)

    buy(session, aurora, 1, 50_000, TODAY)

    assert tier_name(session, alice) == "Gold"
    assert moves_told(session, alice) == [(None, "Gold", "earned")]


def test_the_same_again_writes_nothing(session: Session, aurora: Shop, alice: Member) -> None:
    have_tiers(session, aurora)
    buy(session, aurora, 1, 10_000, TODAY)

    assert after_changes(session, aurora, [alice.id], now=NOON) == []
    assert len(moves_told(session, alice)) == 1


def test_a_tier_at_nothing_is_everybodys_without_a_row(
    session: Session, aurora: Shop, alice: Member
) -> None:
    tiers = have_tiers(session, aurora, ("Bronze", 0, "1.1"), ("Silver", 10_000, "1.5"))

    assert multiplier_of(session, aurora.shop_id, alice.id) == (tiers["Bronze"].id, Decimal("1.1"))
    assert after_changes(session, aurora, [alice.id], now=NOON) == []


def test_test_orders_and_cancelled_ones_lift_nobody(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_tiers(session, aurora)

    buy(session, aurora, 1, 10_000, TODAY, is_test=True)
    buy(session, aurora, 2, 10_000, TODAY, cancelled_at=NOON)
    buy(session, aurora, 3, 10_000, TODAY, is_paid=False)

    assert tier_name(session, alice) is None


def test_history_counts_for_the_tier(session: Session, aurora: Shop, alice: Member) -> None:
    have_tiers(session, aurora)

    buy(session, aurora, 1, 10_000, date(2025, 3, 1))

    assert tier_name(session, alice) == "Silver"


def test_nobody_falls_with_a_refund(session: Session, aurora: Shop, alice: Member) -> None:
    have_tiers(session, aurora)
    buy(session, aurora, 1, 10_000, TODAY)

    buy(session, aurora, 1, 10_000, TODAY, current_total_minor=0)

    assert tier_name(session, alice) == "Silver"


def test_change_of_tier_is_news_for_the_card(session: Session, aurora: Shop, alice: Member) -> None:
    have_tiers(session, aurora)
    buy(session, aurora, 1, 9_000, date(2025, 3, 1))
    before = _news(session, alice)

    buy(session, aurora, 2, 1_000, date(2025, 3, 2))

    # History earns no points: the order itself is news, and the tier is.
    assert len(_news(session, alice)) == len(before) + 2


def test_many_members_are_asked_for_together(session: Session, aurora: Shop, alice: Member) -> None:
    tiers = have_tiers(session, aurora)
    buy(session, aurora, 1, 10_000, TODAY)

    assert multipliers_of(session, aurora.shop_id, [alice.id]) == {
        alice.id: (tiers["Silver"].id, Decimal("1.5"))
    }
    assert multipliers_of(session, aurora.shop_id, []) == {}


def _news(session: Session, member: Member) -> list[OutboxEvent]:
    statement = select(OutboxEvent).where(
        OutboxEvent.shop_id == member.shop_id, OutboxEvent.member_id == member.id
    )
    return list(session.scalars(statement))
