"""R155: what Shopify refuses of a coupon's codes is told of those codes; the others stay good."""

from typing import Any
from uuid import UUID, uuid4

import pytest
import requests
from sqlalchemy import select

from loyalty import timeline
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.coupons.giving import list_unmade
from loyalty.coupons.tables import CouponCode
from loyalty.coupons.views import list_of
from loyalty.members.tables import TimelineEvent
from shopify_app.platform import client
from shopify_app.platform.coupon_codes import hand_out, make_codes
from shopify_app.platform.coupon_states import DELETED, ENDED
from shopify_app.platform.discounts import pools
from shopify_app.platform.errors import ShopifyError
from tests.platform.shopify import Shopify
from tests.platform.test_coupon_codes import (
    STAFF,
    a_coupon,
    alice,
    aurora,
    codes,
    coupon,
    order_with,
    times_told,
)

__all__ = ["alice", "aurora"]  # fixtures


def test_a_refused_batch_ends_neither_the_coupon_nor_what_was_made(
    aurora: int, alice: UUID, shopify: Shopify
) -> None:
    # given a coupon with a code that works
    coupon_id = a_made_coupon(aurora, alice)
    # when Shopify refuses the next
    shopify.fail("discounts", "refuse", code="INVALID", count=1)
    one_more(aurora, coupon_id, alice)
    make_codes(aurora, coupon_id)
    # then that one is given up and told of, and both the first and the coupon stay good
    made, refused = codes(aurora, coupon_id)
    assert (made.state, refused.state, refused.ready_at) == ("ready", "gone", None)
    assert coupon(aurora, coupon_id).is_active and coupon(aurora, coupon_id).error is None
    assert why_refused(aurora) == ["Shopify does not take these codes"]
    assert order_with(shopify, made.code)["total_discounts"] == "5.00"
    # and who was refused may have another
    one_more(aurora, coupon_id, alice)
    make_codes(aurora, coupon_id)
    assert codes(aurora, coupon_id)[2].state == "ready"


def test_of_a_batch_only_the_codes_that_shopify_names_are_given_up(
    aurora: int, alice: UUID, shopify: Shopify
) -> None:
    coupon_id = a_made_coupon(aurora, alice)
    for _ in range(3):
        one_more(aurora, coupon_id, alice)
    field = ["codes", "1", "code"]
    shopify.fail("discounts", "refuse", code="TOO_LONG", field=field, count=1)

    make_codes(aurora, coupon_id)

    states = [code.state for code in codes(aurora, coupon_id)]
    assert states == ["ready", "ready", "gone", "ready"]
    assert len(why_refused(aurora)) == 1 and times_told(aurora) == 3


def test_a_named_code_that_is_taken_is_replaced(aurora: int, alice: UUID, shopify: Shopify) -> None:
    coupon_id = a_made_coupon(aurora, alice)
    one_more(aurora, coupon_id, alice)
    one_more(aurora, coupon_id, alice)
    before = [code.code for code in codes(aurora, coupon_id)]
    field = ["codes", "0", "code"]
    shopify.fail("discounts", "refuse", code="TAKEN", field=field, count=1)

    make_codes(aurora, coupon_id)

    made = codes(aurora, coupon_id)
    assert {code.state for code in made} == {"ready"} and why_refused(aurora) == []
    assert [code.code == old for code, old in zip(made, before, strict=True)] == [True, False, True]
    assert order_with(shopify, made[1].code)["total_discounts"] == "5.00"


def test_a_code_that_is_the_coupons_already_is_ready_when_shopify_calls_it_taken(
    aurora: int, alice: UUID, shopify: Shopify
) -> None:
    # given a code that was added by a call whose answer was lost
    coupon_id = a_made_coupon(aurora, alice)
    one_more(aurora, coupon_id, alice)
    added = codes(aurora, coupon_id)[1].code
    gid = coupon(aurora, coupon_id).discount_gid
    assert gid is not None
    adding = pools.add_codes(aurora, gid, [added])
    while not pools.poll_codes(aurora, gid, adding).is_done:  # type: ignore[union-attr]
        pass
    field = ["codes", "0", "code"]
    shopify.fail("discounts", "refuse", code="TAKEN", field=field, count=1)

    make_codes(aurora, coupon_id)

    code = codes(aurora, coupon_id)[1]
    assert (code.code, code.state, times_told(aurora)) == (added, "ready", 2)


def test_a_code_that_shopify_will_not_make_among_others_waits_no_more(
    aurora: int, alice: UUID
) -> None:
    # given a code that is longer than Shopify takes, beside one that is not
    coupon_id = a_made_coupon(aurora, alice)
    one_more(aurora, coupon_id, alice)
    one_more(aurora, coupon_id, alice)
    long = codes(aurora, coupon_id)[1]
    with db.shop_transaction(aurora) as session:
        session.get_one(CouponCode, (aurora, long.id)).code = "L" * 256

    make_codes(aurora, coupon_id)

    assert [code.state for code in codes(aurora, coupon_id)] == ["ready", "gone", "ready"]
    assert why_refused(aurora) == ["Shopify does not take this code: too long"]
    with db.shop_transaction(aurora) as session:
        assert list_unmade(session, aurora) == []


@pytest.mark.parametrize(("how", "reason"), [("deleted", DELETED), ("ended", ENDED)])
def test_a_refusal_because_the_discount_is_over_ends_the_coupon_and_leaves_no_code_waiting(
    aurora: int, alice: UUID, shopify: Shopify, how: str, reason: str
) -> None:
    coupon_id = a_made_coupon(aurora, alice)
    one_more(aurora, coupon_id, alice)
    if how == "ended":
        gid = coupon(aurora, coupon_id).discount_gid
        client.execute(aurora, "discount_code_deactivate", {"id": gid})
        shopify.fail("discounts", "refuse", code="INVALID", field=["discountId"], count=1)
    else:
        delete_discount(aurora, coupon_id, shopify)

    make_codes(aurora, coupon_id)

    over = coupon(aurora, coupon_id)
    assert (over.error, over.is_active) == (reason, False)
    made, waiting = codes(aurora, coupon_id)
    assert (made.state, waiting.state) == ("ready", "gone")
    with db.shop_transaction(aurora) as session:
        shown = {one.id: one.state for one in list_of(session, aurora, alice, utc_now())}
        assert list_unmade(session, aurora) == []
    assert shown == {made.id: "over", waiting.id: "refused"}


def test_a_discount_that_is_deleted_while_codes_are_added_makes_none_of_them_good(
    aurora: int, alice: UUID, shopify: Shopify
) -> None:
    # given an addition that Shopify has taken, and has not begun
    coupon_id = a_made_coupon(aurora, alice)
    one_more(aurora, coupon_id, alice)
    waiting = codes(aurora, coupon_id)[1]
    gid = coupon(aurora, coupon_id).discount_gid
    assert gid is not None
    shopify.tell("bulk", seconds_per_object=1)
    try:
        adding_gid = pools.add_codes(aurora, gid, [waiting.code])
        delete_discount(aurora, coupon_id, shopify)
    finally:
        shopify.tell("bulk", seconds_per_object=0)
    with db.shop_transaction(aurora) as session:
        session.get_one(CouponCode, (aurora, waiting.id)).adding_gid = adding_gid
    # when it is followed
    with pytest.raises(ShopifyError) as passing:
        make_codes(aurora, coupon_id)
    make_codes(aurora, coupon_id)
    # then the code was never the member's, and the coupon is over
    assert passing.value.retryable
    assert codes(aurora, coupon_id)[1].state == "gone" and times_told(aurora) == 1
    assert coupon(aurora, coupon_id).error == DELETED


def a_made_coupon(shop_id: int, member_id: UUID) -> UUID:
    """A coupon of which the member has one code that works."""
    coupon_id = a_coupon(shop_id, per_member="9")
    one_more(shop_id, coupon_id, member_id)
    make_codes(shop_id, coupon_id)
    return coupon_id


def one_more(shop_id: int, coupon_id: UUID, member_id: UUID) -> None:
    """The member is given one more code of it."""
    handed: Any = hand_out(
        shop_id, coupon_id, [member_id], batch_id=uuid4(), sends_email=False, actor=STAFF
    )
    assert handed.refused == {}


def delete_discount(shop_id: int, coupon_id: UUID, shopify: Shopify) -> None:
    """A merchant deletes it: a discount goes with its last code."""
    ready = [code.code for code in codes(shop_id, coupon_id) if code.state == "ready"]
    for code in (coupon(shop_id, coupon_id).anchor_code, *ready):
        requests.delete(f"{shopify.url}/_control/discounts/{code}", timeout=10).raise_for_status()


def why_refused(shop_id: int) -> list[str]:
    """The reasons that staff read of codes which Shopify refused."""
    with db.shop_transaction(shop_id) as session:
        told = select(TimelineEvent).where(TimelineEvent.kind == timeline.COUPON_REFUSED)
        return [event.details["reason"] for event in session.scalars(told)]
