"""A rule that cannot work is refused; one that begins gives every old lot the full period."""

from datetime import date, datetime
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.audit import Actor, AuditRow
from loyalty.base.errors import BadExpiry
from loyalty.expiry import dating
from loyalty.expiry.settings import set_expiry, set_negative_balance
from loyalty.members.tables import Member, TimelineEvent
from loyalty.outbox import EXPIRY_EMAIL_ASKED, OutboxEvent
from loyalty.programme.rules import get_programme
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON
from tests.loyalty.ledger.cast import DAY, Hand, lots_of

STAFF = Actor("staff", "42")


def turn_on(session: Session, shop: Shop, at: datetime = NOON, **rule: Any) -> None:
    assert set_expiry(session, shop, actor=STAFF, now=at, **rule)
    while dating.carry_on(session, shop, now=at):
        pass


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        ({"mode": "weekly"}, "mode"),
        ({"mode": "days"}, "days"),
        ({"mode": "days", "days": 0}, "days"),
        ({"mode": "days", "days": "-5"}, "days"),
        ({"mode": "days", "days": "1.5"}, "days"),
        ({"mode": "days", "days": "3651"}, "days"),
        ({"mode": "days", "days": 30, "months": 1}, "months"),
        ({"mode": "months"}, "months"),
        ({"mode": "months", "months": "121"}, "months"),
        ({"mode": "inactivity", "days": "many"}, "days"),
        ({"mode": "never", "days": 30}, "days"),
    ],
)
def test_a_rule_that_cannot_work_is_refused_with_its_field(
    session: Session, aurora: Shop, rule: dict[str, str], field: str
) -> None:
    with pytest.raises(BadExpiry) as refusal:
        set_expiry(session, aurora, actor=STAFF, now=NOON, **rule)

    assert refusal.value.field == field
    assert get_programme(session, aurora.shop_id).expiry_mode == "never"


def test_a_change_is_audited_once(session: Session, aurora: Shop) -> None:
    assert set_expiry(session, aurora, mode="days", days=365, actor=STAFF, now=NOON)
    assert not set_expiry(session, aurora, mode="days", days=365, actor=STAFF, now=NOON)

    rows = session.scalars(select(AuditRow).where(AuditRow.action == "expiry_set")).all()
    assert [row.details for row in rows] == [{"before": "never", "after": "365 days per lot"}]


def test_old_lots_get_the_full_period_from_the_first_day(
    session: Session, aurora: Shop, alice: Member, hand: Hand
) -> None:
    hand.credit(100, at=NOON - 300 * DAY)
    hand.credit(40, "earn_order", order_id=1, available_at=NOON + 10 * DAY)

    turn_on(session, aurora, mode="days", days=90)

    # 22 November + 90 days; what is on hold has its day when it is released.
    assert lots_of(session, alice) == [(date(2027, 2, 20), 100), (None, 40)]


def test_the_members_are_told_once(
    session: Session, aurora: Shop, alice: Member, hand: Hand
) -> None:
    hand.credit(100)
    hand.credit(50)

    turn_on(session, aurora, mode="months", months=6)
    dating.carry_on(session, aurora, now=NOON)

    [event] = session.scalars(select(OutboxEvent).where(OutboxEvent.kind == EXPIRY_EMAIL_ASKED))
    assert event.body == {"points": 150, "last_valid_on": "2027-05-31", "days": None}
    [told] = session.scalars(select(TimelineEvent).where(TimelineEvent.kind == "expiry_began"))
    assert told.details == {"expiring": 150, "last_valid_on": "2027-05-31"}


def test_a_shorter_rule_brings_no_day_nearer(
    session: Session, aurora: Shop, alice: Member, hand: Hand
) -> None:
    turn_on(session, aurora, mode="days", days=365)
    hand.credit(100)

    turn_on(session, aurora, at=NOON + 5 * DAY, mode="days", days=30)
    hand.credit(10, at=NOON + 6 * DAY)

    assert lots_of(session, alice) == [(date(2027, 11, 22), 100), (date(2026, 12, 28), 10)]


def test_turning_it_off_takes_the_days_away_but_those_of_their_own(
    session: Session, aurora: Shop, alice: Member, hand: Hand
) -> None:
    turn_on(session, aurora, mode="days", days=365)
    hand.credit(100)
    hand.credit(10, last_valid_on=date(2026, 12, 1))

    turn_on(session, aurora, mode="never")

    assert lots_of(session, alice) == [(None, 100), (date(2026, 12, 1), 10)]


def test_a_lot_that_the_change_missed_is_found_by_the_nightly_run(
    session: Session, aurora: Shop, alice: Member, hand: Hand
) -> None:
    hand.credit(100)
    assert set_expiry(session, aurora, mode="days", days=30, actor=STAFF, now=NOON)

    dating.date_strays(session, aurora, now=NOON + 3 * DAY)

    assert lots_of(session, alice) == [(date(2026, 12, 22), 100)]


def test_the_clamp_is_set_and_audited(session: Session, aurora: Shop) -> None:
    with pytest.raises(BadExpiry) as refusal:
        set_negative_balance(session, aurora.shop_id, "maybe", actor=STAFF, now=NOON)
    assert refusal.value.field == "negative_balance"

    assert set_negative_balance(session, aurora.shop_id, "clamp", actor=STAFF, now=NOON)
    assert not set_negative_balance(session, aurora.shop_id, "clamp", actor=STAFF, now=NOON)

    assert get_programme(session, aurora.shop_id).negative_balance == "clamp"
