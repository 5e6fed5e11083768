"""The worked cases of the section Consent; each stands in docs/rules.md.

Eleven kinds of email come to Alice without her asking: two are marketing, four tell of her points,
four of rewards and coupons, one is a greeting.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.orm import Session

from loyalty.members.consent import read_consents, say
from loyalty.members.enrolment import record_customer
from loyalty.members.tables import Member
from loyalty.shops.tables import Shop
from mailing import addresses, topics
from mailing.addresses import address_hash, lock_address
from mailing.messages import is_lost
from mailing.permission import TOPIC_OF_KIND, why_not
from mailing.tables import EmailMessage
from tests.factories.facts import NOON, a_customer

pytestmark = pytest.mark.usefixtures("mail_settings")

HOUR = timedelta(hours=1)


def word(
    session: Session,
    member: Member,
    state: Any,
    *,
    at: datetime = NOON,
    source: str = "staff",
    channel: Any = "email",
) -> None:
    """Alice says yes, ticks a box, or says no."""
    say(session, member.shop_id, member.id, channel, state, source=source, said_at=at)


def go(session: Session, member: Member, *, is_asked_for: bool = False) -> int:
    """How many of the eleven kinds go to the member."""
    session.flush()
    return sum(_goes(session, member, kind, is_asked_for) for kind in TOPIC_OF_KIND)


def _goes(session: Session, member: Member, kind: str, is_asked_for: bool) -> bool:
    ids: tuple[int, list[UUID]] = (member.shop_id, [member.id])
    return not why_not(session, *ids, kind=kind, is_asked_for=is_asked_for)


def know(session: Session, member: Member, **values: Any) -> None:
    """Let this be known of the member's address."""
    row = lock_address(session, member.shop_id, address_hash(member.shop_id, member.email_norm))
    for name, value in values.items():
        setattr(row, name, value)


def sends(kind: str) -> int:
    """How often an email is handed over, all of whose answers are lost."""
    message = EmailMessage(id=uuid4(), kind=kind, doubts=0)
    while not is_lost(message):
        message.doubts += 1
    return message.doubts


def test_consent_1_who_said_yes_is_sent_everything(session: Session, alice: Member) -> None:
    word(session, alice, "subscribed")

    assert go(session, alice) == 11


def test_consent_2_silence_is_no_yes(session: Session, alice: Member) -> None:
    assert go(session, alice) == 11 - 2 == 9


def test_consent_3_a_tick_is_no_yes_until_the_address_is_proved(
    session: Session, alice: Member
) -> None:
    word(session, alice, "asked")
    assert go(session, alice) == 9

    word(session, alice, "subscribed", at=NOON + HOUR, source="verified_email")
    assert go(session, alice) == 11


def test_consent_4_a_no_stops_all_but_answers(session: Session, alice: Member) -> None:
    word(session, alice, "unsubscribed")

    assert go(session, alice) == 0
    assert go(session, alice, is_asked_for=True) == 11


def test_consent_5_an_old_yes_never_beats_a_newer_no(session: Session, alice: Member) -> None:
    word(session, alice, "unsubscribed", at=NOON + HOUR, source="shopify")
    word(session, alice, "subscribed", at=NOON, source="shopify")

    assert go(session, alice) == 0


def test_consent_6_of_two_words_in_one_second_the_stricter_stands(
    session: Session, alice: Member
) -> None:
    word(session, alice, "unsubscribed", at=NOON + timedelta(milliseconds=200))
    word(session, alice, "subscribed", at=NOON + timedelta(milliseconds=900), source="shopify")
    assert go(session, alice) == 0

    word(session, alice, "subscribed", at=NOON + timedelta(seconds=1), source="shopify")
    assert go(session, alice) == 11


def test_consent_7_each_channel_has_its_own_word(session: Session, alice: Member) -> None:
    word(session, alice, "subscribed")
    word(session, alice, "unsubscribed", at=NOON + HOUR, channel="sms")

    assert go(session, alice) == 11
    said = read_consents(session, alice.shop_id, alice.id)
    assert sum(state == "unsubscribed" for state in said.values()) == 1


def test_consent_8_only_these_topics_after_a_no(session: Session, alice: Member) -> None:
    word(session, alice, "unsubscribed")
    topics.choose(session, alice.shop_id, alice.id, ["birthday"], now=NOON + HOUR)

    assert go(session, alice) == 1


def test_consent_9_a_topic_that_is_not_wanted_stays_away(session: Session, alice: Member) -> None:
    word(session, alice, "subscribed")
    wanted = ["birthday", "rewards"]
    topics.choose(session, alice.shop_id, alice.id, wanted, now=NOON + HOUR)

    assert go(session, alice) == 11 - 4 == 7


def test_consent_10_a_hard_bounce_stops_every_email_a_soft_one_none(
    session: Session, alice: Member
) -> None:
    word(session, alice, "subscribed")
    know(session, alice, soft_bounces=3)
    assert go(session, alice) == 11

    know(session, alice, hard_bounced_at=NOON, hard_bounce_reason="550")
    assert go(session, alice) == 0
    assert go(session, alice, is_asked_for=True) == 0
    alice.email, alice.email_norm = "new@example.com", "new@example.com"
    assert go(session, alice) == 11


def test_consent_11_a_complaint_stops_every_email(session: Session, alice: Member) -> None:
    know(session, alice, complained_at=NOON)
    word(session, alice, "subscribed", at=NOON + HOUR)

    assert go(session, alice) == 0
    assert go(session, alice, is_asked_for=True) == 0


def test_consent_12_a_no_outlives_the_member_until_a_later_yes(
    session: Session, aurora: Shop, alice: Member
) -> None:
    hashed = address_hash(aurora.shop_id, "alice@example.com")
    addresses.unsubscribe(session, aurora.shop_id, hashed, now=NOON)
    alice.state, alice.email, alice.email_norm = "erased", None, ""
    facts = a_customer(777, first_name="Carol", email="Alice@Example.com")
    customer = record_customer(session, aurora, facts, now=NOON + HOUR, is_backfill=False)
    carol = session.get_one(Member, (aurora.shop_id, customer.member_id))

    word(session, carol, "subscribed", at=NOON - HOUR)
    assert go(session, carol) == 0
    word(session, carol, "subscribed", at=NOON + HOUR)
    assert go(session, carol) == 11


def test_consent_13_an_email_in_doubt_is_sent_again_only_if_somebody_waits_for_it() -> None:
    assert (sends("campaign"), sends("one_off")) == (1, 1)
    assert (sends("proof"), sends("card")) == (2, 2)
