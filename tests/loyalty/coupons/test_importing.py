"""Codes from a CSV file: good ones are kept, every bad line is reported with its number."""

from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.base.errors import BadCoupon, CouponOver
from loyalty.coupons import files
from loyalty.coupons.importing import Imported, import_codes
from loyalty.coupons.recipients import read_recipients
from loyalty.coupons.saving import end_coupon
from loyalty.coupons.tables import Coupon, CouponCode
from loyalty.members.tables import Member
from loyalty.orders.recording import record_order
from loyalty.orders.tables import OrderCode
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON, an_order
from tests.loyalty.coupons.cast import STAFF, add, add_imported, member


def bring(session: Session, coupon: Coupon, content: str | bytes) -> Imported:
    """Import the file."""
    content = content.encode() if isinstance(content, str) else content
    return import_codes(session, coupon.shop_id, coupon.id, content, actor=STAFF, now=NOON)


def codes(session: Session) -> list[str]:
    return sorted(session.scalars(select(CouponCode.code)))


def test_good_lines_are_kept_and_bad_ones_reported(session: Session, aurora: Shop) -> None:
    add_imported(session, aurora, "TAKEN", name="Other")
    coupon = add(session, aurora, code_source="imported")
    anchor = add(session, aurora, name="Made").anchor_code
    record_order(session, aurora, an_order(5123), now=NOON, is_backfill=False)
    session.add(OrderCode(shop_id=aurora.shop_id, order_id=5123, code="SPENT", amount_minor=500))
    session.flush()

    report = bring(
        session,
        coupon,
        "Code,Partner\nspring-1,Spa\n,Spa\nSPRING-1,\nTaken,\nspent,\n"
        f"has blank,\n\n{'x' * 101},\n{anchor},\nSPRING-2\n",
    )

    assert report.codes == 2
    assert [(bad.line, bad.reason) for bad in report.bad] == [
        (3, "has no code"),
        (4, "stands in line 2 already"),
        (5, "is a code of a coupon or reward already"),
        (6, "was used by an order already"),
        (7, "has blanks, commas or quotes in it"),
        (9, "is longer than 100 characters"),
        (10, "is a code of a coupon or reward already"),
    ]
    assert codes(session) == ["SPRING-1", "SPRING-2", "TAKEN"]


def test_the_same_file_again_brings_nothing(session: Session, aurora: Shop) -> None:
    coupon = add(session, aurora, code_source="imported")
    bring(session, coupon, "code\nA1\nA2\n")

    again = bring(session, coupon, "code\nA1\nA2\n")

    assert (again.codes, len(again.bad)) == (0, 2)
    assert codes(session) == ["A1", "A2"]


def test_excel_writes_files_of_its_own_kind(session: Session, aurora: Shop) -> None:
    coupon = add(session, aurora, code_source="imported")

    assert bring(session, coupon, b"\xef\xbb\xbfcode;partner\r\nA1;Spa\r\nA2;Spa\r\n").codes == 2


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"partner\nSpa\n",
        b"code,code\nA1,A2\n",
        b"code\n\xff\xfe\n",
        b'code\n"' + b"x" * 200_000 + b'"\n',
    ],
)
def test_a_file_that_is_none_is_refused_whole(
    session: Session, aurora: Shop, content: bytes
) -> None:
    coupon = add(session, aurora, code_source="imported")

    with pytest.raises(BadCoupon) as refused:
        bring(session, coupon, content)

    assert refused.value.field == "file"
    assert codes(session) == []


def test_a_file_that_is_too_long_is_refused_whole(session: Session, aurora: Shop) -> None:
    coupon = add(session, aurora, code_source="imported")
    lines = "code\n" + "\n".join(f"A{number}" for number in range(files.LINES_MAX + 1))

    with pytest.raises(BadCoupon, match="100,000"):
        bring(session, coupon, lines)


def test_codes_are_imported_only_where_they_are_wanted(session: Session, aurora: Shop) -> None:
    made, ended = add(session, aurora), add(session, aurora, name="E", code_source="imported")
    end_coupon(session, aurora.shop_id, ended.id, actor=STAFF, now=NOON)

    with pytest.raises(BadCoupon):
        bring(session, made, "code\nA1\n")
    with pytest.raises(CouponOver):
        bring(session, ended, "code\nA1\n")


def test_a_list_means_members_by_id_or_by_email(
    session: Session, aurora: Shop, alice: Member
) -> None:
    carol = member(session, aurora, 701)
    for customer_id in (801, 802):
        member(session, aurora, customer_id, email="both@example.com", has_verified_email=False)
    stranger = UUID(int=7)

    found = read_recipients(
        session,
        aurora.shop_id,
        f"email,member\n ALICE@example.com,\n,{carol.id}\nalice@example.com,\n"
        f"both@example.com,\nnobody@example.com,\n,x\n,{stranger}\n".encode(),
    )

    assert found.lines == {alice.id: 2, carol.id: 3, stranger: 8}
    assert [(bad.line, bad.reason) for bad in found.bad] == [
        (4, "is the member of line 2"),
        (5, "is the address of several members"),
        (6, "is no member's address"),
        (7, "is no member's id"),
    ]
