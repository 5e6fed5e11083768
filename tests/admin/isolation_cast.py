"""One thing of each kind that an address or a form can name, alike for two shops; and a way to
see whether anything of a shop was changed.
"""

from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import select, text

from loyalty.base.clock import today_in, utc_now
from loyalty.base.db import Base, shop_transaction
from loyalty.earning.saving import add_promotion
from loyalty.group_grants.tables import GroupGrant
from loyalty.shops.directory import get_shop
from tests.admin.campaign_cast import (
    STAFF,
    agree,
    be_sending,
    have_campaign,
    have_recipient,
    have_segment,
)
from tests.admin.cast import ShopAndClient
from tests.admin.test_coupons import have_coupon
from tests.admin.test_privacy_page import ask
from tests.admin.test_rewards import have_points, have_reward, redeem, redemptions

Things = dict[str, str]
"""Ids by the name that addresses and forms have for them."""


def have_things(shop: ShopAndClient, member: UUID, word: str) -> Things:
    """One of each, all about the member; `word` stands in the name of each."""
    segment = have_segment(shop, f"{word} friends", member)
    agree(shop, member)
    have_points(shop, member, 1_000)
    campaign = have_campaign(shop, segment, name=f"{word} spring")
    be_sending(shop, campaign)
    have_recipient(shop, campaign, member, 1)
    reward = have_reward(shop, f"{word} mug", 100, "\n".join(f"{word}-MUG-{n}" for n in range(4)))
    assert redeem(shop, member, reward).status_code == 200
    things = {
        "member_id": member,
        "segment_id": segment,
        "campaign_id": campaign,
        "draft_id": have_campaign(shop, segment, name=f"{word} summer"),
        "grant_id": _grant(shop, segment),
        "coupon_id": have_coupon(shop, f"{word} five", *(f"{word}-{n}" for n in range(4))),
        "promotion_id": _promotion(shop, f"{word} double"),
        "reward_id": reward,
        "redemption_id": redemptions(shop, member)[0].id,
        "request_id": ask(shop, state="done", document=f'{{"word": "{word}"}}'),
    }
    return {name: str(one) for name, one in things.items()}


def everything_of(shop: ShopAndClient) -> dict[str, str | None]:
    """A digest of all that the database has of the shop, by table."""
    # The directory alone is closed to the app.
    tables = [
        table.name
        for table in Base.metadata.sorted_tables
        if "shop_id" in table.columns and table.name != "shop_directory"
    ]
    whole = "SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {} t WHERE shop_id = :shop"
    with shop_transaction(shop.shop_id) as session:
        return {
            name: session.scalar(text(whole.format(name)), {"shop": shop.shop_id})
            for name in tables
        }


def _grant(shop: ShopAndClient, segment: UUID) -> UUID:
    given = {"points": "7", "reason": "vip_bonus", "expected": "1", "client_key": str(uuid4())}
    answer = shop.post("/app/group-grants", segment_id=str(segment), **given)
    assert answer.status_code == 204
    with shop_transaction(shop.shop_id) as session:
        return session.scalars(select(GroupGrant.id)).one()


def _promotion(shop: ShopAndClient, name: str) -> UUID:
    with shop_transaction(shop.shop_id) as session:
        today = today_in(get_shop(session, shop.shop_id).timezone)
        given = {"name": name, "multiplier": "2", "ends_on": today + timedelta(days=3)}
        return add_promotion(session, shop.shop_id, given, actor=STAFF, now=utc_now()).id
