"""R115, R154: who is told is written down once, with the reason of everybody who is not."""

from collections import Counter

from sqlalchemy.orm import Session

from loyalty import preferences, timeline
from loyalty.audit import Actor
from loyalty.campaigns.preparing import prepare_next
from loyalty.members import archiving
from loyalty.members.consent import say
from loyalty.members.tables import Member
from loyalty.segments.tables import SegmentMember
from loyalty.shops.tables import Shop
from mailing import addresses
from mailing.addresses import address_hash, lock_address
from tests.factories.facts import NOON
from tests.loyalty.campaigns.cast import (
    STAFF,
    agree,
    draft,
    fates,
    of,
    people,
    person,
    prepared,
    recipients,
    said,
    segment,
    started,
)


def test_a_member_of_two_segments_is_a_recipient_once(session: Session, aurora: Shop) -> None:
    one, two, three = people(session, aurora, 3)
    segments = segment(session, aurora, [one, two]), segment(session, aurora, [two, three], "New")

    campaign = prepared(session, aurora, *segments)

    found = recipients(session, campaign)
    assert [(r.number, r.member_id, r.fate) for r in found] == [
        (1, one.id, "waiting"),
        (2, two.id, "waiting"),
        (3, three.id, "waiting"),
    ]
    assert (campaign.state, campaign.recipients) == ("sending", 3)


def test_who_must_not_be_written_to_is_skipped_with_the_reason(
    session: Session, aurora: Shop, alice: Member
) -> None:
    silent = alice
    nowhere = person(session, aurora, 601, email=None)
    gone = person(session, aurora, 602)
    say(
        session, aurora.shop_id, gone.id, "email", "unsubscribed", source="test",
        said_at=NOON.replace(hour=13),
    )  # fmt: skip
    bouncing = person(session, aurora, 603)
    address = lock_address(
        session, aurora.shop_id, address_hash(aurora.shop_id, bouncing.email_norm)
    )
    address.hard_bounced_at, address.hard_bounce_reason = NOON, "no such mailbox"
    left = person(session, aurora, 604)
    archiving.archive(session, aurora, left.id, actor=STAFF, reason="by_hand", now=NOON)
    told = person(session, aurora, 605)
    everybody = [silent, nowhere, gone, bouncing, left, told]

    campaign = prepared(session, aurora, segment(session, aurora, everybody))

    reasons = {one.member_id: (one.fate, one.email_reason) for one in recipients(session, campaign)}
    assert reasons == {
        silent.id: ("skipped", "no_consent"),
        nowhere.id: ("skipped", "no_address"),
        gone.id: ("skipped", "unsubscribed"),
        bouncing.id: ("skipped", "hard_bounce"),
        left.id: ("skipped", "not_active"),
        told.id: ("waiting", None),
    }


def test_each_channel_has_its_own_fate(session: Session, aurora: Shop, alice: Member) -> None:
    agree(session, alice)
    vip = segment(session, aurora, [alice])

    campaign = prepared(session, aurora, vip, channels=["email", "push"], push_text="Spring")

    one = of(session, campaign, alice)
    assert (one.email_fate, one.push_fate, one.push_reason) == ("waiting", "skipped", "no_card")
    assert one.fate == "waiting"


def test_who_paused_marketing_gets_no_push(session: Session, aurora: Shop, alice: Member) -> None:
    preferences.set_preference(
        session, aurora.shop_id, alice.id, "marketing", False,
        now=NOON, actor=Actor("member", str(alice.id)),
    )  # fmt: skip
    vip = segment(session, aurora, [alice])

    campaign = prepared(session, aurora, vip, channels=["push"], push_text="Spring")

    assert of(session, campaign, alice).push_reason == "preference_off"


def test_the_next_batch_goes_on_behind_the_last(session: Session, aurora: Shop) -> None:
    members = people(session, aurora, 5)
    campaign = started(session, aurora, segment(session, aurora, members))

    looked_at = [prepare_next(session, campaign, now=NOON, limit=2) for _ in range(3)]

    assert looked_at == [2, 2, 1]
    assert campaign.state == "sending"
    assert [one.member_id for one in recipients(session, campaign)] == [m.id for m in members]


def test_of_those_who_could_be_told_a_share_is_held_out(session: Session, aurora: Shop) -> None:
    members = people(session, aurora, 40)
    silent = person(session, aurora, 900, agrees=False)
    vip = segment(session, aurora, [*members, silent])

    campaign = prepared(session, aurora, vip, holdout_percent="50")

    counts = Counter(fates(session, campaign))
    assert counts["skipped"] == 1
    assert counts["held_out"] + counts["waiting"] == 40
    # With 40 fair coins fewer than 6 or more than 34 come once in 600,000 times.
    assert 6 <= counts["held_out"] <= 34
    assert of(session, campaign, silent).fate == "skipped"


def test_another_campaign_holds_out_others(session: Session, aurora: Shop) -> None:
    vip = segment(session, aurora, people(session, aurora, 40))

    held = [
        {r.member_id for r in recipients(session, campaign) if r.is_held_out}
        for campaign in (prepared(session, aurora, vip, holdout_percent="50") for _ in range(2))
    ]

    assert held[0] != held[1]


def test_who_is_to_be_told_has_joined_and_who_is_held_out_has_not(
    session: Session, aurora: Shop
) -> None:
    members = people(session, aurora, 20)

    campaign = prepared(session, aurora, segment(session, aurora, members), holdout_percent="50")

    for who in members:
        joined = said(session, who, timeline.CAMPAIGN_JOINED)
        is_told = not of(session, campaign, who).is_held_out
        assert joined == (
            [{"campaign": "Spring", "campaign_id": str(campaign.id)}] if is_told else []
        )


def test_an_audience_that_is_gone_by_then_ends_it(
    session: Session, aurora: Shop, alice: Member
) -> None:
    agree(session, alice)
    vip = segment(session, aurora, [alice])
    campaign = started(session, aurora, vip)
    session.delete(session.get_one(SegmentMember, (aurora.shop_id, vip.id, alice.id)))
    session.flush()

    prepare_next(session, campaign, now=NOON)

    assert (campaign.state, campaign.done_at) == ("stopped", NOON)
    assert campaign.error


def test_an_unsubscribed_address_counts_whoever_has_it(
    session: Session, aurora: Shop, alice: Member
) -> None:
    agree(session, alice)
    hashed = address_hash(aurora.shop_id, alice.email_norm)
    addresses.unsubscribe(session, aurora.shop_id, hashed, now=NOON.replace(hour=14))

    campaign = prepared(session, aurora, segment(session, aurora, [alice]))

    assert of(session, campaign, alice).email_reason == "unsubscribed"


def test_a_draft_writes_nobody_down(session: Session, aurora: Shop, alice: Member) -> None:
    agree(session, alice)

    campaign = draft(session, aurora, segment(session, aurora, [alice]))

    assert recipients(session, campaign) == []
