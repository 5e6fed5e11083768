"""History earns nothing until the merchant asks, and then once."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.audit import Actor, AuditRow
from loyalty.earning.history import Credited, credit_orders_since
from loyalty.members.tables import Member
from loyalty.orders.recording import record_order
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON, a_line, an_order
from tests.loyalty.conftest import balance_of

STAFF = Actor("staff", "42")
MADRID = ZoneInfo("Europe/Madrid")


def history(session: Session, shop: Shop, order_id: int, placed_at: datetime) -> None:
    facts = an_order(
        order_id, a_line(gross_minor=2550), created_at=placed_at, processed_at=placed_at
    )
    record_order(session, shop, facts, now=NOON, is_backfill=True)


def test_orders_since_the_shops_day_earn_and_older_ones_do_not(
    session: Session, aurora: Shop, alice: Member
) -> None:
    history(session, aurora, 1, datetime(2026, 9, 30, 23, 59, tzinfo=MADRID))
    history(session, aurora, 2, datetime(2026, 10, 1, 0, 0, tzinfo=MADRID))

    credited = credit_orders_since(session, aurora, date(2026, 10, 1), actor=STAFF, now=NOON)

    assert credited == Credited(orders=1, points=25)
    assert balance_of(session, alice).available == 25


def test_asking_again_finds_nothing_left(session: Session, aurora: Shop, alice: Member) -> None:
    history(session, aurora, 2, datetime(2026, 10, 1, 12, 0, tzinfo=MADRID))
    credit_orders_since(session, aurora, date(2026, 10, 1), actor=STAFF, now=NOON)

    again = credit_orders_since(session, aurora, date(2026, 10, 1), actor=STAFF, now=NOON)

    assert again == Credited(orders=0, points=0)
    assert balance_of(session, alice).available == 25


def test_who_asked_is_on_record(session: Session, aurora: Shop, alice: Member) -> None:
    history(session, aurora, 2, datetime(2026, 10, 1, 12, 0, tzinfo=MADRID))

    credit_orders_since(session, aurora, date(2026, 10, 1), actor=STAFF, now=NOON)

    row = session.scalars(select(AuditRow).where(AuditRow.action == "history_credited")).one()
    assert (row.actor_id, row.details) == (
        "42",
        {"since": "2026-10-01", "orders": 1, "points": 25},
    )
