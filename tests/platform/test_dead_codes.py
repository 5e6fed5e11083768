"""A code that somebody deleted or ended in Shopify: its points come back, and it is reported."""

from uuid import UUID, uuid4

import pytest
import requests
from sqlalchemy import select

from config import Settings
from jobs import redemptions
from loyalty.audit import Actor
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.coupons.importing import import_codes
from loyalty.coupons.saving import add_coupon
from loyalty.coupons.tables import CouponCode
from loyalty.reconciliation import recording
from loyalty.reconciliation.tables import Finding, ReconciliationReport
from loyalty.redemption.tables import Redemption
from loyalty.rewards.tables import RewardCode
from loyalty.shops.directory import get_shop
from shopify_app.platform import installations
from shopify_app.platform.coupon_codes import hand_out
from shopify_app.platform.reconciling import codes
from shopify_app.platform.session_tokens import verify
from tests.platform.redeeming_cast import Redeemer, make_redeemer
from tests.platform.shopify import Shopify

DELETE = """mutation ($id: ID!) { discountCodeDelete(id: $id) {
  deletedCodeDiscountId userErrors { message } } }"""
END = """mutation ($id: ID!) { discountCodeDeactivate(id: $id) {
  codeDiscountNode { id } userErrors { message } } }"""


@pytest.fixture
def alice(shopify: Shopify, connected: Settings) -> Redeemer:
    """Alice with 1000 points in Aurora, which is installed."""
    return make_redeemer(
        shopify, installations.ensure_installed(verify(shopify.id_token(), connected))
    )


def test_a_deleted_code_gives_its_points_back(alice: Redeemer) -> None:
    deleted, kept = (alice.redeem(alice.a_reward()) for _ in range(2))
    by_hand(alice, DELETE, deleted.discount_gid)

    assert codes.look(alice.shop_id)

    assert alice.points == 900
    after = alice.read(deleted.id)
    assert (after.state, after.reason) == ("returned", codes.REASON)
    assert alice.read(kept.id).state == "issued"
    assert found(alice) == [str(deleted.id)]


def test_looking_again_finds_nothing_more(alice: Redeemer) -> None:
    redemption = alice.redeem(alice.a_reward())
    by_hand(alice, DELETE, redemption.discount_gid)
    codes.look(alice.shop_id)

    assert codes.look(alice.shop_id)

    assert alice.points == 1000 and found(alice) == [str(redemption.id)]
    with shop_transaction(alice.shop_id) as session:
        reports = session.scalars(
            select(ReconciliationReport).order_by(ReconciliationReport.finished_at)
        ).all()
    assert [(one.looked_at, one.found) for one in reports] == [(1, 1), (0, 0)]


def test_a_code_that_was_ended_by_hand_is_disabled_for_good_and_gives_back(
    alice: Redeemer,
) -> None:
    redemption = alice.redeem(alice.a_reward())
    by_hand(alice, END, redemption.discount_gid)

    codes.look(alice.shop_id)
    redemptions.bring_on_due(alice.shop_id)

    assert alice.read(redemption.id).state == "returned" and alice.points == 1000


def test_a_code_that_works_is_left_alone(alice: Redeemer) -> None:
    redemption = alice.redeem(alice.a_reward())

    codes.look(alice.shop_id)

    assert alice.works(redemption.code) and alice.read(redemption.id).state == "issued"


def test_a_look_out_of_time_goes_on_where_it_was(
    alice: Redeemer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given three dead codes, and time for one at a time
    monkeypatch.setattr(codes, "AT_ONCE_MAX", 1)
    issued = [alice.redeem(alice.a_reward()) for _ in range(3)]
    for redemption in issued:
        by_hand(alice, DELETE, redemption.discount_gid)

    ends = [codes.look(alice.shop_id, for_s=-1) for _ in range(4)]

    assert ends == [False, False, False, True]
    assert found(alice) == [str(redemption.id) for redemption in issued]


def test_an_imported_code_that_was_deleted_gives_its_points_back(alice: Redeemer) -> None:
    gone, kept = (a_stock_code(alice) for _ in range(2))
    assert (gone.state, gone.discount_gid) == ("issued", None)
    delete(alice, gone.code)

    assert codes.look(alice.shop_id)

    after = alice.read(gone.id)
    assert (after.state, after.reason, alice.points) == ("returned", codes.REASON, 900)
    assert alice.read(kept.id).state == "issued" and alice.works(kept.code)
    assert found(alice) == [str(gone.id)]


def test_an_imported_code_whose_discount_was_ended_gives_back(alice: Redeemer) -> None:
    redemption = a_stock_code(alice)
    discount = alice.discount(redemption.code)
    by_hand(alice, END, discount["id"] if discount else None)

    codes.look(alice.shop_id)
    redemptions.bring_on_due(alice.shop_id)

    assert alice.read(redemption.id).state == "returned" and alice.points == 1000


def test_a_coupons_imported_code_that_was_deleted_is_shown_as_good_no_more(
    alice: Redeemer,
) -> None:
    gone, kept = (a_coupon_code(alice) for _ in range(2))
    delete(alice, gone)

    assert codes.look(alice.shop_id)

    with shop_transaction(alice.shop_id) as session:
        states = dict(session.execute(select(CouponCode.code, CouponCode.state)).all())
    assert (states[gone], states[kept]) == ("gone", "ready")
    assert len(found(alice)) == 1


def test_each_kind_of_code_has_its_turn_however_short_the_turns(
    alice: Redeemer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given two dead codes of each kind, and time for one at a time
    monkeypatch.setattr(codes, "AT_ONCE_MAX", 1)
    for _ in range(2):
        by_hand(alice, DELETE, alice.redeem(alice.a_reward()).discount_gid)
        delete(alice, a_stock_code(alice).code)
        delete(alice, a_coupon_code(alice))

    ends = [codes.look(alice.shop_id, for_s=-1) for _ in range(7)]

    assert ends == [False] * 6 + [True]
    assert len(found(alice)) == 6
    # and the next look begins with the first again
    redemption = alice.redeem(alice.a_reward())
    by_hand(alice, DELETE, redemption.discount_gid)
    codes.look(alice.shop_id)
    assert alice.read(redemption.id).state == "returned"


def a_stock_code(alice: Redeemer) -> Redemption:
    """Redeemed for a code of a discount of the merchant's own."""
    code = f"STOCK-{uuid4().hex[:8].upper()}"
    alice.shopify.tell("discounts", code=code, percentage="10")
    reward = alice.a_reward(code_source="stock")
    with shop_transaction(alice.shop_id) as session:
        now = utc_now()
        session.add(RewardCode(shop_id=alice.shop_id, code=code, reward_id=reward, imported_at=now))
    return alice.redeem(reward)


def a_coupon_code(alice: Redeemer) -> str:
    """An imported code of a coupon that Alice was given."""
    code, staff = f"COUPON-{uuid4().hex[:8].upper()}", Actor("staff", "1")
    alice.shopify.tell("discounts", code=code, percentage="10")
    given = {"name": code, "kind": "fixed_amount", "amount": "5.00", "code_source": "imported"}
    with shop_transaction(alice.shop_id) as session:
        shop, now = get_shop(session, alice.shop_id), utc_now()
        coupon = add_coupon(session, shop, given, actor=staff, now=now)
        import_codes(
            session, shop.shop_id, coupon.id, f"code\n{code}\n".encode(), actor=staff, now=now
        )
    hand_out(
        alice.shop_id,
        coupon.id,
        [alice.member_id],
        batch_id=coupon.id,
        sends_email=False,
        actor=staff,
    )
    return code


def delete(alice: Redeemer, code: str | None) -> None:
    """Somebody deletes the one code in Shopify."""
    requests.delete(f"{alice.shopify.url}/_control/discounts/{code}", timeout=30).raise_for_status()


def by_hand(alice: Redeemer, mutation: str, gid: str | None) -> None:
    """As a merchant does it in Shopify's own pages."""
    credentials = installations.credentials(alice.shop_id)
    answer = requests.post(
        f"{alice.shopify.url}/shops/{credentials.domain}/admin/api/2026-10/graphql.json",
        json={"query": mutation, "variables": {"id": gid}},
        headers={"X-Shopify-Access-Token": credentials.access_token},
        timeout=30,
    ).json()
    assert "errors" not in answer, answer


def found(alice: Redeemer) -> list[str]:
    """The redemptions whose code was found dead."""
    with shop_transaction(alice.shop_id) as session:
        kind = recording.CODE_DELETED
        things = session.scalars(select(Finding.thing).where(Finding.kind == kind)).all()
        return [str(UUID(thing)) for thing in things]
