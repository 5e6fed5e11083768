"""The worked cases of the section Tiers; each stands in docs/rules.md with its arithmetic.

Silver begins at 100 and multiplies by 1.5, Gold begins at 500 and doubles.
"""

from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.audit import Actor
from loyalty.expiry.running import expire_dated
from loyalty.ledger.posting import Cause, credit, debit, lock_balance, release_due
from loyalty.ledger.tables import LedgerEntry
from loyalty.members.tables import Member
from loyalty.orders.recording import record_refund
from loyalty.programme.rules import get_programme
from loyalty.shops.tables import Shop
from loyalty.tiers.by_hand import set_tier_by_hand
from loyalty.tiers.evaluation import evaluate
from loyalty.tiers.plans import RungText, read_plan
from loyalty.tiers.settings import preview_plan, read_present, save_plan
from loyalty.tiers.standing import after_change, multiplier_of
from tests.factories.facts import a_refund
from tests.loyalty.tiers.cast import buy, have_tiers, noon_of

IN_EUROS = (("Silver", 100_00, "1.5"), ("Gold", 500_00, "2"))
IN_POINTS = (("Silver", 100, "1.5"), ("Gold", 500, "2"))
TODAY = date(2026, 11, 22)
STAFF = Actor("staff", "1")


def multiplier(session: Session, shop: Shop, member: Member) -> str:
    """The multiplier that the member's next order has."""
    return str(multiplier_of(session, shop.shop_id, member.id)[1])


def after_night(session: Session, shop: Shop, member: Member, day: date) -> str:
    """The same after the evaluation of the shop's day."""
    evaluate(session, shop, [member.id], now=noon_of(shop, day))
    return multiplier(session, shop, member)


def give(
    session: Session,
    shop: Shop,
    member: Member,
    points: int,
    day: date,
    *,
    kind: str = "earn_action",
    available_at: datetime | None = None,
) -> None:
    """Points for something that is no order, on the shop's day."""
    now = noon_of(shop, day)
    balance = lock_balance(session, shop.shop_id, member.id)
    cause = Cause(kind, f"{kind}:{day}", "test", "1", "system:test", now)
    credit(session, balance, cause, points=points, now=now, available_at=available_at)
    after_change(session, shop, member.id, now=now)


def spend(session: Session, shop: Shop, member: Member, points: int, day: date) -> None:
    now = noon_of(shop, day)
    balance = lock_balance(session, shop.shop_id, member.id)
    cause = Cause("redeem", f"redeem:{day}", "test", "1", "system:test", now)
    debit(session, balance, cause, points=points, now=now)


def test_tiers_1_net_spend_is_what_is_left_of_the_orders(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_tiers(session, aurora, *IN_EUROS)
    buy(session, aurora, 1, 60_00, TODAY, current_total_minor=20_00)

    buy(session, aurora, 2, 79_99, TODAY)
    assert multiplier(session, aurora, alice) == "1"
    buy(session, aurora, 3, 1, TODAY)
    assert multiplier(session, aurora, alice) == "1.5"


def test_tiers_2_tier_points_are_earned_less_reversed(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_tiers(session, aurora, *IN_POINTS, metric="points")
    buy(session, aurora, 1, 99_00, TODAY)
    record_refund(
        session, aurora, a_refund(order_id=1), now=noon_of(aurora, TODAY) + timedelta(hours=2)
    )

    buy(session, aurora, 2, 99_00, TODAY)
    assert multiplier(session, aurora, alice) == "1"
    buy(session, aurora, 3, 1_00, TODAY)
    assert multiplier(session, aurora, alice) == "1.5"


def test_tiers_3_redemptions_never_lower_them(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_tiers(session, aurora, *IN_POINTS, metric="points")
    give(session, aurora, alice, 60, TODAY)
    spend(session, aurora, alice, 50, TODAY)

    give(session, aurora, alice, 40, TODAY + timedelta(days=1))

    assert multiplier(session, aurora, alice) == "1.5"


def test_tiers_4_what_expired_counts_no_more(session: Session, aurora: Shop, alice: Member) -> None:
    have_tiers(session, aurora, *IN_POINTS, metric="points")
    programme = get_programme(session, aurora.shop_id)
    programme.expiry_mode, programme.expiry_days, programme.expiry_since = "days", 10, TODAY
    give(session, aurora, alice, 60, TODAY)
    expire_dated(session, aurora, now=noon_of(aurora, TODAY + timedelta(days=11)))

    give(session, aurora, alice, 99, TODAY + timedelta(days=12))
    assert multiplier(session, aurora, alice) == "1"
    give(session, aurora, alice, 1, TODAY + timedelta(days=13))
    assert multiplier(session, aurora, alice) == "1.5"


def test_tiers_5_grants_count_only_where_ticked(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_tiers(session, aurora, *IN_POINTS, metric="points")
    give(session, aurora, alice, 100, TODAY, kind="grant")
    assert after_night(session, aurora, alice, TODAY) == "1"

    get_programme(session, aurora.shop_id).tier_counts_grants = True

    assert after_night(session, aurora, alice, TODAY) == "1.5"


def test_tiers_6_imports_count_only_where_ticked(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_tiers(session, aurora, *IN_POINTS, metric="points")
    give(session, aurora, alice, 100, TODAY, kind="import")
    assert after_night(session, aurora, alice, TODAY) == "1"

    get_programme(session, aurora.shop_id).tier_counts_imports = True

    assert after_night(session, aurora, alice, TODAY) == "1.5"


def test_tiers_7_a_refund_counts_in_the_period_of_its_order(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_tiers(session, aurora, *IN_EUROS, cycle="calendar")
    buy(session, aurora, 1, 60_00, date(2026, 12, 20))
    buy(session, aurora, 2, 100_00, date(2027, 1, 5))

    at = noon_of(aurora, date(2027, 1, 10))
    buy(session, aurora, 1, 60_00, date(2026, 12, 20), current_total_minor=0, updated_at=at)

    # 2027 alone has 100.00, whatever was refunded in it.
    assert after_night(session, aurora, alice, date(2028, 12, 31)) == "1.5"


def test_tiers_8_a_reversal_counts_in_the_period_of_what_it_takes_back(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_tiers(session, aurora, *IN_POINTS, metric="points", cycle="calendar")
    buy(session, aurora, 1, 60_00, date(2026, 12, 20))
    buy(session, aurora, 2, 100_00, date(2027, 1, 5))
    later = noon_of(aurora, date(2027, 1, 10))
    record_refund(session, aurora, a_refund(order_id=1, created_at=later), now=later)

    taken = session.scalars(
        select(LedgerEntry.points).where(
            LedgerEntry.shop_id == aurora.shop_id, LedgerEntry.kind == "earn_reversal"
        )
    ).all()
    assert taken == [-60]
    # 100 − 60 would be 40; but the 60 were 2026's.
    assert after_night(session, aurora, alice, date(2028, 12, 31)) == "1.5"


def test_tiers_9_an_expiry_counts_in_the_period_of_what_expires(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_tiers(session, aurora, *IN_POINTS, metric="points", cycle="calendar")
    programme = get_programme(session, aurora.shop_id)
    programme.expiry_mode, programme.expiry_days, programme.expiry_since = "days", 30, TODAY
    give(session, aurora, alice, 60, date(2026, 12, 20))
    expire_dated(session, aurora, now=noon_of(aurora, date(2027, 1, 20)))

    give(session, aurora, alice, 100, date(2027, 1, 25))

    # 100 − 60 would be 40; but the 60 were 2026's.
    assert multiplier(session, aurora, alice) == "1.5"


def test_tiers_10_over_a_lifetime_everything_adds_up(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_tiers(session, aurora, *IN_EUROS)

    buy(session, aurora, 1, 50_00, date(2019, 1, 1))
    buy(session, aurora, 2, 50_00, TODAY)

    assert multiplier(session, aurora, alice) == "1.5"


def test_tiers_11_over_a_calendar_year_only_that_year_adds_up(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_tiers(session, aurora, *IN_EUROS, cycle="calendar")
    buy(session, aurora, 1, 50_00, date(2026, 12, 31))

    buy(session, aurora, 2, 50_00, date(2027, 1, 1))
    assert multiplier(session, aurora, alice) == "1"
    buy(session, aurora, 3, 50_00, date(2027, 12, 31))
    assert multiplier(session, aurora, alice) == "1.5"


def test_tiers_12_an_enrolment_year_begins_on_the_day_of_joining(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_tiers(session, aurora, *IN_EUROS, cycle="enrolment")
    alice.joined_at = noon_of(aurora, date(2026, 11, 22))
    buy(session, aurora, 1, 50_00, date(2027, 11, 21))

    buy(session, aurora, 2, 50_00, date(2027, 11, 22))
    assert multiplier(session, aurora, alice) == "1"
    buy(session, aurora, 3, 50_00, date(2028, 11, 21))
    assert multiplier(session, aurora, alice) == "1.5"


def test_tiers_13_rolling_adds_up_365_days(session: Session, aurora: Shop, alice: Member) -> None:
    have_tiers(session, aurora, *IN_EUROS, cycle="rolling")
    buy(session, aurora, 1, 50_00, TODAY)

    # Day 366 is too late, day 365 from the second one is not.
    buy(session, aurora, 2, 50_00, TODAY + timedelta(days=365))
    assert multiplier(session, aurora, alice) == "1"
    buy(session, aurora, 3, 50_00, TODAY + timedelta(days=365 + 364))
    assert multiplier(session, aurora, alice) == "1.5"


def test_tiers_14_the_highest_threshold_that_is_reached_counts(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_tiers(session, aurora, *IN_EUROS)

    buy(session, aurora, 1, 499_99, TODAY)
    assert multiplier(session, aurora, alice) == "1.5"
    buy(session, aurora, 2, 1, TODAY)
    assert multiplier(session, aurora, alice) == "2"


def test_tiers_15_upgrade_comes_with_the_order_and_counts_from_the_next(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_tiers(session, aurora, *IN_EUROS)

    buy(session, aurora, 1, 100_00, TODAY)
    buy(session, aurora, 2, 100_00, TODAY)

    earned = session.scalars(
        select(LedgerEntry.points)
        .where(LedgerEntry.shop_id == aurora.shop_id, LedgerEntry.kind == "earn_order")
        .order_by(LedgerEntry.id)
    ).all()
    assert earned == [100, 150]


def test_tiers_16_a_tier_lasts_to_the_end_of_the_next_cycle_and_30_days(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_tiers(session, aurora, *IN_EUROS, cycle="calendar")
    buy(session, aurora, 1, 100_00, TODAY)

    assert after_night(session, aurora, alice, date(2027, 12, 31)) == "1.5"
    assert after_night(session, aurora, alice, date(2028, 1, 30)) == "1.5"
    assert after_night(session, aurora, alice, date(2028, 1, 31)) == "1"


def test_tiers_17_rolling_is_looked_at_daily_with_the_same_grace(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_tiers(session, aurora, *IN_EUROS, cycle="rolling")
    buy(session, aurora, 1, 100_00, TODAY)

    last_day = TODAY + timedelta(days=364)
    assert after_night(session, aurora, alice, last_day + timedelta(days=30)) == "1.5"
    assert after_night(session, aurora, alice, last_day + timedelta(days=31)) == "1"


def test_tiers_18_lifetime_falls_with_expiry_after_the_same_grace(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_tiers(session, aurora, *IN_POINTS, metric="points")
    programme = get_programme(session, aurora.shop_id)
    programme.expiry_mode, programme.expiry_days, programme.expiry_since = "days", 10, TODAY
    give(session, aurora, alice, 100, TODAY)
    expired_on = TODAY + timedelta(days=11)
    expire_dated(session, aurora, now=noon_of(aurora, expired_on))

    assert after_night(session, aurora, alice, expired_on + timedelta(days=29)) == "1.5"
    assert after_night(session, aurora, alice, expired_on + timedelta(days=30)) == "1"


def test_tiers_19_a_tier_won_by_refunded_orders_ends_the_next_night(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_tiers(session, aurora, *IN_EUROS, cycle="calendar")
    buy(session, aurora, 1, 100_00, TODAY)
    buy(session, aurora, 1, 100_00, TODAY, current_total_minor=99_99)

    assert multiplier(session, aurora, alice) == "1.5"
    assert after_night(session, aurora, alice, TODAY + timedelta(days=1)) == "1"


def test_tiers_20_a_cancelled_order_beside_enough_others_ends_nothing(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_tiers(session, aurora, *IN_EUROS, cycle="calendar")
    buy(session, aurora, 1, 100_00, TODAY)
    buy(session, aurora, 2, 100_00, TODAY)
    buy(session, aurora, 2, 100_00, TODAY, cancelled_at=noon_of(aurora, TODAY))

    assert after_night(session, aurora, alice, TODAY + timedelta(days=1)) == "1.5"


def test_tiers_21_a_new_threshold_says_who_would_move_before_it_applies(
    session: Session, aurora: Shop, alice: Member
) -> None:
    tiers = have_tiers(session, aurora, *IN_EUROS)
    buy(session, aurora, 1, 150_00, TODAY)
    now = noon_of(aurora, TODAY)
    plan = read_plan(
        is_on=True,
        metric="spend",
        cycle="lifetime",
        grace_days=30,
        counts_grants=False,
        counts_imports=False,
        rungs=[
            RungText(tiers["Silver"].id, "Silver", "200", "1.5"),
            RungText(tiers["Gold"].id, "Gold", "500", "2"),
        ],
        currency="EUR",
        zone=aurora.timezone,
        known={rung.id: rung.name for rung in read_present(session, aurora).ladder.rungs},
    )

    preview = preview_plan(session, aurora, plan, now=now)
    assert (preview.up, preview.down, dict(preview.moves)) == (0, 1, {("Silver", None): 1})
    assert multiplier(session, aurora, alice) == "1.5"
    save_plan(session, aurora, plan, actor=STAFF, now=now)
    assert after_night(session, aurora, alice, TODAY) == "1"


def test_tiers_22_a_floor_holds_from_below_and_lets_rise(
    session: Session, aurora: Shop, alice: Member
) -> None:
    tiers = have_tiers(session, aurora, *IN_EUROS)
    hold(session, aurora, alice, "floor", tiers["Silver"].id)
    assert multiplier(session, aurora, alice) == "1.5"

    buy(session, aurora, 1, 500_00, TODAY)

    assert multiplier(session, aurora, alice) == "2"


def test_tiers_23_a_lock_holds_from_below_and_above(
    session: Session, aurora: Shop, alice: Member
) -> None:
    tiers = have_tiers(session, aurora, *IN_EUROS)
    hold(session, aurora, alice, "lock", tiers["Silver"].id)

    buy(session, aurora, 1, 500_00, TODAY)

    assert after_night(session, aurora, alice, TODAY + timedelta(days=1)) == "1.5"


def test_tiers_24_what_is_set_by_hand_ends_after_its_last_day(
    session: Session, aurora: Shop, alice: Member
) -> None:
    tiers = have_tiers(session, aurora, *IN_EUROS)
    until_on = TODAY + timedelta(days=9)
    hold(session, aurora, alice, "floor", tiers["Silver"].id, until_on)

    assert after_night(session, aurora, alice, until_on) == "1.5"
    assert after_night(session, aurora, alice, until_on + timedelta(days=1)) == "1"


def test_tiers_25_held_points_count_from_their_release(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_tiers(session, aurora, *IN_POINTS, metric="points")
    released_at = noon_of(aurora, TODAY) + timedelta(days=14)
    give(session, aurora, alice, 100, TODAY, available_at=released_at)
    assert multiplier(session, aurora, alice) == "1"

    release_due(session, aurora.shop_id, now=released_at)

    assert multiplier(session, aurora, alice) == "1.5"


def hold(
    session: Session,
    shop: Shop,
    member: Member,
    mode: str,
    tier_id: object,
    until_on: date | None = None,
) -> None:
    set_tier_by_hand(
        session,
        shop,
        member.id,
        mode=mode,
        tier_id=tier_id,  # type: ignore[arg-type]
        reason="An apology",
        until_on=until_on,
        actor=STAFF,
        now=noon_of(shop, TODAY),
    )
