"""R88, R89: staff settle a store credit of which Shopify does not say whether it was paid."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from loyalty.audit import Actor, AuditRow
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.redemption import doubts
from loyalty.redemption.reserving import Wish, reserve
from loyalty.rewards.saving import add_reward
from loyalty.shops.directory import get_shop
from tests.admin.cast import ShopAndClient
from tests.admin.profile.test_rewards import (
    STAFF,
    balance,
    card_of,
    have_points,
    redemptions,
    toast,
)
from wallet.rewards_page import read_rewards


@pytest.fixture
def doubted(aurora: ShopAndClient, alice: UUID) -> UUID:
    """Alice has spent 100 of 150 points on store credit of €5.00; nobody knows if it was paid."""
    have_points(aurora, alice, 150)
    terms = {"name": "Credit", "kind": "store_credit", "amount": "5.00", "cost_points": 100}
    shop_id, now = aurora.shop_id, utc_now()
    with shop_transaction(shop_id) as session:
        shop = get_shop(session, shop_id)
        reward = add_reward(session, shop, terms, actor=STAFF, now=now)
        wish = Wish(reward.id, "online", uuid4())
        by = Actor("member", str(alice))
        redemption = reserve(session, shop, alice, wish, actor=by, now=now)
        doubts.begin(session, shop_id, redemption.id, 7, settled_before=now, now=now)
        doubts.leave_to_a_person(session, shop_id, redemption.id, error="unseen", now=now)
        return redemption.id


def settle(shop: ShopAndClient, member: UUID, redemption: UUID, said: str) -> TestResponse:
    path = f"/app/members/{member}/redemptions/{redemption}/settlements"
    return shop.post(path, was_paid=said)


@pytest.mark.parametrize(
    ("said", "state", "points", "words"),
    [("yes", "used", 50, "Noted as paid"), ("no", "returned", 150, "Points are back")],
)
def test_staff_say_whether_a_store_credit_in_doubt_was_paid(
    aurora: ShopAndClient,
    alice: UUID,
    doubted: UUID,
    said: str,
    state: str,
    points: int,
    words: str,
) -> None:
    # given
    page = card_of(aurora.get(f"/app/members/{alice}"))
    assert "Credit Paid or not is not known" in page
    assert "whether €5.00 of store credit was paid" in page
    # when
    answer, again = (settle(aurora, alice, doubted, said) for _ in range(2))
    # then
    assert (answer.status_code, toast(answer)) == (200, words)
    assert "is not known" not in card_of(answer)
    assert balance(aurora, alice) == points
    assert [redemption.state for redemption in redemptions(aurora, alice)] == [state]
    assert again.status_code == 409 and balance(aurora, alice) == points
    assert "Somebody has said before whether it was paid" in card_of(again)
    with shop_transaction(aurora.shop_id) as session:
        audited = select(AuditRow.actor_id).where(AuditRow.action == "store_credit_settled")
        assert session.scalars(audited).all() == ["42"]


def test_an_answer_that_is_none_settles_nothing(
    aurora: ShopAndClient, alice: UUID, doubted: UUID
) -> None:
    answer = settle(aurora, alice, doubted, "perhaps")

    assert answer.status_code == 422 and "Answer is neither yes nor no" in card_of(answer)
    assert [redemption.state for redemption in redemptions(aurora, alice)] == ["reserved"]


def test_what_is_another_members_is_not_settled(
    aurora: ShopAndClient, borealis: ShopAndClient, alice: UUID, bob: UUID, doubted: UUID
) -> None:
    carol = aurora.enrol("Carol", "Cole", "carol@example.com")

    assert settle(aurora, carol, doubted, "no").status_code == 404
    assert settle(borealis, bob, doubted, "no").status_code == 404
    assert balance(aurora, alice) == 50


def test_a_member_reads_that_it_is_looked_into(
    aurora: ShopAndClient, alice: UUID, doubted: UUID
) -> None:
    with shop_transaction(aurora.shop_id) as session:
        panel = read_rewards(session, aurora.shop_id, alice, now=utc_now())

    assert [own.says for own in panel.codes] == [
        "We are looking whether this store credit was paid. If not, your points return."
    ]
    # 50 points are missing for the next one, which comes before what passes.
    assert [offer.missing for offer in panel.offers] == ["50 points"]
