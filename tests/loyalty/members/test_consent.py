"""R110, R111, R116: the later word wins, in whatever order words come, and silence is no yes."""

import itertools
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.audit import Actor, AuditRow
from loyalty.base.errors import BadConsent, MemberNotFound
from loyalty.members.consent import (
    SHOPIFY,
    MemberConsent,
    Standing,
    confirm_asked,
    list_unsubscribed,
    read_consents,
    say,
    settle,
)
from loyalty.members.enrolment import record_customer
from loyalty.members.facts import ConsentFacts
from loyalty.members.hearing import hear
from loyalty.members.recording_consent import record_word
from loyalty.members.tables import Member, TimelineEvent
from loyalty.outbox import CONSENT_CHANGED, OutboxEvent
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON, a_customer

DANA = Actor("staff", "42")
SECOND = timedelta(seconds=1)


def word(session: Session, member: Member, channel: str = "email") -> MemberConsent:
    found = session.get(MemberConsent, (member.shop_id, member.id, channel), populate_existing=True)
    assert found is not None
    return found


def told(session: Session, member: Member) -> int:
    """How often Shopify was to be told, or asked, of the member."""
    statement = select(OutboxEvent).where(
        OutboxEvent.kind == CONSENT_CHANGED, OutboxEvent.member_id == member.id
    )
    return len(session.scalars(statement).all())


def outcome(standing: Standing | None) -> str:
    if standing is None:
        return "silence"
    if standing.state == "subscribed":
        return "yes"
    return "no" if standing.refused_at is not None else "silence"


@given(
    st.lists(
        st.tuples(st.sampled_from(["subscribed", "asked", "unsubscribed"]), st.booleans()),
        max_size=5,
    ).flatmap(lambda said: st.permutations(list(enumerate(said))))
)
def test_the_last_yes_or_no_stands_whatever_the_order(
    heard: list[tuple[int, tuple[str, bool]]],
) -> None:
    standing: Standing | None = None
    for second, (state, is_shopifys) in heard:
        source = SHOPIFY if is_shopifys else "staff"
        standing = settle(standing, state, source, NOON + second * SECOND) or standing

    spoken = [state for _, (state, _) in sorted(heard) if state != "asked"]
    expected = {"subscribed": "yes", "unsubscribed": "no"}[spoken[-1]] if spoken else "silence"
    assert outcome(standing) == expected


@pytest.mark.parametrize("first", ["subscribed", "unsubscribed"])
def test_of_two_words_in_one_second_of_shopifys_the_stricter_stands(first: str) -> None:
    other = {"subscribed": "unsubscribed", "unsubscribed": "subscribed"}[first]
    known = settle(None, first, "staff", NOON + SECOND / 2)

    standing = settle(known, other, SHOPIFY, NOON) or known

    assert standing is not None and standing.state == "unsubscribed"


def test_an_old_yes_never_beats_a_newer_no(session: Session, aurora: Shop, alice: Member) -> None:
    assert listen(session, alice, "unsubscribed", NOON)

    assert not listen(session, alice, "subscribed", NOON - SECOND)

    assert word(session, alice).state == "unsubscribed"
    assert list_unsubscribed(session, aurora.shop_id, [alice.id]) == {alice.id}


def test_a_time_that_lies_ahead_counts_as_now(session: Session, alice: Member) -> None:
    listen(session, alice, "subscribed", NOON + timedelta(days=9000), now=NOON)

    assert word(session, alice).changed_at == NOON
    assert say(
        *(session, alice.shop_id, alice.id, "email", "unsubscribed"),
        source="staff",
        said_at=NOON + SECOND,
    )


def test_our_word_is_told_and_shopifys_is_not_told_back(session: Session, alice: Member) -> None:
    before = told(session, alice)

    listen(session, alice, "subscribed", NOON)
    assert told(session, alice) == before
    say(
        *(session, alice.shop_id, alice.id, "email", "unsubscribed"),
        source="staff",
        said_at=NOON + SECOND,
    )

    assert told(session, alice) == before + 1


def test_a_strangers_tick_lifts_no_no_until_the_address_is_proved(
    session: Session, alice: Member
) -> None:
    listen(session, alice, "unsubscribed", NOON)

    say(
        *(session, alice.shop_id, alice.id, "email", "asked"),
        source="join_page",
        said_at=NOON + SECOND,
    )
    assert list_unsubscribed(session, alice.shop_id, [alice.id]) == {alice.id}

    before = told(session, alice)
    assert confirm_asked(session, alice.shop_id, alice.id, now=NOON + 2 * SECOND)
    assert list_unsubscribed(session, alice.shop_id, [alice.id]) == frozenset()
    assert read_consents(session, alice.shop_id, alice.id) == {"email": "subscribed"}
    assert told(session, alice) == before + 1


def test_two_customers_who_are_one_member_say_one_word(
    session: Session, aurora: Shop, alice: Member
) -> None:
    record_customer(session, aurora, a_customer(502), now=NOON, is_backfill=False)
    no = ConsentFacts("email", "unsubscribed", NOON)
    yes = ConsentFacts("email", "subscribed", NOON - SECOND)

    for order in itertools.permutations([(501, [no]), (502, [yes])]):
        hear(session, aurora.shop_id, dict(order), now=NOON)

    assert word(session, alice).state == "unsubscribed"


def test_who_is_no_member_is_not_heard(session: Session, aurora: Shop, alice: Member) -> None:
    facts = a_customer(777, has_account=False, email="x@example.com")
    record_customer(session, aurora, facts, now=NOON, is_backfill=False)
    yes = ConsentFacts("email", "subscribed", NOON)

    assert hear(session, aurora.shop_id, {777: [yes], 778: [yes]}, now=NOON) == set()


def test_staff_write_down_a_word_once_with_their_name(
    session: Session, aurora: Shop, alice: Member
) -> None:
    answers = [
        record_word(
            session, aurora.shop_id, alice.id, "email", "unsubscribed", actor=DANA, now=NOON
        )
        for _ in range(2)
    ]

    assert answers == [True, False]
    [row] = session.scalars(select(AuditRow).where(AuditRow.action == "consent_changed"))
    assert (row.actor_id, row.details) == ("42", {"channel": "email", "consent": "unsubscribed"})
    kinds = session.scalars(select(TimelineEvent.kind)).all()
    assert kinds.count("consent_changed") == 1


@pytest.mark.parametrize(
    ("channel", "state"),
    [("sms", "subscribed"), ("email", "asked"), ("fax", "subscribed"), ("", "")],
)
def test_what_cannot_be_said_is_not_written_down(
    session: Session, aurora: Shop, alice: Member, channel: str, state: str
) -> None:
    with pytest.raises(BadConsent):
        record_word(session, aurora.shop_id, alice.id, channel, state, actor=DANA, now=NOON)

    assert read_consents(session, aurora.shop_id, alice.id) == {}


def test_another_shops_member_cannot_be_spoken_for(
    session: Session, aurora: Shop, alice: Member
) -> None:
    with pytest.raises(MemberNotFound):
        record_word(
            session, aurora.shop_id + 1, alice.id, "email", "subscribed", actor=DANA, now=NOON
        )


def listen(
    session: Session, member: Member, state: str, at: datetime, now: datetime | None = None
) -> bool:
    """Hear it from Shopify of Alice's customer."""
    said = ConsentFacts("email", state, at)
    return bool(hear(session, member.shop_id, {501: [said]}, now=now or at + SECOND, is_news=True))
