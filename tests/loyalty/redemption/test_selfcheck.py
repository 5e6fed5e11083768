"""The nightly proof holds every redemption against the ledger."""

import pytest
from sqlalchemy.orm import Session

from loyalty.base.db import enter_shop
from loyalty.members.tables import Member
from loyalty.reconciliation import balances, recording
from loyalty.redemption.issuing import issue, refuse
from loyalty.redemption.selfcheck import UnlikeLedger, find_unlike_ledger
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON
from tests.loyalty.conftest import install_shop
from tests.loyalty.redemption.uses_cast import DISCOUNT, HOUR, LAMP, Spender, carrying, less


@pytest.fixture
def spender(session: Session, aurora: Shop, alice: Member) -> Spender:
    """Alice, who has redeemed in every way there is."""
    spender = Spender(session, aurora, alice)
    spender.reserve()
    spender.redeem()
    twice = spender.redeem()
    spender.tell(carrying(twice, 1), carrying(twice, 2))
    spender.tell(carrying(twice, 1, less(1), LAMP, updated_at=NOON + HOUR))
    return spender


def test_redemptions_that_are_right_are_like_the_ledger(spender: Spender) -> None:
    assert find_unlike_ledger(spender.session, spender.shop.shop_id) == []


def test_a_wrong_one_is_found_by_night_and_over_once_it_is_right(spender: Spender) -> None:
    # given a redemption that says that 10 of its 100 points came back
    session, shop_id = spender.session, spender.shop.shop_id
    wrong = spender.redeem()
    wrong.points_returned = 10
    # when
    found = find_unlike_ledger(session, shop_id)
    balances.prove(session, shop_id, now=NOON)
    # then
    assert found == [UnlikeLedger(wrong.id, away=90, taken=100)]
    (finding,) = recording.list_open(session, shop_id, recording.REDEMPTION_WRONG)
    assert (finding.thing, finding.details) == (str(wrong.id), {"away": 90, "taken": 100})
    # and when it is right again
    wrong.points_returned = 0
    balances.prove(session, shop_id, now=NOON + HOUR)
    assert recording.list_open(session, shop_id, recording.REDEMPTION_WRONG) == []


def test_a_credit_that_turned_up_late_is_like_the_ledger(spender: Spender) -> None:
    # given a store credit whose points came back, for it was thought not to be paid
    session, shop_id = spender.session, spender.shop.shop_id
    spender.reward.kind = "store_credit"
    late = spender.reserve()
    refuse(session, shop_id, late.id, reason="gone", now=NOON)
    # when Shopify tells that it was
    issue(session, shop_id, late.id, discount_gid=DISCOUNT, now=NOON)
    # then
    assert spender.read(late).state == "used"
    assert find_unlike_ledger(session, shop_id) == []


def test_another_shops_redemptions_are_its_own(session: Session, spender: Spender) -> None:
    spender.redeem().points_returned = 10
    session.flush()
    borealis = install_shop(session, "borealis", currency="USD", timezone="America/New_York")

    assert find_unlike_ledger(session, borealis.shop_id) == []
    enter_shop(session, spender.shop.shop_id)
