"""R154: the merge fields of a campaign's push, checked before it starts and filled for each."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from loyalty.base.errors import BadCampaign
from loyalty.campaigns import running
from loyalty.campaigns.channels import Told
from loyalty.campaigns.saving import get_campaign
from loyalty.campaigns.tables import Campaign
from loyalty.member_messages.tables import TEXT_MAX
from loyalty.members.tables import Member
from loyalty.segments.tables import Segment
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON
from tests.loyalty.campaigns.cast import STAFF, draft, people, segment
from tests.loyalty.coupons.cast import add, add_imported, codes_of, hand
from tests.loyalty.earning.cast import promotion
from wallet.campaign_texts import fill_pushes


@pytest.fixture
def vip(session: Session, aurora: Shop, alice: Member) -> Segment:
    """A segment of Alice."""
    return segment(session, aurora, [alice])


def push(session: Session, shop: Shop, vip: Segment, text: str, **changes: Any) -> Campaign:
    """A push with this text, not started."""
    return draft(session, shop, vip, channels=["push"], push_text=text, **changes)


def text_for(session: Session, shop: Shop, campaign: Campaign, one: Told) -> str:
    """What it says to one recipient."""
    return fill_pushes(session, shop, campaign, [one], NOON)[one.member_id]


def test_each_reads_their_own(session: Session, aurora: Shop) -> None:
    members = people(session, aurora, 2)
    members[0].first_name, members[1].first_name = "Carol", None
    club = segment(session, aurora, members)
    campaign = push(session, aurora, club, "Hi {{ first_name | friend }}: {{ balance }} left")
    session.flush()

    found = fill_pushes(session, aurora, campaign, [Told(one.id) for one in members], NOON)

    assert [found[one.id] for one in members] == [
        "Hi Carol: 0 points left",
        "Hi friend: 0 points left",
    ]


def test_a_push_without_fields_is_what_was_typed(
    session: Session, aurora: Shop, alice: Member, vip: Segment
) -> None:
    campaign = push(session, aurora, vip, "Spring is here")

    assert text_for(session, aurora, campaign, Told(alice.id)) == "Spring is here"


def test_what_it_brings_is_named(
    session: Session, aurora: Shop, alice: Member, vip: Segment
) -> None:
    coupon = add_imported(session, aurora, "SPRING-1", ends_on="2030-12-24")
    hand(session, aurora, coupon, [alice.id])
    (code,) = codes_of(session, alice)
    double = promotion(session, aurora, "2", name="Double", ends_on=date(2030, 12, 31))
    campaign = push(
        session, aurora, vip,
        "{{ code }} ({{ coupon }}, {{ valid_until | soon }}), {{ bonus_points }}, "
        "{{ promotion }} to {{ promotion_until | the end }}",
        coupon_id=str(coupon.id), promotion_id=str(double.id), bonus_points="50",
    )  # fmt: skip

    found = text_for(session, aurora, campaign, Told(alice.id, code.id))

    assert found == (
        "SPRING-1 (Five off, December 24, 2030), 50 points, Double to December 31, 2030"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Hi {{ surname }}", "This push has no field “surname”"),
        ("Hi {{ first_name", "Close the field"),
        ("Hi {{ first_name }}", "{{ first_name | … }}"),
        ("Use {{ code }}", "the campaign has no coupon"),
        ("{{ promotion }} is on", "the campaign has no promotion"),
        ("{{ bonus_points }} for you", "the campaign has no bonus points"),
        ("{{tier|x}} " * 13, "With a long name this has"),
    ],
)
def test_a_text_that_some_could_not_read_is_refused_before_it_starts(
    session: Session, aurora: Shop, vip: Segment, text: str, said: str
) -> None:
    campaign = push(session, aurora, vip, text)

    with pytest.raises(BadCampaign) as refused:
        running.start(session, aurora, campaign.id, actor=STAFF, now=NOON)

    assert refused.value.field == "push_text" and said in str(refused.value)
    assert get_campaign(session, aurora.shop_id, campaign.id).state == "draft"


def test_a_coupon_without_an_end_may_not_leave_a_gap(
    session: Session, aurora: Shop, vip: Segment
) -> None:
    coupon = add(session, aurora)
    text = "{{ code }} until {{ valid_until }}"
    campaign = push(session, aurora, vip, text, coupon_id=str(coupon.id))

    with pytest.raises(BadCampaign, match="valid_until"):
        running.start(session, aurora, campaign.id, actor=STAFF, now=NOON)


def test_a_name_longer_than_anybodys_is_cut_between_words(
    session: Session, aurora: Shop, alice: Member, vip: Segment
) -> None:
    alice.first_name = "Maria " * 50
    session.flush()
    campaign = push(session, aurora, vip, "For {{ first_name | you }}: spring is here")
    running.start(session, aurora, campaign.id, actor=STAFF, now=NOON)

    found = text_for(session, aurora, campaign, Told(alice.id))

    assert found.startswith("For Maria Maria") and found.endswith("Maria…")
    assert len(found) <= TEXT_MAX


def test_a_name_that_turns_words_around_does_not(
    session: Session, aurora: Shop, alice: Member, vip: Segment
) -> None:
    alice.first_name = "Ali\u202ece {{ code }}"
    session.flush()
    campaign = push(session, aurora, vip, "For {{ first_name | you }}")

    found = text_for(session, aurora, campaign, Told(alice.id))

    assert found == "For Alice {{ code }}"


def test_many_are_filled_in_as_many_statements_as_one(session: Session, aurora: Shop) -> None:
    members = people(session, aurora, 9)
    text = "{{ first_name | You }}: {{ balance }}, {{ tier | none }}"
    campaign = push(session, aurora, segment(session, aurora, members), text)
    told = [Told(one.id) for one in members]

    counts = [_statements(session, aurora, campaign, told[:many]) for many in (1, 9)]

    assert counts[0] == counts[1]


def _statements(session: Session, shop: Shop, campaign: Campaign, told: list[Told]) -> int:
    seen: list[str] = []

    def note(_c: object, _u: object, statement: str, *_: object) -> None:
        seen.append(statement)

    connection = session.connection()
    event.listen(connection, "before_cursor_execute", note)
    try:
        assert len(fill_pushes(session, shop, campaign, told, NOON)) == len(told)
    finally:
        event.remove(connection, "before_cursor_execute", note)
    return len(seen)
