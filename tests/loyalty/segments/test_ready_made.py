"""The six ready-made segments mean whom their names say, to the day and the cent."""

from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.actions.awarding import award_action
from loyalty.base.ids import new_id
from loyalty.expiry.settings import set_expiry
from loyalty.ledger.posting import Cause, credit, debit, lock_balance
from loyalty.members.tables import Member
from loyalty.segments.refreshing import refresh
from loyalty.segments.tables import Segment
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON
from tests.loyalty.segments.cast import STAFF, another, members_in
from tests.loyalty.tiers.cast import buy, have_tiers

TODAY = date(2026, 11, 22)
DAY = timedelta(days=1)


def is_in(session: Session, shop: Shop, code: str, member: Member) -> bool:
    """Whether a look at all members by now finds the member."""
    statement = select(Segment).where(Segment.shop_id == shop.shop_id, Segment.code == code)
    segment = session.scalars(statement).one()
    refresh(session, shop, segment.id, now=NOON)
    return member.id in members_in(session, segment)


def post(
    session: Session, member: Member, points: int, *, last_valid_on: date | None = None
) -> None:
    balance = lock_balance(session, member.shop_id, member.id)
    kind = "grant" if points > 0 else "redeem"
    cause = Cause(kind, f"{kind}:{new_id()}", "test", "1", "system:test", NOON)
    if points > 0:
        credit(session, balance, cause, points=points, now=NOON, last_valid_on=last_valid_on)
    else:
        debit(session, balance, cause, points=-points, now=NOON)


def test_no_order_for_60_days_begins_on_the_61st(
    session: Session, aurora: Shop, alice: Member
) -> None:
    buy(session, aurora, 1, 10_00, TODAY - 61 * DAY)
    assert is_in(session, aurora, "no_order_60_days", alice)

    buy(session, aurora, 2, 10_00, TODAY - 60 * DAY)

    assert not is_in(session, aurora, "no_order_60_days", alice)


def test_who_never_ordered_counts_once_they_joined_so_long_ago(
    session: Session, aurora: Shop, alice: Member
) -> None:
    assert not is_in(session, aurora, "no_order_60_days", alice)

    alice.joined_at = NOON - 61 * DAY
    session.flush()

    assert is_in(session, aurora, "no_order_60_days", alice)


def test_vip_is_the_top_tier_or_ten_orders(session: Session, aurora: Shop, alice: Member) -> None:
    have_tiers(session, aurora)
    for number in range(1, 10):
        buy(session, aurora, number, 1_00, TODAY)
    assert not is_in(session, aurora, "vip", alice)

    buy(session, aurora, 10, 1_00, TODAY)
    assert is_in(session, aurora, "vip", alice)

    erin = another(session, aurora)
    assert not is_in(session, aurora, "vip", erin)
    buy(session, aurora, 11, 500_00, TODAY, customer_id=502)
    assert is_in(session, aurora, "vip", erin)


def test_points_expire_soon_within_30_days(session: Session, aurora: Shop, alice: Member) -> None:
    set_expiry(session, aurora, mode="days", days=31, actor=STAFF, now=NOON)
    post(session, alice, 100)
    assert not is_in(session, aurora, "expiring_soon", alice)

    set_expiry(session, aurora, mode="days", days=30, actor=STAFF, now=NOON)
    post(session, alice, 1)

    assert is_in(session, aurora, "expiring_soon", alice)


def test_who_has_redeemed_or_has_nothing_to_redeem_is_not_never_redeemed(
    session: Session, aurora: Shop, alice: Member
) -> None:
    assert not is_in(session, aurora, "never_redeemed", alice)
    post(session, alice, 100)
    assert is_in(session, aurora, "never_redeemed", alice)

    post(session, alice, -10)

    assert not is_in(session, aurora, "never_redeemed", alice)


def test_big_spenders_have_spent_500(session: Session, aurora: Shop, alice: Member) -> None:
    buy(session, aurora, 1, 499_99, TODAY)
    assert not is_in(session, aurora, "big_spenders", alice)

    buy(session, aurora, 2, 1, TODAY)

    assert is_in(session, aurora, "big_spenders", alice)


def test_pass_that_was_installed_once_is_no_card_now(
    session: Session, aurora: Shop, alice: Member
) -> None:
    award_action(session, aurora, alice.id, "pass_installed", occurred_at=NOON, now=NOON)

    assert not is_in(session, aurora, "has_card", alice)
