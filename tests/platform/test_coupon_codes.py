"""R155: coupons at the stand-in for Shopify: discounts, codes, lost answers and refusals."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
import requests
from sqlalchemy import select, update

from config import Settings
from jobs import coupons as jobs_coupons
from loyalty import timeline
from loyalty.audit import Actor
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.base.errors import CouponOver
from loyalty.base.ids import new_id
from loyalty.coupons.saving import add_coupon, get_coupon
from loyalty.coupons.tables import Coupon, CouponCode
from loyalty.coupons.views import list_of
from loyalty.members.enrolment import record_customer
from loyalty.members.tables import TimelineEvent
from loyalty.reconciliation.tables import Finding
from loyalty.redemption.terms import Terms
from loyalty.shops.directory import get_shop
from shopify_app.platform import backfill_runs, client, coupon_codes, installations
from shopify_app.platform import settings as platform_settings
from shopify_app.platform.backfill import steps
from shopify_app.platform.coupon_codes import ask_waiting, hand_out, make_codes
from shopify_app.platform.coupon_states import follow
from shopify_app.platform.discounts.finding import find
from shopify_app.platform.discounts.pools import PoolTerms, make_pool
from shopify_app.platform.errors import ShopifyError
from shopify_app.platform.session_tokens import verify
from shopify_app.platform.tables import BackfillRun
from tests.factories.facts import a_customer
from tests.platform.shopify import Shopify

STAFF = Actor("staff", "42")


@pytest.fixture
def aurora(connected: Settings, shopify: Shopify) -> int:
    """Aurora, installed at the stand-in; its history is not read."""
    platform_settings.configure(connected)
    shop_id = installations.ensure_installed(verify(shopify.id_token(), connected))
    with db.shop_transaction(shop_id) as session:
        backfill_runs.cancel(session, shop_id, reason="not now", now=utc_now())
    return shop_id


@pytest.fixture
def alice(aurora: int) -> UUID:
    """A member of Aurora."""
    with db.shop_transaction(aurora) as session:
        shop = get_shop(session, aurora)
        customer = record_customer(session, shop, a_customer(), now=utc_now(), is_backfill=False)
        assert customer.member_id is not None
        return customer.member_id


def a_coupon(shop_id: int, **changes: Any) -> UUID:
    """A coupon of 5.00 off, not known to Shopify yet."""
    given = {"name": f"Five off {uuid4().hex}", "kind": "fixed_amount", "amount": "5.00"} | changes
    with db.shop_transaction(shop_id) as session:
        shop = get_shop(session, shop_id)
        return add_coupon(session, shop, given, actor=STAFF, now=utc_now()).id


def give(shop_id: int, coupon_id: UUID, member_id: UUID) -> None:
    """Hand the coupon to one member."""
    hand_out(shop_id, coupon_id, [member_id], batch_id=coupon_id, sends_email=False, actor=STAFF)


def codes(shop_id: int, coupon_id: UUID) -> list[CouponCode]:
    with db.shop_transaction(shop_id) as session:
        found = select(CouponCode).where(CouponCode.coupon_id == coupon_id)
        return list(session.scalars(found.order_by(CouponCode.id)))


def coupon(shop_id: int, coupon_id: UUID) -> Coupon:
    with db.shop_transaction(shop_id) as session:
        return get_coupon(session, shop_id, coupon_id)


def times_told(shop_id: int) -> int:
    with db.shop_transaction(shop_id) as session:
        told = select(TimelineEvent.id).where(TimelineEvent.kind == timeline.COUPON_ASSIGNED)
        return len(session.scalars(told).all())


def discounts(shopify: Shopify) -> int:
    return int(shopify.state()["counts"].get("DiscountCodeNode", 0))


def order_with(shopify: Shopify, code: str) -> dict[str, Any]:
    """A cart of 20.00 with the code at checkout, bought by whoever comes."""
    lines = [{"title": "Tea", "price": "20.00"}]
    answer = shopify.tell("orders", lines=lines, discounts=[{"code": code}])
    assert isinstance(answer, dict)
    return answer


def test_a_code_that_was_handed_out_works_at_checkout_once(
    aurora: int, alice: UUID, shopify: Shopify
) -> None:
    coupon_id = a_coupon(aurora, combines_with=["shipping"])
    give(aurora, coupon_id, alice)

    steps.step(aurora)

    (code,) = codes(aurora, coupon_id)
    assert (code.state, times_told(aurora)) == ("ready", 1)
    order = order_with(shopify, code.code)
    assert order["total_discounts"] == "5.00"
    assert [one["code"] for one in order["discount_codes"]] == [code.code]
    with pytest.raises(Exception, match="422"):
        order_with(shopify, code.code)


def test_an_addition_that_outlasts_a_turn_is_left_alone_for_a_while(
    aurora: int, alice: UUID, shopify: Shopify, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given codes that Shopify takes long to make
    coupon_id = a_coupon(aurora)
    give(aurora, coupon_id, alice)
    monkeypatch.setattr(coupon_codes, "STEP_S", 2.0)
    shopify.tell("bulk", seconds_per_object=600)
    try:
        # when a turn ends before they are there
        make_codes(aurora, coupon_id)
    finally:
        shopify.tell("bulk", seconds_per_object=0)
    # then the next is not at once
    with db.shop_transaction(aurora) as session:
        run = select(BackfillRun).where(BackfillRun.subject == f"coupon:{coupon_id}")
        next_at = session.scalars(run).one().next_at
    assert next_at > utc_now() + timedelta(seconds=5)


@pytest.mark.parametrize(
    ("changes", "taken_off"),
    [
        ({"kind": "percentage", "amount": None, "percentage": "12.5"}, "2.50"),
        ({"minimum_cart": "20.00"}, "5.00"),
    ],
)
def test_terms_are_shopifys_terms(
    aurora: int, alice: UUID, shopify: Shopify, changes: dict[str, Any], taken_off: str
) -> None:
    coupon_id = a_coupon(aurora, **changes)
    give(aurora, coupon_id, alice)

    make_codes(aurora, coupon_id)

    assert order_with(shopify, codes(aurora, coupon_id)[0].code)["total_discounts"] == taken_off


def test_free_shipping_and_days_are_understood(aurora: int, alice: UUID) -> None:
    later = (utc_now() + timedelta(days=3)).date()
    coupon_id = a_coupon(
        aurora,
        kind="free_shipping",
        amount=None,
        starts_on=later,
        ends_on=later + timedelta(days=3),
    )
    give(aurora, coupon_id, alice)

    make_codes(aurora, coupon_id)

    found = find(aurora, codes(aurora, coupon_id)[0].code)
    assert found is not None and found.status == "SCHEDULED"


def test_more_codes_than_shopify_takes_at_once_are_all_made(
    aurora: int, alice: UUID, shopify: Shopify
) -> None:
    coupon_id = a_coupon(aurora)
    with db.shop_transaction(aurora) as session:
        for number in range(251):
            session.add(
                CouponCode(
                    shop_id=aurora,
                    id=new_id(),
                    coupon_id=coupon_id,
                    code=f"MANY-{coupon_id.hex}-{number}".upper(),
                    state="making",
                    member_id=alice,
                    recipient_id=alice,
                    batch_id=uuid4(),
                    created_at=utc_now(),
                    assigned_at=utc_now(),
                )
            )

    make_codes(aurora, coupon_id)

    made = codes(aurora, coupon_id)
    assert {code.state for code in made} == {"ready"}
    for code in (made[0], made[250]):
        assert order_with(shopify, code.code)["total_discounts"] == "5.00"


@pytest.mark.parametrize("operation", ["DiscountCodeBasicCreate", "RedeemCodesAdd"])
def test_an_answer_that_is_lost_makes_nothing_twice(
    aurora: int, alice: UUID, shopify: Shopify, operation: str
) -> None:
    coupon_id = a_coupon(aurora)
    give(aurora, coupon_id, alice)
    before, (asked,) = discounts(shopify), codes(aurora, coupon_id)
    shopify.fail("graphql", "cut", topic=operation, count=1)

    with pytest.raises(ShopifyError) as lost:
        make_codes(aurora, coupon_id)
    make_codes(aurora, coupon_id)

    assert lost.value.retryable
    (code,) = codes(aurora, coupon_id)
    assert (code.code, code.state, times_told(aurora)) == (asked.code, "ready", 1)
    assert discounts(shopify) == before + 1
    assert order_with(shopify, code.code)["total_discounts"] == "5.00"


def test_a_code_that_another_discount_has_is_replaced(
    aurora: int, alice: UUID, shopify: Shopify
) -> None:
    coupon_id = a_coupon(aurora)
    give(aurora, coupon_id, alice)
    (before,) = codes(aurora, coupon_id)
    _take(aurora, before.code)

    make_codes(aurora, coupon_id)

    (after,) = codes(aurora, coupon_id)
    assert (after.id, after.state) == (before.id, "ready")
    assert after.code != before.code
    assert order_with(shopify, after.code)["total_discounts"] == "5.00"


def test_a_discount_whose_first_code_is_taken_gets_another(aurora: int, alice: UUID) -> None:
    coupon_id = a_coupon(aurora)
    anchor = coupon(aurora, coupon_id).anchor_code
    assert anchor is not None
    _take(aurora, anchor)

    make_codes(aurora, coupon_id)

    assert coupon(aurora, coupon_id).anchor_code != anchor
    assert coupon(aurora, coupon_id).discount_gid is not None


@pytest.mark.parametrize("code", ["MAX_APP_DISCOUNTS", "EXCEEDED_MAX", "INVALID"])
def test_what_shopify_refuses_is_handed_out_to_nobody(
    aurora: int, alice: UUID, shopify: Shopify, code: str
) -> None:
    coupon_id = a_coupon(aurora)
    shopify.fail("discounts", "refuse", code=code, count=1)

    make_codes(aurora, coupon_id)

    refused = coupon(aurora, coupon_id)
    assert refused.error and not refused.is_active
    with pytest.raises(CouponOver, match=refused.error):
        give(aurora, coupon_id, alice)
    assert codes(aurora, coupon_id) == []


def test_a_passing_error_of_shopifys_ends_no_coupon(
    aurora: int, alice: UUID, shopify: Shopify
) -> None:
    coupon_id = a_coupon(aurora)
    make_codes(aurora, coupon_id)
    give(aurora, coupon_id, alice)
    shopify.fail("discounts", "refuse", code="INTERNAL_ERROR", count=1)

    with pytest.raises(ShopifyError) as passing:
        make_codes(aurora, coupon_id)
    make_codes(aurora, coupon_id)

    assert passing.value.retryable
    assert coupon(aurora, coupon_id).is_active
    assert [code.state for code in codes(aurora, coupon_id)] == ["ready"]


def test_codes_of_an_addition_that_shopify_does_not_know_are_asked_for_again(
    aurora: int, alice: UUID, shopify: Shopify
) -> None:
    coupon_id = a_coupon(aurora)
    make_codes(aurora, coupon_id)
    give(aurora, coupon_id, alice)
    with db.shop_transaction(aurora) as session:
        unknown = "gid://shopify/DiscountRedeemCodeBulkCreation/999999999"
        session.execute(update(CouponCode).values(adding_gid=unknown))

    make_codes(aurora, coupon_id)

    assert coupon(aurora, coupon_id).is_active
    (code,) = codes(aurora, coupon_id)
    assert (code.state, code.adding_gid) == ("ready", None)
    assert order_with(shopify, code.code)["total_discounts"] == "5.00"


@pytest.mark.parametrize("dies_at", [None, "lost"])
def test_what_nobody_works_on_is_asked_for_again(
    aurora: int, alice: UUID, shopify: Shopify, dies_at: str | None
) -> None:
    coupon_id = a_coupon(aurora)
    give(aurora, coupon_id, alice)
    with db.shop_transaction(aurora) as session:
        backfill_runs.cancel(session, aurora, reason="lost", now=utc_now())
    if dies_at:
        shopify.fail("graphql", "cut", topic="RedeemCodesAdd", count=1)
        with pytest.raises(ShopifyError):
            make_codes(aurora, coupon_id)

    asked = ask_waiting(aurora, now=utc_now())
    steps.step(aurora)

    assert asked == 1
    assert [code.state for code in codes(aurora, coupon_id)] == ["ready"]
    assert ask_waiting(aurora, now=utc_now()) == 0


@pytest.mark.parametrize("how", ["deleted", "ended"])
def test_a_discount_that_is_gone_in_shopify_ends_its_coupon(
    aurora: int, alice: UUID, shopify: Shopify, how: str
) -> None:
    coupon_id, other_id = a_coupon(aurora), a_coupon(aurora)
    for one in (coupon_id, other_id):
        give(aurora, one, alice)
        make_codes(aurora, one)
    if how == "ended":
        gid = coupon(aurora, coupon_id).discount_gid
        client.execute(aurora, "discount_code_deactivate", {"id": gid})
    else:
        # A discount goes with its last code.
        anchor = coupon(aurora, coupon_id).anchor_code
        for code in (anchor, codes(aurora, coupon_id)[0].code):
            requests.delete(f"{shopify.url}/_control/discounts/{code}", timeout=10)

    jobs_coupons.ask_for_looks()
    steps.step(aurora)

    assert coupon(aurora, coupon_id).error == f"Its discount was {how} in Shopify"
    assert not coupon(aurora, coupon_id).is_active and coupon(aurora, other_id).is_active
    with db.shop_transaction(aurora) as session:
        shown = {one.id: one.state for one in list_of(session, aurora, alice, utc_now())}
        assert [f.thing for f in session.scalars(select(Finding))] == [str(coupon_id)]
    assert sorted(shown.values()) == ["over", "ready"]
    assert follow(aurora) == 0


@pytest.mark.parametrize("kind", ["fixed_amount", "free_shipping"])
def test_a_single_code_that_was_deleted_in_shopify_is_over(
    aurora: int, alice: UUID, shopify: Shopify, kind: str
) -> None:
    changes = {"kind": kind} if kind == "fixed_amount" else {"kind": kind, "amount": None}
    coupon_id = a_coupon(aurora, per_member="2", **changes)
    for batch in (uuid4(), uuid4()):
        hand_out(aurora, coupon_id, [alice], batch_id=batch, sends_email=False, actor=STAFF)
    make_codes(aurora, coupon_id)
    assert follow(aurora) == 0
    deleted, kept = codes(aurora, coupon_id)
    requests.delete(f"{shopify.url}/_control/discounts/{deleted.code}", timeout=10)

    assert follow(aurora) == 1

    assert [code.state for code in codes(aurora, coupon_id)] == ["gone", "ready"]
    with db.shop_transaction(aurora) as session:
        shown = {one.code: one.state for one in list_of(session, aurora, alice, utc_now())}
        assert [f.thing for f in session.scalars(select(Finding))] == [str(deleted.id)]
    assert shown == {deleted.code: "over", kept.code: "ready"}
    assert follow(aurora) == 0


def _take(shop_id: int, code: str) -> None:
    """Another discount of the shop has the code."""
    terms = Terms("percentage", "Other", "USD", "made", 1, percentage=Decimal(10))
    make_pool(shop_id, PoolTerms(f"other-{uuid4()}", code, terms, utc_now(), None))
