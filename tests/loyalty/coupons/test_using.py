"""A coupon is used by the first paid order that carries it, in whatever order we hear of them."""

from datetime import timedelta
from itertools import permutations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty import timeline
from loyalty.base.db import enter_shop
from loyalty.coupons.saving import get_coupon
from loyalty.coupons.tables import CouponCode
from loyalty.coupons.using import OrderWithCodes, note_uses
from loyalty.coupons.views import count_coupons, list_of
from loyalty.members.tables import Member
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON
from tests.loyalty.conftest import install_shop
from tests.loyalty.coupons.cast import OTHER_BATCH, add, add_imported, codes_of, hand, said

FIRST = OrderWithCodes(1, "#1", NOON, ("A1", "OTHER"))
LATER = OrderWithCodes(2, "#2", NOON + timedelta(hours=1), ("a1",))


def test_an_order_that_carries_the_code_uses_it_once(
    session: Session, aurora: Shop, alice: Member
) -> None:
    hand(session, aurora, add_imported(session, aurora, "A1"), [alice.id])

    for _ in range(2):
        note_uses(session, aurora.shop_id, [FIRST])

    (code,) = codes_of(session, alice)
    assert (code.state, code.order_id, code.used_at) == ("used", 1, NOON)
    (event,) = said(session, alice, timeline.COUPON_USED)
    assert (event["coupon"], event["order_name"]) == ("Five off", "#1")


@pytest.mark.parametrize("orders", list(permutations([[FIRST], [LATER], [LATER, FIRST]])))
def test_of_several_orders_the_first_one_has_it(
    session: Session, aurora: Shop, alice: Member, orders: tuple[list[OrderWithCodes], ...]
) -> None:
    hand(session, aurora, add_imported(session, aurora, "A1"), [alice.id])

    for told in orders:
        note_uses(session, aurora.shop_id, told)

    (code,) = codes_of(session, alice)
    assert (code.order_id, code.used_at) == (1, NOON)
    assert len(said(session, alice, timeline.COUPON_USED)) == 1


def test_a_free_code_that_an_order_carries_is_given_to_nobody(
    session: Session, aurora: Shop, alice: Member
) -> None:
    coupon = add_imported(session, aurora, "A1")

    note_uses(session, aurora.shop_id, [FIRST])

    assert hand(session, aurora, coupon, [alice.id]).given == {}
    assert session.scalars(select(CouponCode.state)).all() == ["used"]


def test_a_code_whose_making_was_not_heard_of_is_used_all_the_same(
    session: Session, aurora: Shop, alice: Member
) -> None:
    hand(session, aurora, add(session, aurora), [alice.id])
    (code,) = codes_of(session, alice)

    note_uses(session, aurora.shop_id, [OrderWithCodes(1, "#1", NOON, (code.code,))])

    assert code.state == "used"


def test_another_shops_order_uses_nothing(session: Session, aurora: Shop, alice: Member) -> None:
    hand(session, aurora, add_imported(session, aurora, "A1"), [alice.id])
    borealis = install_shop(session, "borealis", currency="USD", timezone="America/New_York")

    note_uses(session, borealis.shop_id, [FIRST])

    enter_shop(session, aurora.shop_id)
    assert [code.state for code in codes_of(session, alice)] == ["ready"]


def test_a_member_sees_what_can_be_used_first(
    session: Session, aurora: Shop, alice: Member
) -> None:
    used = add_imported(session, aurora, "A1", name="Used")
    early = add_imported(session, aurora, "B1", name="Early", starts_on="2026-11-23")
    making = add(session, aurora, name="Making")
    for coupon in (making, early, used):
        hand(session, aurora, coupon, [alice.id], batch=coupon.id)
    note_uses(session, aurora.shop_id, [FIRST])

    shown = [(one.name, one.state) for one in list_of(session, aurora.shop_id, alice.id, NOON)]

    assert set(shown[:2]) == {("Early", "early"), ("Making", "making")}
    assert shown[2:] == [("Used", "used")]
    tomorrow = list_of(session, aurora.shop_id, alice.id, NOON + timedelta(days=1))
    assert {one.name: one.state for one in tomorrow}["Early"] == "ready"


def test_what_ended_is_over(session: Session, aurora: Shop, alice: Member) -> None:
    coupon = add_imported(session, aurora, "A1", ends_on="2026-11-22")
    hand(session, aurora, coupon, [alice.id])

    (shown,) = list_of(session, aurora.shop_id, alice.id, NOON + timedelta(days=1))

    assert (shown.state, shown.valid_until, shown.worth) == ("over", coupon.ends_on, "€5.00 off")


def test_a_shop_counts_its_codes_by_state(session: Session, aurora: Shop, alice: Member) -> None:
    coupon = add_imported(session, aurora, "A1", "A2", "A3", per_member=2)
    hand(session, aurora, coupon, [alice.id])
    hand(session, aurora, coupon, [alice.id], batch=OTHER_BATCH)
    note_uses(session, aurora.shop_id, [FIRST])

    (counted,) = count_coupons(session, aurora)

    assert counted.codes == {"free": 1, "making": 0, "ready": 1, "used": 1, "gone": 0}
    assert get_coupon(session, aurora.shop_id, coupon.id) is counted.coupon
