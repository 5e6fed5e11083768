"""From the form on a member's page to the claim, at the stand-in for Shopify."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from config import Settings
from jobs.referrals import settle_friend
from loyalty.audit import Actor
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.coupons.saving import add_coupon
from loyalty.coupons.tables import CouponCode
from loyalty.earning.saving import add_rule
from loyalty.ledger.tables import LedgerEntry
from loyalty.members.join_requests import Joiner, JoinRequest, ask_to_join
from loyalty.orders.recording import record_order
from loyalty.outbox import FRIEND_ORDER_CHANGED, OutboxEvent
from loyalty.referrals.claiming import keep_claim
from loyalty.referrals.settings import save_settings
from loyalty.referrals.tables import Referral
from loyalty.shops.directory import get_shop
from shopify_app.platform import installations
from shopify_app.platform import settings as platform_settings
from shopify_app.platform.backfill import joins
from shopify_app.platform.errors import ShopifyError
from shopify_app.platform.payloads.orders import read_order
from shopify_app.platform.people import add_member, read_newcomer
from shopify_app.platform.referrals import take
from shopify_app.platform.session_tokens import verify
from shopify_app.platform.tables import BackfillRun
from tests.platform.shopify import Shopify

STAFF = Actor("staff", "42")


@pytest.fixture
def aurora(connected: Settings, shopify: Shopify) -> int:
    """Aurora, installed at the stand-in, which has referrals."""
    platform_settings.configure(connected)
    shop_id = installations.ensure_installed(verify(shopify.id_token(), connected))
    with db.shop_transaction(shop_id) as session:
        save_settings(session, shop_id, is_on=True, coupon_id=None, actor=STAFF, now=utc_now())
    return shop_id


@pytest.fixture
def alice(aurora: int) -> UUID:
    """The member whose link it is."""
    newcomer = read_newcomer("Alice Archer", f"{uuid4().hex}@example.com", country=None)
    return add_member(aurora, newcomer, actor=STAFF).member_id


@pytest.fixture
def email() -> str:
    """An address that nobody had before."""
    return f"{uuid4().hex}@example.com"


def ask(shop_id: int, advocate_id: UUID, email: str) -> UUID:
    """What the page keeps; the request's id."""
    joiner = Joiner(email, "Carol", "Cole", False, uuid4().bytes, uuid4().bytes)
    with db.shop_transaction(shop_id) as session:
        shop = get_shop(session, shop_id)
        request = ask_to_join(session, shop, joiner, terms_url=None, now=utc_now())
        assert request is not None
        keep_claim(session, request, advocate_id, now=utc_now())
        return request.id


def claim(shop_id: int) -> Referral:
    with db.shop_transaction(shop_id) as session:
        return session.scalars(select(Referral)).one()


def move_claim(shop_id: int, by: timedelta) -> None:
    """Shopify's times are whole seconds: let the claim be in another one than the orders."""
    with db.shop_transaction(shop_id) as session:
        session.scalars(select(Referral)).one().claimed_at += by


def test_somebody_new_becomes_a_member_and_waits_for_their_first_order(
    aurora: int, alice: UUID, email: str
) -> None:
    request_id = ask(aurora, alice, email)

    joins.carry_out(aurora, request_id)

    with db.shop_transaction(aurora) as session:
        friend_id = session.get_one(JoinRequest, (aurora, request_id)).member_id
    found = claim(aurora)
    assert (found.state, found.friend_id) == ("waiting", friend_id)


def test_who_has_bought_before_as_shopify_counts_is_blocked(
    aurora: int, alice: UUID, shopify: Shopify, email: str
) -> None:
    """The order was placed before we knew the shop: we never heard of it."""
    customer = shopify.tell("customers", email=email)
    line = {"title": "Candle", "price": "20.00", "quantity": 1}
    shopify.tell("orders", customer_id=customer["id"], lines=[line])
    request_id = ask(aurora, alice, email)
    move_claim(aurora, timedelta(minutes=1))

    joins.carry_out(aurora, request_id)

    assert (claim(aurora).state, claim(aurora).reason) == ("blocked", "earlier_order")


def test_a_form_whose_address_shopify_does_not_take_is_dropped(
    aurora: int, alice: UUID, shopify: Shopify
) -> None:
    joins.carry_out(aurora, ask(aurora, alice, "no address at all"))

    assert (claim(aurora).state, claim(aurora).reason) == ("blocked", "no_customer")


def test_what_died_between_joining_and_the_claim_is_made_up_for(
    aurora: int, alice: UUID, shopify: Shopify, email: str
) -> None:
    request_id = ask(aurora, alice, email)
    newcomer = joins._read(aurora, request_id)
    assert newcomer is not None
    joins._carry_out(aurora, request_id, newcomer)
    shopify.fail("graphql", times=5)
    with pytest.raises(ShopifyError):
        joins.carry_out(aurora, request_id)
    before = claim(aurora).state
    shopify.fail("graphql", "off")

    joins.carry_out(aurora, request_id)

    assert (before, claim(aurora).state) == ("asked", "waiting")


def test_an_order_on_its_way_to_us_is_no_earlier_one(
    aurora: int, alice: UUID, shopify: Shopify, email: str
) -> None:
    # given a friend who came a minute ago, and whose claim waits for Shopify
    request_id = ask(aurora, alice, email)
    move_claim(aurora, -timedelta(minutes=1))
    newcomer = joins._read(aurora, request_id)
    assert newcomer is not None
    joins._carry_out(aurora, request_id, newcomer)
    # when they buy before it is taken, and the webhook is late
    [customer] = shopify.ask("customers", email=email)
    line = {"title": "Candle", "price": "20.00", "quantity": 1}
    shopify.tell("orders", customer_id=customer["id"], lines=[line])
    joins.carry_out(aurora, request_id)
    # then
    assert claim(aurora).state == "waiting"


def test_taken_twice_it_is_taken_once(aurora: int, alice: UUID, email: str) -> None:
    request_id = ask(aurora, alice, email)
    joins.carry_out(aurora, request_id)
    first = claim(aurora)

    take(aurora, request_id)

    assert claim(aurora).state == first.state == "waiting"


def test_the_friends_coupon_is_given_and_shopify_is_asked_for_it(
    aurora: int, alice: UUID, email: str
) -> None:
    with db.shop_transaction(aurora) as session:
        given = {"name": "Welcome", "kind": "percentage", "percentage": "10"}
        shop = get_shop(session, aurora)
        coupon_id = add_coupon(session, shop, given, actor=STAFF, now=utc_now()).id
        save_settings(session, aurora, is_on=None, coupon_id=coupon_id, actor=STAFF, now=utc_now())

    joins.carry_out(aurora, ask(aurora, alice, email))

    with db.shop_transaction(aurora) as session:
        code = session.scalars(select(CouponCode)).one()
        asked = set(session.scalars(select(BackfillRun.subject)))
    assert (code.member_id, code.state) == (claim(aurora).friend_id, "making")
    assert f"coupon:{coupon_id}" in asked


def test_the_order_that_shopify_tells_of_pays_both_and_its_cancellation_takes_it_back(
    aurora: int, alice: UUID, shopify: Shopify, email: str
) -> None:
    with db.shop_transaction(aurora) as session:
        rule = {"name": "Friends", "kind": "referral", "gives": "fixed", "fixed_points": 200}
        made_at = utc_now() - timedelta(hours=1)
        add_rule(session, aurora, rule, actor=STAFF, now=made_at)
    joins.carry_out(aurora, ask(aurora, alice, email))
    [customer] = shopify.ask("customers", email=email)
    line = {"title": "Candle", "price": "20.00", "quantity": 1}

    order = shopify.tell("orders", customer_id=customer["id"], lines=[line])
    bought = _hear(aurora, order)
    cancelled = _hear(aurora, shopify.tell(f"orders/{order['id']}/cancel"))

    assert bought == ("paid", [200, 200])
    assert cancelled == ("reversed", [-200, -200, 200, 200])


def _hear(shop_id: int, order: dict[str, Any]) -> tuple[str, list[int]]:
    """The order's webhook arrives, and the jobs have run; the claim, and what was posted for it."""
    with db.shop_transaction(shop_id) as session:
        shop, now = get_shop(session, shop_id), utc_now()
        record_order(session, shop, read_order(order), now=now, is_backfill=False)
        told = select(OutboxEvent.member_id).where(OutboxEvent.kind == FRIEND_ORDER_CHANGED)
        friends = [friend for friend in session.scalars(told) if friend]
    assert friends
    for friend_id in friends:
        settle_friend(shop_id, friend_id)
    with db.shop_transaction(shop_id) as session:
        points = session.scalars(
            select(LedgerEntry.points).where(LedgerEntry.source_kind.like("referral%"))
        )
        return session.scalars(select(Referral.state)).one(), sorted(points)
