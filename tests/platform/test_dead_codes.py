"""A code that somebody deleted or ended in Shopify: its points come back, and it is reported."""

from uuid import UUID

import pytest
import requests
from sqlalchemy import select

from config import Settings
from jobs import redemptions
from loyalty.base.db import shop_transaction
from loyalty.reconciliation import recording
from loyalty.reconciliation.tables import Finding, ReconciliationReport
from shopify_app.platform import installations
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
