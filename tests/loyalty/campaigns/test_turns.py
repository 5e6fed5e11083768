"""R154: a recipient's turn gives and tells once, what they may still have, or nothing."""

from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from loyalty import timeline
from loyalty.campaigns import ending, running
from loyalty.campaigns.tables import Campaign, CampaignRecipient
from loyalty.coupons.giving import note_added, note_adding
from loyalty.coupons.tables import Coupon, CouponCode
from loyalty.ledger.tables import LedgerEntry
from loyalty.members.consent import say
from loyalty.members.tables import Member
from loyalty.merging.merging import merge
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON
from tests.loyalty.campaigns.cast import (
    STAFF,
    agree,
    emails,
    fates,
    of,
    people,
    person,
    prepared,
    recipients,
    said,
    segment,
    turn,
)
from tests.loyalty.conftest import balance_of
from tests.loyalty.coupons.cast import add, add_imported, codes_of


def test_each_is_staged_one_email_however_often_it_is_asked(session: Session, aurora: Shop) -> None:
    members = people(session, aurora, 5)
    campaign = prepared(session, aurora, segment(session, aurora, members))

    turns = [turn(session, aurora, campaign, limit=2).members for _ in range(4)]

    assert turns == [2, 2, 1, 0]
    assert [member_id for member_id, _ in emails(session, aurora)] == [m.id for m in members]
    assert fates(session, campaign) == ["queued"] * 5
    assert all(one.email_event_id for one in recipients(session, campaign))


def test_who_is_held_out_has_a_turn_and_nothing_else(session: Session, aurora: Shop) -> None:
    members = people(session, aurora, 20)
    vip = segment(session, aurora, members)
    campaign = prepared(session, aurora, vip, holdout_percent="50", bonus_points="10")

    turn(session, aurora, campaign)

    held = [one for one in recipients(session, campaign) if one.is_held_out]
    told = {member_id for member_id, _ in emails(session, aurora)}
    assert held and all(one.turn_at == NOON and one.member_id not in told for one in held)
    for who in members:
        has_points = balance_of(session, who).available == 10
        assert has_points == (who.id in told)


def test_points_are_given_once_and_named_after_the_campaign(
    session: Session, aurora: Shop, alice: Member
) -> None:
    agree(session, alice)
    campaign = prepared(session, aurora, segment(session, aurora, [alice]), bonus_points="25")

    for _ in range(2):
        turn(session, aurora, campaign)

    (entry,) = session.scalars(select(LedgerEntry).where(LedgerEntry.member_id == alice.id))
    assert (entry.points, entry.kind, entry.reason_code) == (25, "grant", "campaign")
    assert entry.idempotency_key == f"campaign:{campaign.id}:{alice.id}"
    assert entry.actor == str(STAFF)


def test_who_said_no_meanwhile_is_left_out_and_given_nothing(
    session: Session, aurora: Shop, alice: Member
) -> None:
    agree(session, alice)
    campaign = prepared(session, aurora, segment(session, aurora, [alice]), bonus_points="25")
    say(
        session, aurora.shop_id, alice.id, "email", "unsubscribed", source="test",
        said_at=NOON + timedelta(minutes=1),
    )  # fmt: skip

    turn(session, aurora, campaign)

    one = of(session, campaign, alice)
    assert (one.fate, one.email_reason) == ("skipped", "unsubscribed")
    assert not emails(session, aurora) and balance_of(session, alice).available == 0
    (left,) = said(session, alice, timeline.CAMPAIGN_DISJOINED)
    assert left["campaign_reason"] == "unsubscribed"


def test_an_imported_code_goes_with_the_email(
    session: Session, aurora: Shop, alice: Member
) -> None:
    agree(session, alice)
    coupon = add_imported(session, aurora, "SPRING-1")
    vip = segment(session, aurora, [alice])
    campaign = prepared(session, aurora, vip, coupon_id=str(coupon.id))

    turn(session, aurora, campaign)

    (code,) = codes_of(session, alice)
    ((_, body),) = emails(session, aurora)
    assert body["coupon_code_id"] == str(code.id) and "SPRING-1" not in str(body)
    assert of(session, campaign, alice).coupon_code_id == code.id


def test_without_a_code_left_nobody_is_told_or_given_points(session: Session, aurora: Shop) -> None:
    members = people(session, aurora, 2)
    coupon = add_imported(session, aurora, "SPRING-1")
    vip = segment(session, aurora, members)
    campaign = prepared(session, aurora, vip, coupon_id=str(coupon.id), bonus_points="5")

    turn(session, aurora, campaign)

    told, other = recipients(session, campaign)
    assert (told.fate, other.fate, other.email_reason) == ("queued", "skipped", "no_code_left")
    assert [balance_of(session, who).available for who in members] == [5, 0]


def test_a_code_that_is_to_be_made_is_waited_for(
    session: Session, aurora: Shop, alice: Member
) -> None:
    agree(session, alice)
    coupon = add(session, aurora)
    vip = segment(session, aurora, [alice])
    campaign = prepared(session, aurora, vip, coupon_id=str(coupon.id))

    taken = turn(session, aurora, campaign)

    assert taken.needs_codes and fates(session, campaign) == ["waiting"]
    assert ending.tell_ready(session, aurora, campaign, limit=10, now=NOON) == 0
    assert not emails(session, aurora) and not ending.finish(session, campaign, now=NOON)

    _make_ready(session, coupon)
    told = [ending.tell_ready(session, aurora, campaign, limit=10, now=NOON) for _ in range(2)]

    assert told == [1, 0]
    assert fates(session, campaign) == ["queued"] and len(emails(session, aurora)) == 1


def test_a_coupon_that_shopify_refuses_is_told(
    session: Session, aurora: Shop, alice: Member
) -> None:
    agree(session, alice)
    coupon = add(session, aurora)
    vip = segment(session, aurora, [alice])
    campaign = prepared(session, aurora, vip, coupon_id=str(coupon.id))
    turn(session, aurora, campaign)
    assert ending.why_no_codes(session, campaign) is None

    coupon.error = "Shopify has too many discounts"
    session.flush()

    assert ending.why_no_codes(session, campaign) == "Shopify has too many discounts"


def test_whoever_waits_when_it_is_stopped_is_left_out(session: Session, aurora: Shop) -> None:
    members = people(session, aurora, 4)
    campaign = prepared(session, aurora, segment(session, aurora, members))
    turn(session, aurora, campaign, limit=1)
    running.stop(session, aurora, campaign.id, actor=STAFF, now=NOON)

    left = [ending.leave_out(session, campaign, now=NOON) for _ in range(2)]

    assert left == [3, 0]
    assert fates(session, campaign) == ["queued", "skipped", "skipped", "skipped"]
    assert campaign.done_at is None  # one email is still under way
    for who in members[1:]:
        assert of(session, campaign, who).email_reason == "stopped"
        assert len(said(session, who, timeline.CAMPAIGN_DISJOINED)) == 1
    assert not said(session, members[0], timeline.CAMPAIGN_DISJOINED)


def test_it_is_done_once_nothing_is_to_come(session: Session, aurora: Shop) -> None:
    campaign = prepared(session, aurora, segment(session, aurora, people(session, aurora, 2)))

    assert not ending.finish(session, campaign, now=NOON)
    turn(session, aurora, campaign)
    assert not ending.finish(session, campaign, now=NOON)
    _end_all(session, campaign)

    assert ending.finish(session, campaign, now=NOON)
    assert (campaign.state, campaign.done_at) == ("done", NOON)


def test_who_is_merged_while_waiting_is_told_as_the_survivor(
    session: Session, aurora: Shop, alice: Member
) -> None:
    other = person(session, aurora, 601)
    agree(session, alice)
    campaign = prepared(session, aurora, segment(session, aurora, [other]))
    merge(session, aurora, alice.id, other.id, actor=STAFF, now=NOON)

    turn(session, aurora, campaign)

    assert [member_id for member_id, _ in emails(session, aurora)] == [alice.id]


def test_both_halves_of_a_merge_are_told_once(
    session: Session, aurora: Shop, alice: Member
) -> None:
    other = person(session, aurora, 601)
    agree(session, alice)
    campaign = prepared(session, aurora, segment(session, aurora, [alice, other]))
    merge(session, aurora, alice.id, other.id, actor=STAFF, now=NOON)

    turn(session, aurora, campaign)

    assert [member_id for member_id, _ in emails(session, aurora)] == [alice.id]
    assert of(session, campaign, other).email_reason == "not_active"


def test_who_was_told_and_is_merged_then_is_not_told_or_given_points_again(
    session: Session, aurora: Shop, alice: Member
) -> None:
    agree(session, alice)
    other = person(session, aurora, 601)
    first, second = sorted((alice, other), key=lambda one: one.id)
    vip = segment(session, aurora, [first, second])
    campaign = prepared(session, aurora, vip, bonus_points="25")
    turn(session, aurora, campaign, limit=1)
    merge(session, aurora, second.id, first.id, actor=STAFF, now=NOON)

    turn(session, aurora, campaign)

    assert [member_id for member_id, _ in emails(session, aurora)] == [first.id]
    skipped = of(session, campaign, second)
    assert (skipped.fate, skipped.email_reason) == ("skipped", "had_it")
    assert balance_of(session, second).available == 25


def test_who_waits_for_a_code_and_takes_in_somebody_who_was_told_gets_it_no_second_time(
    session: Session, aurora: Shop, alice: Member
) -> None:
    # given two who wait for their codes, of whom one gets hers and is told
    agree(session, alice)
    other = person(session, aurora, 601)
    coupon = add(session, aurora)
    vip = segment(session, aurora, [alice, other])
    campaign = prepared(session, aurora, vip, coupon_id=str(coupon.id), bonus_points="25")
    turn(session, aurora, campaign)
    _make_ready(session, coupon, alice)
    assert ending.tell_ready(session, aurora, campaign, limit=10, now=NOON) == 1
    # when the one who still waits takes her in
    merge(session, aurora, other.id, alice.id, actor=STAFF, now=NOON)
    _make_ready(session, coupon, other)
    ending.tell_ready(session, aurora, campaign, limit=10, now=NOON)
    # then
    assert [member_id for member_id, _ in emails(session, aurora)] == [alice.id]
    skipped = of(session, campaign, other)
    assert (skipped.fate, skipped.email_reason) == ("skipped", "had_it")
    assert balance_of(session, other).available == 25


def test_who_took_in_somebody_that_was_left_out_is_told(
    session: Session, aurora: Shop, alice: Member
) -> None:
    agree(session, alice)
    other = person(session, aurora, 601)
    first, second = sorted((alice, other), key=lambda one: one.id)
    campaign = prepared(session, aurora, segment(session, aurora, [first, second]))
    first.state = "archived"
    turn(session, aurora, campaign, limit=1)
    first.state = "active"
    merge(session, aurora, second.id, first.id, actor=STAFF, now=NOON)

    turn(session, aurora, campaign)

    assert [member_id for member_id, _ in emails(session, aurora)] == [second.id]


def _make_ready(session: Session, coupon: Coupon, whose: Member | None = None) -> None:
    statement = select(CouponCode.code).where(
        CouponCode.coupon_id == coupon.id, CouponCode.state == "making"
    )
    if whose is not None:
        statement = statement.where(CouponCode.member_id == whose.id)
    making = session.scalars(statement).all()
    note_adding(session, coupon, making, "gid://shopify/Creation/1")
    note_added(session, coupon, "gid://shopify/Creation/1", foreign=[], failed=[], now=NOON)


def _end_all(session: Session, campaign: Campaign) -> None:
    for one in recipients(session, campaign):
        one.email_fate = "sent"
    session.flush()
    left = select(func.count()).select_from(CampaignRecipient)
    assert session.scalar(left.where(CampaignRecipient.fate != "sent")) == 0
