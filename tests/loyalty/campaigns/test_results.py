"""R154: what a campaign came to: fates with reasons, and orders beside those of the held out."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from loyalty.base.db import enter_shop
from loyalty.base.errors import CampaignNotFound
from loyalty.campaigns import responses
from loyalty.campaigns.results import Fated, read_result
from loyalty.campaigns.tables import Campaign
from loyalty.campaigns.views import list_campaigns, list_recipients, progress
from loyalty.members.tables import Member
from loyalty.orders.tables import Order
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON
from tests.loyalty.campaigns.cast import (
    draft,
    of,
    people,
    person,
    prepared,
    recipients,
    segment,
    turn,
)
from tests.loyalty.conftest import install_shop

HOUR = timedelta(hours=1)


@pytest.fixture
def members(session: Session, aurora: Shop) -> list[Member]:
    """Three who said yes."""
    return people(session, aurora, 3)


@pytest.fixture
def campaign(session: Session, aurora: Shop, members: list[Member]) -> Campaign:
    """Told to the three at noon; orders count for 14 days."""
    made = prepared(session, aurora, segment(session, aurora, members))
    turn(session, aurora, made)
    return made


def order(
    session: Session, who: Member, order_id: int, at: datetime, minor: int = 2000, **changes: object
) -> Order:
    """A paid order of theirs."""
    facts = {
        "name": f"#{order_id}",
        "currency": "EUR",
        "taxes_included": False,
        "is_test": False,
        "is_paid": True,
        "is_history": False,
        "total_minor": minor,
        "current_total_minor": minor,
        "created_at": at,
        "processed_at": at,
        "shopify_updated_at": at,
    } | changes
    made = Order(shop_id=who.shop_id, order_id=order_id, member_id=who.id, **facts)
    session.add(made)
    session.flush()
    return made


def test_orders_count_from_the_turn_on_for_its_days(
    session: Session, aurora: Shop, campaign: Campaign, members: list[Member]
) -> None:
    one, two, three = members
    order(session, one, 1, NOON)
    order(session, one, 2, NOON + HOUR, minor=500)
    order(session, two, 3, NOON - HOUR)
    order(session, three, 4, NOON + timedelta(days=14))

    told = read_result(session, aurora, campaign.id, now=NOON).told

    assert (told.people, told.ordered, told.orders, told.orders_minor) == (3, 1, 2, 2500)


def test_an_order_in_the_very_second_of_the_turn_counts_though_shopify_leaves_out_its_fraction(
    session: Session, aurora: Shop, members: list[Member]
) -> None:
    made = prepared(session, aurora, segment(session, aurora, members))
    turn(session, aurora, made, now=NOON + timedelta(milliseconds=600))
    order(session, members[0], 1, NOON, minor=1234)
    order(session, members[1], 2, NOON - timedelta(seconds=1))

    told = read_result(session, aurora, made.id, now=NOON + HOUR).told
    listed = list_recipients(session, aurora.shop_id, made.id).rows

    assert (told.ordered, told.orders_minor) == (1, 1234)
    assert sorted(one.order_minor for one in listed) == [0, 0, 1234]


def test_what_is_no_sale_does_not_count_and_a_refund_lowers_it(
    session: Session, aurora: Shop, campaign: Campaign, members: list[Member]
) -> None:
    one = members[0]
    order(session, one, 1, NOON + HOUR, is_test=True)
    order(session, one, 2, NOON + HOUR, is_paid=False)
    order(session, one, 3, NOON + HOUR, cancelled_at=NOON + 2 * HOUR)
    order(session, one, 4, NOON + HOUR, current_total_minor=700)

    told = read_result(session, aurora, campaign.id, now=NOON).told

    assert (told.ordered, told.orders, told.orders_minor) == (1, 1, 700)


def test_the_held_out_are_the_measure(session: Session, aurora: Shop) -> None:
    members = people(session, aurora, 40)
    made = prepared(session, aurora, segment(session, aurora, members), holdout_percent="50")
    turn(session, aurora, made)
    held = {one.member_id for one in recipients(session, made) if one.is_held_out}
    for number, who in enumerate(members):
        if who.id not in held:
            order(session, who, number + 1, NOON + HOUR)

    result = read_result(session, aurora, made.id, now=NOON)

    assert (result.held_out.people, result.held_out.ordered) == (len(held), 0)
    assert result.told.ordered == result.told.people == 40 - len(held)
    assert result.difference == 1 and result.is_clear
    assert result.gain is not None and result.gain.middle == 2000


def test_without_a_hold_out_no_difference_is_claimed(
    session: Session, aurora: Shop, campaign: Campaign
) -> None:
    result = read_result(session, aurora, campaign.id, now=NOON)

    assert result.difference is None and result.gain is None and not result.is_clear


def test_every_fate_has_its_reason(session: Session, aurora: Shop) -> None:
    told, silent = person(session, aurora, 601), person(session, aurora, 602, agrees=False)
    vip = segment(session, aurora, [told, silent])
    made = prepared(session, aurora, vip, channels=["email", "push"], push_text="Spring")
    turn(session, aurora, made)

    found = read_result(session, aurora, made.id, now=NOON).by_fate_reason

    assert found == [
        Fated("email", "queued", None, 1),
        Fated("email", "skipped", "no_consent", 1),
        Fated("push", "skipped", "no_card", 2),
    ]


def test_opening_and_clicking_count_once_and_a_click_is_an_opening(
    session: Session, aurora: Shop, campaign: Campaign, members: list[Member]
) -> None:
    one, two = of(session, campaign, members[0]), of(session, campaign, members[1])
    assert one.email_event_id and two.email_event_id
    shop_id = aurora.shop_id

    responses.note_opened(session, shop_id, one.email_event_id, at=NOON + 2 * HOUR)
    responses.note_opened(session, shop_id, one.email_event_id, at=NOON + HOUR)
    responses.note_clicked(session, shop_id, two.email_event_id, at=NOON + HOUR)

    told = read_result(session, aurora, campaign.id, now=NOON).told
    assert (told.opened, told.clicked) == (2, 1)
    assert told.emailed == 2
    assert of(session, campaign, members[0]).opened_at == NOON + HOUR


def test_an_email_that_comes_back_has_failed(
    session: Session, aurora: Shop, campaign: Campaign, members: list[Member]
) -> None:
    one = of(session, campaign, members[0])
    assert one.email_event_id

    responses.note_bounced(session, aurora.shop_id, one.email_event_id, is_hard=True)

    found = of(session, campaign, members[0])
    assert (found.fate, found.email_reason) == ("failed", "bounced")


def test_recipients_come_page_by_page_with_their_orders(
    session: Session, aurora: Shop, campaign: Campaign, members: list[Member]
) -> None:
    order(session, members[0], 1, NOON + HOUR, minor=1234)

    first = list_recipients(session, aurora.shop_id, campaign.id, limit=2)
    second = list_recipients(session, aurora.shop_id, campaign.id, after=first.next, limit=2)

    assert [one.number for one in (*first.rows, *second.rows)] == [1, 2, 3]
    assert second.next is None
    assert (first.rows[0].order_minor, first.rows[0].ordered_at) == (1234, NOON + HOUR)
    assert first.rows[0].name == "Carol Archer"
    none = list_recipients(session, aurora.shop_id, campaign.id, fate="sent")
    assert list(none.rows) == []


def test_the_list_counts_fates(session: Session, aurora: Shop, campaign: Campaign) -> None:
    newest = draft(session, aurora, name="Summer")

    page = list_campaigns(session, aurora.shop_id, limit=1)
    rest = list_campaigns(session, aurora.shop_id, after=page.next, limit=1)

    assert [row.campaign.id for row in (*page.rows, *rest.rows)] == [newest.id, campaign.id]
    assert rest.rows[0].counts == progress(session, aurora.shop_id, campaign.id) == {"queued": 3}


def test_another_shop_sees_nothing(session: Session, aurora: Shop, campaign: Campaign) -> None:
    borealis = install_shop(session, "borealis", currency="USD", timezone="America/New_York")

    assert list(list_campaigns(session, borealis.shop_id).rows) == []
    assert list(list_recipients(session, borealis.shop_id, campaign.id).rows) == []
    with pytest.raises(CampaignNotFound):
        read_result(session, borealis, campaign.id, now=NOON)
    enter_shop(session, aurora.shop_id)
