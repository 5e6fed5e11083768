"""One thing of each kind that an address or a form can name, alike for two shops; and a way to
see whether anything of a shop was changed.
"""

import json
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import select, text

from loyalty.base.clock import today_in, utc_now
from loyalty.base.db import Base, shop_transaction
from loyalty.earning.saving import add_promotion
from loyalty.group_grants.tables import GroupGrant
from loyalty.ledger.tables import LedgerEntry
from loyalty.listing.tables import MemberDeed, SavedView
from loyalty.merging.tables import MemberMerge
from loyalty.segments.tables import Segment
from loyalty.shops.directory import get_shop
from loyalty.till import managers
from loyalty.till.tables import TillManager
from shopify_app.platform.tables import PrivacyRequest
from tests.admin.campaigns.campaign_cast import (
    STAFF,
    agree,
    be_sending,
    have_campaign,
    have_recipient,
    have_segment,
)
from tests.admin.cast import ShopAndClient
from tests.admin.members.test_member_deeds import open_form
from tests.admin.profile.test_coupons import have_coupon
from tests.admin.profile.test_profile import order
from tests.admin.profile.test_rewards import have_points, have_reward, redeem, redemptions
from tests.admin.programme import test_badge_settings, test_earning_rules, test_readers
from tests.admin.programme.programme_cast import all_of, place, send
from tests.admin.programme.test_referral_settings import flagged
from tests.admin.settings.test_privacy_page import ask

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
        "request_id": ask(shop, state="done", document=json.dumps({"held": {word: [{}]}})),
    }
    found = {name: str(one) for name, one in things.items()}
    return found | _of_the_member(shop, member, word) | _of_the_programme(shop, member, word)


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


def _of_the_member(shop: ShopAndClient, member: UUID, word: str) -> Things:
    """What their page and the list can name: an order, a movement, a merge, who may be merged."""
    order_id = shop.shop_id * 100
    order(shop, member, order_id, 2_000)
    given = {"points": "9", "reason": "contest", "client_key": str(uuid4())}
    assert shop.post(f"/app/members/{member}/adjustments", **given).status_code == 200
    twin = shop.enrol(f"{word} twin", "Two", f"twin@{word}.example")
    assert shop.post(f"/app/members/{twin}/merge", into=str(member)).status_code == 204
    assert shop.post("/app/members/views", view_name=f"{word} view", search="x").status_code == 204
    deed = open_form(shop, "deed=segment&every=1")
    segment_id = str(all_of(shop, Segment)[0].id)
    place(shop.post("/app/members/deeds", **deed, segment_id=segment_id))
    [entry] = [row for row in all_of(shop, LedgerEntry) if row.points == 9]
    return {
        "order_id": str(order_id),
        "entry_id": str(entry.id),
        "merge_id": str(all_of(shop, MemberMerge)[0].id),
        "other_id": str(shop.enrol(f"{word} other", "Three", f"other@{word}.example")),
        "erasure_id": _erasure(shop, f"{word} fourth"),
        "view_id": str(all_of(shop, SavedView)[0].id),
        "deed_id": str(all_of(shop, MemberDeed)[0].id),
    }


def _of_the_programme(shop: ShopAndClient, member: UUID, word: str) -> Things:
    """What the settings can name."""
    rule = test_earning_rules.add(shop, name=f"{word} rule")
    form = test_badge_settings.blank(shop, name=f"{word} badge")
    place(send(shop, test_badge_settings.BADGES, form))
    [badge] = test_badge_settings.own(shop)
    reader, _ = test_readers.make(shop)
    _manager(shop, f"{word} manager")
    user_id, location_id = str(shop.shop_id * 10), str(shop.shop_id)
    test_readers.open_place(shop, shop.shop_id)
    limit = {"user": user_id, "location": location_id, "grant": "5", "redeem": "5"}
    place(shop.post("/app/settings/till/limits", **limit))
    return {
        "rule_id": str(rule.id),
        "badge_id": str(badge.id),
        "reader_id": str(reader.id),
        "referral_id": str(flagged(shop, member)),
        "manager_id": str(all_of(shop, TillManager)[0].id),
        "user_id": user_id,
        "location_id": location_id,
    }


def _manager(shop: ShopAndClient, name: str) -> None:
    with shop_transaction(shop.shop_id) as session:
        secret = b"a secret of the tests, 32 bytes."
        ids = session, shop.shop_id
        managers.set_pin(*ids, name, "270491", secret=secret, actor=STAFF, now=utc_now())


def _erasure(shop: ShopAndClient, name: str) -> str:
    """The request of somebody who wants to be forgotten."""
    member = shop.enrol(name, "Four", None)
    before = {row.id for row in all_of(shop, PrivacyRequest)}
    place(shop.post(f"/app/members/{member}/erasure", client_key=str(uuid4())))
    [request] = [row.id for row in all_of(shop, PrivacyRequest) if row.id not in before]
    return str(request)
