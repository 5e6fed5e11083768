"""R154: a campaign's push is put on the card once, and its fate is that of the notification."""

from datetime import timedelta
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from jobs import campaigns, queues
from loyalty.audit import Actor
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.ids import new_id
from loyalty.campaigns import running
from loyalty.campaigns.saving import add_campaign
from loyalty.campaigns.tables import CampaignRecipient
from loyalty.merging.merging import merge
from loyalty.segments.overriding import put_in
from loyalty.segments.tables import Segment
from loyalty.shops.directory import get_shop
from sandbox.apple.world import World
from tests.wallet.cast import Cardholder, join
from tests.wallet.test_reward_push import news, refresh
from tests.wallet.test_subscriber import PHONE, _install
from wallet.errors import ApplePassError

DANA = Actor("staff", "1")


@pytest.fixture(autouse=True)
def _bell(valkey_url: str) -> None:
    queues.configure(valkey_url)


@pytest.fixture
def push_token(apple: World, client: FlaskClient, alice: Cardholder) -> str:
    """Alice's pass is on her phone; this is its push token."""
    alice.open_pass()
    return _install(apple, alice, PHONE)


def start(holder: Cardholder, text: str = "Spring is here") -> UUID:
    """A push to a segment of this member, started by Dana."""
    now = utc_now()
    with shop_transaction(holder.shop_id) as session:
        shop = get_shop(session, holder.shop_id)
        club = Segment(
            shop_id=holder.shop_id,
            id=new_id(),
            name="Club",
            criteria=None,
            created_at=now,
            refreshed_at=now,
        )
        session.add(club)
        session.flush()
        put_in(session, shop, club.id, holder.member_id, actor=DANA, now=now)
        given = {
            "name": "Spring",
            "channels": ["push"],
            "segment_ids": [str(club.id)],
            "push_text": text,
        }
        campaign = add_campaign(session, shop, given, actor=DANA, now=now)
        running.start(session, shop, campaign.id, actor=DANA, now=now)
    return campaign.id


def fate(holder: Cardholder, campaign_id: UUID) -> tuple[str | None, str | None]:
    with shop_transaction(holder.shop_id) as session:
        of_it = CampaignRecipient.campaign_id == campaign_id
        found = session.scalars(select(CampaignRecipient).where(of_it)).one()
        return found.push_fate, found.push_reason


def test_it_is_heard_once_and_ends_as_sent(
    apple: World, alice: Cardholder, push_token: str
) -> None:
    campaign_id = start(alice)

    campaigns.advance(alice.shop_id)
    assert fate(alice, campaign_id) == ("queued", None)
    assert news(alice) == "marketing"
    campaigns.advance(alice.shop_id)
    refresh(alice)

    assert fate(alice, campaign_id) == ("sent", None)
    assert alice.timeline().count("push_sent") == 1


def test_the_card_says_it_to_its_own_member(
    apple: World, alice: Cardholder, push_token: str
) -> None:
    alice.earn(250)
    start(alice, "{{ first_name | Hello }}, your {{ balance }} are waiting")

    campaigns.advance(alice.shop_id)
    refresh(alice)

    assert alice.the_pass().content["message"].startswith("Alice, your 250 ")


def test_a_notification_that_apple_refuses_has_failed_for_its_reason(
    apple: World, alice: Cardholder, push_token: str
) -> None:
    campaign_id = start(alice)
    campaigns.advance(alice.shop_id)
    fault = {"kind": "status", "status": 403, "reason": "BadCertificate", "token": push_token}
    apple.faults.add(fault)

    with pytest.raises(ApplePassError):
        refresh(alice)
    campaigns.advance(alice.shop_id)

    assert fate(alice, campaign_id) == ("failed", "403 BadCertificate")


def test_who_has_no_card_is_skipped(client: FlaskClient, alice: Cardholder) -> None:
    campaign_id = start(alice)

    campaigns.advance(alice.shop_id)

    assert fate(alice, campaign_id) == ("skipped", "no_card")


def test_a_notification_without_an_end_is_unknown_after_an_hour(
    apple: World, alice: Cardholder, push_token: str
) -> None:
    campaign_id = start(alice)
    campaigns.advance(alice.shop_id)

    with shop_transaction(alice.shop_id) as session:
        long_ago = utc_now() - timedelta(hours=2)
        session.execute(update(CampaignRecipient).values(turn_at=long_ago))
    campaigns.advance(alice.shop_id)

    assert fate(alice, campaign_id) == ("unknown", "no_answer")

    # The phone's answer comes after all, when the campaign is done.
    refresh(alice)

    assert fate(alice, campaign_id) == ("sent", None)


def test_a_notification_that_was_sent_ends_as_sent_after_a_merge(
    apple: World, alice: Cardholder, push_token: str
) -> None:
    carol = join(alice.shop_id, "Carol", customer_id=502)
    campaign_id = start(alice)
    campaigns.advance(alice.shop_id)
    refresh(alice)
    with shop_transaction(alice.shop_id) as session:
        shop = get_shop(session, alice.shop_id)
        merge(session, shop, carol.member_id, alice.member_id, actor=DANA, now=utc_now())

    campaigns.advance(alice.shop_id)

    assert fate(alice, campaign_id) == ("sent", None)
