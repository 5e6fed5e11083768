"""R155: a coupon is given to everybody on a list, once, and each line that names nobody is told."""

import io
from hashlib import sha256
from uuid import uuid4

import pytest
from werkzeug.test import TestResponse

from loyalty.coupons.tables import CouponCode
from tests.admin.cast import ShopAndClient
from tests.admin.profile.test_coupons import have_coupon
from tests.admin.programme.programme_cast import PROGRAMME, all_of, place

COUPONS = f"{PROGRAMME}/coupons"


def send_list(shop: ShopAndClient, coupon: object, body: bytes, **typed: str) -> TestResponse:
    return shop.client.post(
        f"{COUPONS}/{coupon}/list",
        data={"file": (io.BytesIO(body), "list.csv"), **typed},
        headers=shop.bearer(),
    )


def seen(body: bytes) -> str:
    """What the page says of a file that it has looked at."""
    return sha256(body).hexdigest()


def given(shop: ShopAndClient) -> int:
    return sum(code.member_id is not None for code in all_of(shop, CouponCode))


def test_the_file_is_looked_at_before_anybody_gets_anything(aurora: ShopAndClient) -> None:
    coupon = have_coupon(aurora, "Five", "F-1", "F-2")
    aurora.enrol("Alice", "Archer", "alice@example.com")

    answer = send_list(aurora, coupon, b"email\nALICE@example.com\nnobody@example.com\n")

    assert answer.status_code == 200
    assert "It names 1 member." in answer.text and "Give the coupon" in answer.text
    assert "1 line was left out" in answer.text and "nobody@example.com" in answer.text
    assert given(aurora) == 0


def test_everybody_on_it_gets_a_code_and_nobody_a_second_one(aurora: ShopAndClient) -> None:
    coupon = have_coupon(aurora, "Five", "F-1", "F-2", "F-3")
    for name in ("alice", "bob"):
        aurora.enrol(name.title(), "Archer", f"{name}@example.com")
    body = b"email\nalice@example.com\nbob@example.com\n"

    first = send_list(aurora, coupon, body, write=seen(body))
    again = send_list(aurora, coupon, body, write=seen(body))

    assert "2 members were given the coupon" in first.text
    assert "0 members were given the coupon" in again.text
    assert "Whoever had one of this list already" in again.text
    assert given(aurora) == 2


def test_another_file_than_was_looked_at_is_looked_at_first(aurora: ShopAndClient) -> None:
    coupon = have_coupon(aurora, "Five", "F-1", "F-2")
    for name in ("alice", "bob"):
        aurora.enrol(name.title(), "Archer", f"{name}@example.com")
    looked_at, other = b"email\nalice@example.com\n", b"email\nbob@example.com\n"
    report = send_list(aurora, coupon, looked_at).text

    assert f'name="write" value="{seen(looked_at)}"' in report
    answer = send_list(aurora, coupon, other, write=seen(looked_at))
    assert "It names 1 member." in answer.text and given(aurora) == 0
    send_list(aurora, coupon, other, write=seen(other))
    assert given(aurora) == 1


def test_who_is_left_without_a_code_is_told_by_line(aurora: ShopAndClient) -> None:
    coupon = have_coupon(aurora, "Five", "F-1")
    for name in ("alice", "bob"):
        aurora.enrol(name.title(), "Archer", f"{name}@example.com")

    body = b"email\nalice@example.com\nbob@example.com\n"
    answer = send_list(aurora, coupon, body, write=seen(body))

    assert "1 member was given the coupon" in answer.text
    assert "1 line was left out" in answer.text
    assert given(aurora) == 1


@pytest.mark.parametrize("body", [b"", b"\xff\xfe\x00", b"name\nAlice\n"])
def test_a_file_that_is_none_is_refused(aurora: ShopAndClient, body: bytes) -> None:
    coupon = have_coupon(aurora, "Five", "F-1")

    answer = send_list(aurora, coupon, body, write=seen(body))

    assert answer.status_code == 422 and 'id="file-error"' in answer.text
    assert given(aurora) == 0


def test_an_ended_coupon_is_given_to_nobody(aurora: ShopAndClient) -> None:
    coupon = have_coupon(aurora, "Five", "F-1")
    aurora.enrol("Alice", "Archer", "alice@example.com")
    assert place(aurora.post(f"{COUPONS}/{coupon}/end")) == COUPONS

    body = b"email\nalice@example.com\n"
    answer = send_list(aurora, coupon, body, write=seen(body))

    assert answer.status_code == 422 and "has ended" in answer.text
    assert given(aurora) == 0


def test_another_shops_coupon_is_not_found(aurora: ShopAndClient, borealis: ShopAndClient) -> None:
    theirs = have_coupon(borealis, "Five", "F-1")

    for coupon in (theirs, uuid4()):
        assert aurora.get(f"{COUPONS}/{coupon}/list").status_code == 404
        assert send_list(aurora, coupon, b"email\na@example.com\n").status_code == 404
    assert given(borealis) == 0
