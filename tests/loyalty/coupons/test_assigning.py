"""R155: a coupon is given to members, one code each, once for each batch."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty import timeline
from loyalty.base.errors import CouponNotFound, CouponOver, IdempotencyConflict
from loyalty.coupons.assigning import HAD_IT, NO_CODE_LEFT, UNKNOWN
from loyalty.coupons.giving import (
    find_adding,
    list_making,
    list_unmade,
    note_added,
    note_adding,
)
from loyalty.coupons.living import end_one
from loyalty.coupons.saving import end_coupon
from loyalty.coupons.tables import Coupon, CouponCode
from loyalty.members import archiving
from loyalty.members.tables import Member
from loyalty.merging.merging import merge
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON
from tests.loyalty.conftest import install_shop
from tests.loyalty.coupons.cast import (
    BATCH,
    OTHER_BATCH,
    STAFF,
    add,
    add_imported,
    codes_of,
    emails,
    hand,
    member,
    said,
)


def test_an_imported_code_is_the_members_at_once(
    session: Session, aurora: Shop, alice: Member
) -> None:
    coupon = add_imported(session, aurora, "SPRING-1", "SPRING-2")

    handed = hand(session, aurora, coupon, [alice.id], sends_email=True)

    (code,) = codes_of(session, alice)
    assert (code.code, code.state, handed.fresh) == ("SPRING-1", "ready", 1)
    assert [event["coupon"] for event in said(session, alice, timeline.COUPON_ASSIGNED)] == [
        "Five off"
    ]
    assert emails(session, alice) == [{"coupon_code_id": str(code.id)}]


def test_a_code_that_is_to_be_made_is_told_once_it_works(
    session: Session, aurora: Shop, alice: Member
) -> None:
    coupon = add(session, aurora)

    hand(session, aurora, coupon, [alice.id], sends_email=True)

    (code,) = codes_of(session, alice)
    assert (code.state, list_unmade(session, aurora.shop_id)) == ("making", [coupon.id])
    assert not said(session, alice, timeline.COUPON_ASSIGNED) and not emails(session, alice)

    readied = [through(session, coupon) for _ in range(2)]

    assert readied == [1, 0]
    assert code.state == "ready"
    assert len(said(session, alice, timeline.COUPON_ASSIGNED)) == 1
    assert emails(session, alice) == [{"coupon_code_id": str(code.id)}]


def test_a_code_that_is_somebody_elses_is_replaced(
    session: Session, aurora: Shop, alice: Member
) -> None:
    coupon = add(session, aurora)
    hand(session, aurora, coupon, [alice.id])
    (before,) = list_making(session, aurora.shop_id, coupon.id)

    assert through(session, coupon, foreign=[before]) == 0

    (after,) = list_making(session, aurora.shop_id, coupon.id)
    assert after != before
    assert [code.code for code in codes_of(session, alice)] == [after]


def test_a_code_that_shopify_failed_to_make_is_asked_for_again(
    session: Session, aurora: Shop, alice: Member
) -> None:
    coupon = add(session, aurora)
    hand(session, aurora, coupon, [alice.id])
    (code,) = list_making(session, aurora.shop_id, coupon.id)

    assert through(session, coupon, failed=[code]) == 0

    assert list_making(session, aurora.shop_id, coupon.id) == [code]
    assert not said(session, alice, timeline.COUPON_ASSIGNED)


def test_codes_of_one_addition_never_stand_for_those_of_another(
    session: Session, aurora: Shop, alice: Member
) -> None:
    coupon, carol = add(session, aurora), member(session, aurora, 701)
    hand(session, aurora, coupon, [alice.id])
    note_adding(session, coupon, list_making(session, aurora.shop_id, coupon.id), "gid://first")
    hand(session, aurora, coupon, [carol.id], batch=OTHER_BATCH)

    assert find_adding(session, aurora.shop_id, coupon.id) == "gid://first"
    note_added(session, coupon, "gid://first", foreign=[], failed=[], now=NOON)

    assert [code.state for code in codes_of(session, alice)] == ["ready"]
    assert [code.state for code in codes_of(session, carol)] == ["making"]


def test_a_batch_that_is_sent_again_gives_nothing_again(
    session: Session, aurora: Shop, alice: Member
) -> None:
    coupon = add_imported(session, aurora, "A1", "A2", "A3", per_member=3)
    first = hand(session, aurora, coupon, [alice.id])

    again = hand(session, aurora, coupon, [alice.id])

    assert (again.fresh, again.given[alice.id].id) == (0, first.given[alice.id].id)
    assert len(codes_of(session, alice)) == 1
    hand(session, aurora, coupon, [alice.id], batch=OTHER_BATCH)
    assert len(codes_of(session, alice)) == 2


def test_a_batch_of_another_coupon_is_refused(
    session: Session, aurora: Shop, alice: Member
) -> None:
    hand(session, aurora, add(session, aurora), [alice.id])
    other = add(session, aurora, name="Other")

    with pytest.raises(IdempotencyConflict):
        hand(session, aurora, other, [alice.id])


def test_nobody_gets_more_than_the_coupon_allows(
    session: Session, aurora: Shop, alice: Member
) -> None:
    coupon = add(session, aurora)
    hand(session, aurora, coupon, [alice.id])

    handed = hand(session, aurora, coupon, [alice.id], batch=OTHER_BATCH)

    assert handed.refused == {alice.id: HAD_IT}
    assert len(codes_of(session, alice)) == 1


def test_who_lost_a_code_in_shopify_may_have_another(
    session: Session, aurora: Shop, alice: Member
) -> None:
    coupon = add_imported(session, aurora, "A1", "A2")
    (lost,) = hand(session, aurora, coupon, [alice.id]).given.values()
    end_one(session, aurora.shop_id, lost.id)

    handed = hand(session, aurora, coupon, [alice.id], batch=OTHER_BATCH)

    assert handed.refused == {}
    assert sorted((code.code, code.state) for code in codes_of(session, alice)) == [
        ("A1", "gone"),
        ("A2", "ready"),
    ]


def test_of_a_list_everyone_has_a_code_or_a_reason(
    session: Session, aurora: Shop, alice: Member
) -> None:
    coupon = add_imported(session, aurora, "A1")
    carol, dan, nobody = member(session, aurora, 701), member(session, aurora, 702), uuid4()
    archiving.archive(session, aurora, carol.id, actor=STAFF, reason="by_hand", now=NOON)

    handed = hand(session, aurora, coupon, [alice.id, alice.id, carol.id, dan.id, nobody])

    assert list(handed.given) == [alice.id]
    assert handed.refused == {
        carol.id: "is archived",
        dan.id: NO_CODE_LEFT,
        nobody: UNKNOWN,
    }


def test_a_member_of_another_shop_is_nobody(session: Session, aurora: Shop, alice: Member) -> None:
    borealis = install_shop(session, "borealis", currency="USD", timezone="America/New_York")
    coupon = add(session, borealis)

    assert hand(session, borealis, coupon, [alice.id]).refused == {alice.id: UNKNOWN}


def test_a_coupon_that_is_over_goes_to_nobody(
    session: Session, aurora: Shop, alice: Member
) -> None:
    ended, past = add(session, aurora, name="Ended"), add(session, aurora, ends_on="2026-11-22")
    end_coupon(session, aurora.shop_id, ended.id, actor=STAFF, now=NOON)

    with pytest.raises(CouponOver):
        hand(session, aurora, ended, [alice.id])
    # Midnight in Madrid is 23:00 UTC.
    with pytest.raises(CouponOver, match="2026-11-22"):
        hand(session, aurora, past, [alice.id], now=NOON.replace(hour=23))
    assert hand(session, aurora, past, [alice.id], now=NOON.replace(hour=22)).fresh == 1


def test_an_unknown_coupon_is_refused(session: Session, aurora: Shop, alice: Member) -> None:
    coupon = add(session, aurora)
    coupon_id, coupon.id = coupon.id, UUID(int=1)
    session.expunge(coupon)

    with pytest.raises(CouponNotFound):
        hand(session, aurora, coupon, [alice.id])
    assert coupon_id != coupon.id


def test_a_merge_gives_the_survivor_the_codes_and_counts_them(
    session: Session, aurora: Shop, alice: Member
) -> None:
    coupon, carol = add(session, aurora), member(session, aurora, 701)
    hand(session, aurora, coupon, [alice.id, carol.id], batch=BATCH)

    merge(session, aurora, alice.id, carol.id, actor=STAFF, now=NOON)

    assert len(codes_of(session, alice)) == 2 and codes_of(session, carol) == []
    # Sent again, the batch has given to both already.
    again = hand(session, aurora, coupon, [alice.id], batch=BATCH)
    assert (again.fresh, again.refused) == (0, {})
    gone = hand(session, aurora, coupon, [carol.id], batch=OTHER_BATCH)
    assert gone.refused == {carol.id: "is merged"}


def test_codes_are_long_and_differ(session: Session, aurora: Shop, alice: Member) -> None:
    coupon = add(session, aurora, prefix="VIP", per_member=100)
    for number in range(20):
        hand(session, aurora, coupon, [alice.id], batch=UUID(int=number))

    codes = set(session.scalars(select(CouponCode.code)))
    assert len(codes) == 20
    assert {len(code) for code in codes} == {len("VIP-XXXXX-XXXXX")}
    assert not {letter for code in codes for letter in code.removeprefix("VIP")} & set("IO01")


def through(session: Session, coupon: Coupon, **refused: list[str]) -> int:
    """Shopify was asked for what is to be made, and has answered; how many codes are ready."""
    making = list_making(session, coupon.shop_id, coupon.id)
    note_adding(session, coupon, making, "gid://addition")
    facts = {"foreign": [], "failed": []} | refused
    return note_added(session, coupon, "gid://addition", **facts, now=NOON)
