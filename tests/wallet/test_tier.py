"""A tier on the card: shown while the shop has tiers, and told once when it changes."""

from datetime import timedelta
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from loyalty.audit import Actor
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.shops.directory import get_shop
from loyalty.tiers.by_hand import set_tier_by_hand
from loyalty.tiers.tables import Tier
from sandbox.apple.world import World
from tests.loyalty.tiers.cast import have_tiers
from tests.wallet.cast import Cardholder
from tests.wallet.test_subscriber import PHONE, _install, _pushes
from wallet.apple.card import apple_pass
from wallet.apple.revisions import loud_field
from wallet.content import card_content
from wallet.errors import ApplePassError
from wallet.messages import PushMessage
from wallet.subscriber import refresh_member
from wallet.tables import AppleRegistration


@pytest.fixture
def push_token(apple: World, client: FlaskClient, alice: Cardholder) -> str:
    """Alice's pass is on her phone; this is its push token."""
    alice.open_pass()
    return _install(apple, alice, PHONE)


def begin_tiers(holder: Cardholder) -> dict[str, UUID]:
    """Switch tiers on in the holder's shop; ids by name."""
    with shop_transaction(holder.shop_id) as session:
        tiers = have_tiers(session, get_shop(session, holder.shop_id))
        return {name: tier.id for name, tier in tiers.items()}


def lift(holder: Cardholder, tier_id: UUID) -> None:
    """Hold the member at the tier by hand."""
    with shop_transaction(holder.shop_id) as session:
        set_tier_by_hand(
            session,
            get_shop(session, holder.shop_id),
            holder.member_id,
            mode="lock",
            tier_id=tier_id,
            reason="VIP",
            until_on=None,
            actor=Actor("staff", "1"),
            now=utc_now(),
        )


def test_card_without_tiers_says_nothing_of_them(client: FlaskClient, alice: Cardholder) -> None:
    card = alice.open_pass()

    assert "tier" not in card.content
    assert apple_pass(card).json_dict()["storeCard"].get("headerFields", []) == []


def test_tier_stands_on_the_card_and_its_change_is_told(
    apple: World, alice: Cardholder, push_token: str
) -> None:
    tiers = begin_tiers(alice)
    held_at = alice.the_pass().last_modified_at

    lift(alice, tiers["Silver"])
    refresh_member(alice.shop_id, alice.member_id)

    card = alice.the_pass()
    with shop_transaction(alice.shop_id) as session:
        loud = loud_field(session, card, held_at)
    [field] = apple_pass(card, loud).json_dict()["storeCard"]["headerFields"]
    assert (field["value"], field["changeMessage"]) == ("Silver", "Your tier is now %@")
    assert _pushes(apple, push_token) == [200]
    assert alice.timeline()[-3:] == ["tier_changed", "push_created", "push_sent"]


def test_paused_tier_is_shown_and_told_to_nobody(
    apple: World, alice: Cardholder, push_token: str
) -> None:
    tiers = begin_tiers(alice)
    alice.prefer("tier", False)

    lift(alice, tiers["Silver"])
    refresh_member(alice.shop_id, alice.member_id)

    assert alice.the_pass().content["tier"] == "Silver"
    assert "push_created" not in alice.timeline()


def test_new_name_for_a_tier_is_no_news(apple: World, alice: Cardholder, push_token: str) -> None:
    tiers = begin_tiers(alice)
    lift(alice, tiers["Silver"])
    refresh_member(alice.shop_id, alice.member_id)
    with shop_transaction(alice.shop_id) as session:
        session.get_one(Tier, (alice.shop_id, tiers["Silver"])).name = "Plata"
    told = alice.timeline()
    _let_time_pass(alice)

    refresh_member(alice.shop_id, alice.member_id)

    assert alice.the_pass().content["tier"] == "Plata"
    assert alice.timeline() == told


def test_balance_and_tier_that_wait_both_end(
    apple: World, alice: Cardholder, push_token: str
) -> None:
    tiers = begin_tiers(alice)
    alice.earn(10)
    apple.faults.add({"kind": "status", "status": 503, "token": push_token})
    with pytest.raises(ApplePassError):
        refresh_member(alice.shop_id, alice.member_id)
    apple.faults.clear()

    lift(alice, tiers["Gold"])
    refresh_member(alice.shop_id, alice.member_id)

    with shop_transaction(alice.shop_id) as session:
        rows = session.scalars(select(PushMessage).order_by(PushMessage.created_at)).all()
    assert [row.message.split(":")[0] for row in rows] == ["balance", "tier"]
    assert all(row.sent_at is not None for row in rows)


def test_erased_members_card_names_no_tier(client: FlaskClient, alice: Cardholder) -> None:
    tiers = begin_tiers(alice)
    lift(alice, tiers["Silver"])
    alice.erase()

    with shop_transaction(alice.shop_id) as session:
        content = card_content(session, alice.shop_id, alice.member_id, voided=False, now=utc_now())

    assert content["voided"] is True
    assert "tier" not in content


def _let_time_pass(holder: Cardholder) -> None:
    """The pause between two pushes is over."""
    with shop_transaction(holder.shop_id) as session:
        earlier = {"pushed_at": utc_now() - timedelta(seconds=10)}
        session.execute(update(AppleRegistration).values(earlier))
