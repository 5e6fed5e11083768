"""R168: coupons of each kind are made and ended, and imported codes come in with a report."""

import io
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from werkzeug.test import TestResponse

from loyalty.coupons.tables import Coupon, CouponCode
from tests.admin.cast import ShopAndClient
from tests.admin.forms import Fields, fields_of
from tests.admin.programme.programme_cast import PROGRAMME, all_of, audited, place, send

COUPONS = f"{PROGRAMME}/coupons"


def blank(shop: ShopAndClient, kind: str = "fixed_amount", **typed: str) -> Fields:
    """The fields of a new coupon's form after a person wrote into some."""
    fields = fields_of(shop.get(f"{COUPONS}/new?kind={kind}").text, "coupon-form")
    typed = {"name": "Gift <5>"} | typed
    return [(name, value) for name, value in fields if name not in typed] + list(typed.items())


def add(shop: ShopAndClient, kind: str = "fixed_amount", **typed: str) -> Coupon:
    assert send(shop, COUPONS, blank(shop, kind, **typed)).status_code == 204
    [found] = all_of(shop, Coupon)
    assert isinstance(found, Coupon)
    return found


def imported(shop: ShopAndClient) -> Coupon:
    return add(shop, amount="5", code_source="imported")


def upload(shop: ShopAndClient, coupon_id: object, body: bytes) -> TestResponse:
    return shop.client.post(
        f"{COUPONS}/{coupon_id}/codes",
        data={"file": (io.BytesIO(body), "codes.csv")},
        headers=shop.bearer(),
    )


@pytest.mark.parametrize(
    ("kind", "typed", "wanted"),
    [
        ("fixed_amount", {"amount": "5.00", "minimum_cart": "20"}, {"amount_minor": 500}),
        ("percentage", {"percentage": "12.5"}, {"percentage": Decimal("12.5")}),
        ("free_shipping", {"prefix": "ship"}, {"prefix": "SHIP"}),
    ],
)
def test_each_kind_is_made_though_shopify_does_not_answer_yet(
    aurora: ShopAndClient, kind: str, typed: dict[str, str], wanted: dict[str, Any]
) -> None:
    coupon = add(aurora, kind, combines_with="order", per_member="3", **typed)

    assert (coupon.kind, coupon.per_member) == (kind, 3)
    assert {name: getattr(coupon, name) for name in wanted} == wanted
    assert coupon.combines_with["order"] and not coupon.combines_with["shipping"]
    assert "Gift &lt;5&gt;" in aurora.get(COUPONS).text
    assert len(audited(aurora, "coupon_added")) == 1


@pytest.mark.parametrize(
    ("kind", "field", "text"),
    [
        ("fixed_amount", "name", ""),
        ("fixed_amount", "amount", ""),
        ("fixed_amount", "amount", "five"),
        ("fixed_amount", "minimum_cart", "-1"),
        ("fixed_amount", "per_member", "0"),
        ("fixed_amount", "ends_on", "2020-01-01"),
        ("fixed_amount", "prefix", "!"),
        ("percentage", "percentage", "101"),
    ],
)
def test_what_is_wrong_stands_beside_its_field_with_what_was_typed(
    aurora: ShopAndClient, kind: str, field: str, text: str
) -> None:
    usual = {"amount": "5", "percentage": "5", "combines_with": "shipping"}

    answer = send(aurora, COUPONS, blank(aurora, kind, **(usual | {field: text})))

    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    kept = fields_of(answer.text, "coupon-form")
    assert (field, text) in kept and ("combines_with", "shipping") in kept
    assert all_of(aurora, Coupon) == []


def test_a_coupon_is_ended_once(aurora: ShopAndClient) -> None:
    coupon = add(aurora, amount="5")

    for told in ("Coupon ended", "ended already"):
        answer = aurora.post(f"{COUPONS}/{coupon.id}/end")
        assert place(answer) == COUPONS and told in answer.headers["HX-Trigger"]

    assert not all_of(aurora, Coupon)[0].is_active
    assert len(audited(aurora, "coupon_ended")) == 1
    page = aurora.get(COUPONS).text
    assert "Ended" in page and "/end" not in page


def test_codes_come_in_and_every_line_left_out_is_told(aurora: ShopAndClient) -> None:
    coupon = imported(aurora)
    assert "0 codes are left" in aurora.get(f"{COUPONS}/{coupon.id}/codes").text

    answer = upload(aurora, coupon.id, b"code\nABC-1\nABC-2\nabc-1\n")

    assert answer.status_code == 200
    assert "2 imported" in answer.text and "2 codes are left" in answer.text
    assert "1 line was left out" in answer.text and "in line 2 already" in answer.text
    assert len(all_of(aurora, CouponCode)) == 2
    assert len(audited(aurora, "coupon_codes_imported")) == 1


@pytest.mark.parametrize("body", [b"", b"\xff\xfe\x00", b"name\nABC-1\n"])
def test_a_file_that_is_none_is_refused_and_adds_nothing(
    aurora: ShopAndClient, body: bytes
) -> None:
    coupon = imported(aurora)

    answer = upload(aurora, coupon.id, body)

    assert answer.status_code == 422 and 'id="file-error"' in answer.text
    assert all_of(aurora, CouponCode) == []


def test_an_ended_coupon_takes_no_codes_and_one_that_makes_its_own_none_either(
    aurora: ShopAndClient, borealis: ShopAndClient
) -> None:
    coupon, own = imported(aurora), add(borealis, amount="5")
    aurora.post(f"{COUPONS}/{coupon.id}/end")

    ended = upload(aurora, coupon.id, b"code\nABC-1\n")

    assert ended.status_code == 422 and "has ended" in ended.text
    assert borealis.get(f"{COUPONS}/{own.id}/codes").status_code == 404
    assert upload(borealis, own.id, b"code\nABC-1\n").status_code == 404
    assert all_of(aurora, CouponCode) == all_of(borealis, CouponCode) == []


def test_another_shops_coupon_is_not_found(aurora: ShopAndClient, borealis: ShopAndClient) -> None:
    coupon = imported(borealis)

    for wanted in (coupon.id, uuid4(), "none"):
        assert aurora.get(f"{COUPONS}/{wanted}/codes").status_code == 404
        assert upload(aurora, wanted, b"code\nABC-1\n").status_code == 404
        assert aurora.post(f"{COUPONS}/{wanted}/end").status_code == 404
    assert aurora.get(f"{COUPONS}/new?kind=gold").status_code == 404
    assert all_of(borealis, Coupon)[0].is_active and all_of(borealis, CouponCode) == []
