"""A coupon is checked whole before it is kept, and its terms never change."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.audit import AuditRow
from loyalty.base.errors import BadCoupon, CouponNotFound
from loyalty.coupons.saving import add_coupon, end_coupon, get_coupon, list_coupons
from loyalty.coupons.words import worth_of
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON
from tests.loyalty.conftest import install_shop
from tests.loyalty.coupons.cast import STAFF, add


def test_a_coupon_is_kept_as_it_was_typed(session: Session, aurora: Shop) -> None:
    coupon = add(
        session,
        aurora,
        name="  Summer   sale ",
        minimum_cart="30.00",
        combines_with=["shipping"],
        ends_on="2026-12-24",
        prefix="summer",
    )

    assert (coupon.name, coupon.amount_minor, coupon.minimum_cart_minor) == (
        "Summer sale",
        500,
        3000,
    )
    assert coupon.combines_with == {"order": False, "product": False, "shipping": True}
    assert coupon.ends_on == date(2026, 12, 24)
    assert coupon.anchor_code is not None and coupon.anchor_code.startswith("SUMMER-")
    actions = session.scalars(select(AuditRow.action).where(AuditRow.shop_id == aurora.shop_id))
    assert "coupon_added" in list(actions)


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("name", {"name": " "}),
        ("name", {"name": "x" * 61}),
        ("kind", {"kind": "store_credit"}),
        ("kind", {"kind": None}),
        ("amount", {"amount": None}),
        ("amount", {"amount": "0"}),
        ("amount", {"amount": "-5"}),
        ("amount", {"amount": "5.001"}),
        ("amount", {"amount": "NaN"}),
        ("amount", {"amount": "1e30"}),
        ("amount", {"kind": "free_shipping"}),
        ("percentage", {"percentage": "10"}),
        ("percentage", {"kind": "percentage", "amount": None}),
        ("percentage", {"kind": "percentage", "amount": None, "percentage": "0"}),
        ("percentage", {"kind": "percentage", "amount": None, "percentage": "100.01"}),
        ("percentage", {"kind": "percentage", "amount": None, "percentage": "9.999"}),
        ("percentage", {"kind": "percentage", "amount": None, "percentage": "Infinity"}),
        ("minimum_cart", {"minimum_cart": "-1"}),
        ("combines_with", {"combines_with": ["tips"]}),
        ("per_member", {"per_member": "0"}),
        ("per_member", {"per_member": "000000001999"}),
        ("per_member", {"per_member": "2.5"}),
        ("starts_on", {"starts_on": "24.12.2026"}),
        ("ends_on", {"ends_on": "2026-11-21"}),
        ("ends_on", {"starts_on": "2026-12-24", "ends_on": "2026-12-23"}),
        ("code_source", {"code_source": "guessed"}),
        ("prefix", {"prefix": "A B"}),
        ("prefix", {"prefix": "X" * 13}),
        ("cost", {"cost": "1"}),
    ],
)
def test_what_cannot_work_is_refused_with_its_field(
    session: Session, aurora: Shop, field: str, changes: dict[str, Any]
) -> None:
    with pytest.raises(BadCoupon) as refused:
        add(session, aurora, **changes)

    assert refused.value.field == field
    assert list_coupons(session, aurora.shop_id) == []


def test_two_that_are_handed_out_have_two_names(session: Session, aurora: Shop) -> None:
    first = add(session, aurora, name="Summer")
    with pytest.raises(BadCoupon, match="already"):
        add(session, aurora, name="SUMMER")

    end_coupon(session, aurora.shop_id, first.id, actor=STAFF, now=NOON)

    assert add(session, aurora, name="Summer").is_active


def test_ending_twice_is_once(session: Session, aurora: Shop) -> None:
    coupon = add(session, aurora)

    assert end_coupon(session, aurora.shop_id, coupon.id, actor=STAFF, now=NOON)
    assert not end_coupon(session, aurora.shop_id, coupon.id, actor=STAFF, now=NOON)


def test_another_shop_has_no_such_coupon(session: Session, aurora: Shop) -> None:
    coupon = add(session, aurora)
    borealis = install_shop(session, "borealis", currency="USD", timezone="America/New_York")

    with pytest.raises(CouponNotFound):
        get_coupon(session, borealis.shop_id, coupon.id)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "€5.00 off"),
        ({"minimum_cart": "30"}, "€5.00 off on orders from €30.00"),
        ({"kind": "percentage", "amount": None, "percentage": "12.5"}, "12.5% off"),
        ({"kind": "free_shipping", "amount": None}, "Free shipping"),
    ],
)
def test_its_worth_is_told_in_words(
    session: Session, aurora: Shop, changes: dict[str, Any], words: str
) -> None:
    assert worth_of(add(session, aurora, **changes), aurora) == words


def test_a_percentage_is_exact(session: Session, aurora: Shop) -> None:
    given = {"name": "Tenth", "kind": "percentage", "percentage": "12.50"}
    coupon = add_coupon(session, aurora, given, actor=STAFF, now=NOON)

    assert coupon.percentage == Decimal("12.5")
