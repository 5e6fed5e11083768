"""R154: a campaign whose codes Shopify makes: one each, at checkout, and none where it refuses."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import pytest
from redis import Redis
from sqlalchemy import select

from config import Settings
from jobs import campaigns, queues
from loyalty.audit import Actor
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import BadCampaign
from loyalty.base.ids import new_id
from loyalty.campaigns import running
from loyalty.campaigns.results import Share, read_result
from loyalty.campaigns.saving import add_campaign, get_campaign
from loyalty.campaigns.tables import Campaign
from loyalty.campaigns.views import Recipient, list_recipients, progress
from loyalty.coupons.saving import add_coupon
from loyalty.coupons.tables import CouponCode
from loyalty.members.consent import say
from loyalty.members.enrolment import record_customer
from loyalty.members.tables import MemberBalance
from loyalty.outbox import CAMPAIGN_EMAIL_ASKED, OutboxEvent
from loyalty.segments.overriding import put_in
from loyalty.segments.tables import Segment
from loyalty.shops.directory import get_shop
from mailing import setup as mail_setup
from mailing.contents import read_content
from mailing.setup import CardLinks, MailSettings
from shopify_app.platform import backfill_runs, inbox, inbox_writer, installations
from shopify_app.platform.backfill import steps
from shopify_app.platform.inbox_insert import Arrival
from shopify_app.platform.session_tokens import verify
from tests.factories.facts import a_customer
from tests.platform.shopify import Shopify

STAFF = Actor("staff", "42")
TEA = {"title": "Tea", "price": "20.00"}


@dataclass
class Club:
    """Aurora and a segment of three, whom a campaign with a coupon is to tell."""

    shopify: Shopify
    shop_id: int
    segment_id: UUID = field(default_factory=new_id)
    customers: dict[UUID, int] = field(default_factory=dict)

    def start(self, **changes: str) -> UUID:
        """A campaign with a coupon of 5.00 off, five points and an email; its id."""
        now = utc_now()
        with shop_transaction(self.shop_id) as session:
            shop = get_shop(session, self.shop_id)
            given = {"name": f"Five off {uuid4().hex}", "kind": "fixed_amount", "amount": "5.00"}
            coupon = add_coupon(session, shop, given, actor=STAFF, now=now)
            told = {
                "name": "Spring",
                "channels": ["email"],
                "segment_ids": [str(self.segment_id)],
                "subject": "Spring",
                "text": "Hello\nUse {{ code }}",
                "coupon_id": str(coupon.id),
                "bonus_points": "5",
            }
            campaign = add_campaign(session, shop, told | changes, actor=STAFF, now=now)
            running.start(session, shop, campaign.id, actor=STAFF, now=now)
        return campaign.id

    def bring_on(self) -> None:
        """The worker of campaigns, the one that talks to Shopify, and the first again."""
        campaigns.advance(self.shop_id)
        steps.step(self.shop_id)
        campaigns.advance(self.shop_id)

    def read(self, campaign_id: UUID) -> Campaign:
        with shop_transaction(self.shop_id) as session:
            return get_campaign(session, self.shop_id, campaign_id)

    def fates(self, campaign_id: UUID) -> dict[str, int]:
        with shop_transaction(self.shop_id) as session:
            return progress(session, self.shop_id, campaign_id)

    def recipients(self, campaign_id: UUID) -> list[Recipient]:
        with shop_transaction(self.shop_id) as session:
            return list(list_recipients(session, self.shop_id, campaign_id, limit=10).rows)

    def codes_in_emails(self) -> dict[UUID, str]:
        """member → the code that their email names when it is written."""
        with shop_transaction(self.shop_id) as session:
            staged = select(OutboxEvent).where(OutboxEvent.kind == CAMPAIGN_EMAIL_ASKED)
            codes = {}
            for event in session.scalars(staged).all():
                assert event.member_id is not None and event.member_id not in codes
                body = event.body | {"member_id": str(event.member_id)}
                said = read_content(session, self.shop_id, "campaign", body, now=utc_now())
                assert said is not None
                codes[event.member_id] = said["code"]
        return codes

    def points(self) -> set[int]:
        """What the three have."""
        with shop_transaction(self.shop_id) as session:
            rows = select(MemberBalance.available).where(
                MemberBalance.member_id.in_(list(self.customers))
            )
            return set(session.scalars(rows))

    def order(self, member_id: UUID, code: str) -> dict[str, Any]:
        """The member buys with the code, and we hear of it."""
        placed = self.shopify.tell(
            "orders", customer_id=self.customers[member_id], lines=[TEA], discounts=[{"code": code}]
        )
        assert isinstance(placed, dict)
        now = utc_now()
        arrival = Arrival(
            shop_id=self.shop_id,
            webhook_id=str(new_id()),
            event_id=None,
            topic="orders/create",
            api_version="2026-07",
            triggered_at=now,
            received_at=now,
            body=json.dumps(placed).encode(),
        )
        inbox_writer.of_this_process().store(arrival)
        inbox.drain(self.shop_id)
        return placed


@pytest.fixture(autouse=True)
def _sends() -> Iterator[None]:
    """This process sends emails; nobody here takes them."""
    before = mail_setup._settings
    mail_setup.configure(
        MailSettings(
            sender="club@encore.example",
            region="us-east-1",
            app_url="https://encore.example",
            key=b"a link secret of the tests, 32 b",
            card_links=lambda shop_id, member_id: CardLinks("https://encore.example", None, None),
        )
    )
    yield
    mail_setup._settings = before


@pytest.fixture
def _bell(valkey_url: str) -> Iterator[Redis]:
    connection = queues.configure(valkey_url)
    yield connection
    connection.close()


@pytest.fixture
def club(shopify: Shopify, connected: Settings, _bell: Redis) -> Club:
    """Aurora, installed at the stand-in, and three customers of hers who said yes."""
    shop_id = installations.ensure_installed(verify(shopify.id_token(), connected))
    club, now = Club(shopify, shop_id), utc_now()
    made = [shopify.tell("customers", email=f"{uuid4().hex}@example.com") for _ in range(3)]
    with shop_transaction(shop_id) as session:
        backfill_runs.cancel(session, shop_id, reason="not now", now=now)
        shop = get_shop(session, shop_id)
        session.add(
            Segment(
                shop_id=shop_id,
                id=club.segment_id,
                name="Club",
                criteria=None,
                created_at=now,
                refreshed_at=now,
            )
        )
        session.flush()
        for one in made:
            facts = a_customer(int(one["id"]), email=one["email"])
            customer = record_customer(session, shop, facts, now=now, is_backfill=False)
            assert customer.member_id is not None
            club.customers[customer.member_id] = int(one["id"])
            say(
                *(session, shop_id, customer.member_id, "email", "subscribed"),
                source="test",
                said_at=now,
            )
            put_in(session, shop, club.segment_id, customer.member_id, actor=STAFF, now=now)
    return club


def test_each_gets_a_code_of_their_own_that_works_at_checkout_and_counts(club: Club) -> None:
    # given
    campaign_id = club.start()
    campaigns.advance(club.shop_id)
    waiting, points_before = club.fates(campaign_id), club.points()
    # when
    club.bring_on()
    # then nobody had anything before their code was there
    assert (waiting, points_before) == ({"waiting": 3}, {0})
    assert club.fates(campaign_id) == {"queued": 3} and club.points() == {5}
    codes = club.codes_in_emails()
    assert codes.keys() == club.customers.keys() and len(set(codes.values())) == 3
    assert {one.member_id: one.code for one in club.recipients(campaign_id)} == codes
    # and each takes its money off once, for the campaign
    for member_id, code in codes.items():
        assert club.order(member_id, code)["total_discounts"] == "5.00"
    with pytest.raises(Exception, match="422"):
        club.order(*next(iter(codes.items())))
    assert _told(club, campaign_id).orders == _told(club, campaign_id).ordered == 3
    with shop_transaction(club.shop_id) as session:
        assert set(session.scalars(select(CouponCode.state))) == {"used"}


@pytest.mark.parametrize("refusal", ["MAX_APP_DISCOUNTS", "INVALID"])
def test_a_coupon_that_shopify_refuses_halts_it_and_nobody_gets_anything(
    club: Club, refusal: str
) -> None:
    campaign_id = club.start()
    club.shopify.fail("discounts", "refuse", code=refusal, count=1)

    club.bring_on()

    found = club.read(campaign_id)
    assert found.state == "paused" and found.error
    assert club.codes_in_emails() == {} and club.points() == {0}
    assert club.fates(campaign_id) == {"waiting": 3}


def test_what_shopify_refused_is_not_resumed_but_stopped_with_everybody_left_out(
    club: Club,
) -> None:
    campaign_id = club.start()
    club.shopify.fail("discounts", "refuse", code="INVALID", count=1)
    club.bring_on()

    with shop_transaction(club.shop_id) as session:
        shop = get_shop(session, club.shop_id)
        with pytest.raises(BadCampaign, match="not handed out") as refused:
            running.resume(session, shop, campaign_id, actor=STAFF, now=utc_now())
        running.stop(session, shop, campaign_id, actor=STAFF, now=utc_now())
    campaigns.advance(club.shop_id)

    assert refused.value.field == "coupon_id"
    assert {one.email_reason for one in club.recipients(campaign_id)} == {"stopped"}
    assert club.read(campaign_id).done_at is not None


def test_an_answer_that_is_lost_gives_nobody_two_codes(club: Club) -> None:
    campaign_id = club.start()
    club.shopify.fail("graphql", "cut", topic="RedeemCodesAdd", count=1)
    campaigns.advance(club.shop_id)
    steps.step(club.shop_id)
    with shop_transaction(club.shop_id) as session:
        backfill_runs.cancel(session, club.shop_id, reason="lost", now=utc_now())
        coupon_id = get_campaign(session, club.shop_id, campaign_id).coupon_id
        assert coupon_id is not None
        backfill_runs.ask_for_coupon(session, club.shop_id, coupon_id, now=utc_now())

    club.bring_on()

    assert club.fates(campaign_id) == {"queued": 3}
    with shop_transaction(club.shop_id) as session:
        assert len(session.scalars(select(CouponCode.id)).all()) == 3
    assert len(set(club.codes_in_emails().values())) == 3


def _told(club: Club, campaign_id: UUID) -> Share:
    with shop_transaction(club.shop_id) as session:
        shop = get_shop(session, club.shop_id)
        return read_result(session, shop, campaign_id, now=utc_now()).told
