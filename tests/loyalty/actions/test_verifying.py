"""R49, R54: an address is proved once; what was ticked for it counts from then on."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.actions.verifying import PER_DAY, ask_for_proof, prove_email, read_proof
from loyalty.base.errors import EmailNotVerifiable, TooManyRequests
from loyalty.members.consent import read_consents, say
from loyalty.members.tables import Member
from loyalty.outbox import VERIFICATION_EMAIL_ASKED, OutboxEvent
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON
from tests.loyalty.actions.cast import DANA, a_rule, actions_of, told
from tests.loyalty.conftest import balance_of


def asked(session: Session, member: Member) -> int:
    """How many emails were asked for."""
    session.flush()
    kind = OutboxEvent.kind == VERIFICATION_EMAIL_ASKED
    return len(session.scalars(select(OutboxEvent).where(kind)).all())


def test_proved_address_is_rewarded_once(session: Session, aurora: Shop, alice: Member) -> None:
    a_rule(session, aurora, "verified_email", 20)

    prove_email(session, aurora, alice.id, now=NOON)
    prove_email(session, aurora, alice.id, now=NOON + timedelta(days=1))

    assert alice.email_verified_at == NOON
    assert balance_of(session, alice).available == 20
    assert len(told(session, alice, "email_verified")) == 1


def test_another_address_is_proved_anew_and_earns_nothing_more(
    session: Session, aurora: Shop, alice: Member
) -> None:
    a_rule(session, aurora, "verified_email", 20)
    prove_email(session, aurora, alice.id, now=NOON)
    alice.email = alice.email_norm = "alice@new.example"
    alice.email_verified_at = None
    session.flush()

    prove_email(session, aurora, alice.id, now=NOON + timedelta(days=1))

    assert alice.email_verified_at == NOON + timedelta(days=1)
    assert actions_of(session, alice) == [("verified_email", "ever", "earned", 20)]


def test_what_was_ticked_for_an_address_counts_once_it_is_proved(
    session: Session, aurora: Shop, alice: Member
) -> None:
    say(session, aurora.shop_id, alice.id, "email", "asked", source="join_page", said_at=NOON)

    prove_email(session, aurora, alice.id, now=NOON + timedelta(hours=1))

    assert read_consents(session, aurora.shop_id, alice.id) == {"email": "subscribed"}


def test_two_taps_on_the_button_send_one_email(
    session: Session, aurora: Shop, alice: Member
) -> None:
    moments = [NOON + timedelta(seconds=seconds) for seconds in (0, 59, 60)]

    answers = [
        ask_for_proof(session, aurora.shop_id, alice.id, actor=DANA, now=now) for now in moments
    ]

    assert answers == [True, False, True]
    assert asked(session, alice) == 2
    assert read_proof(session, aurora.shop_id, alice.id).asked_at == NOON + timedelta(seconds=60)


def test_nobody_is_sent_more_than_five_links_a_day(
    session: Session, aurora: Shop, alice: Member
) -> None:
    for hour in range(PER_DAY):
        now = NOON + timedelta(hours=hour)
        ask_for_proof(session, aurora.shop_id, alice.id, actor=DANA, now=now)

    with pytest.raises(TooManyRequests):
        later = NOON + timedelta(hours=23)
        ask_for_proof(session, aurora.shop_id, alice.id, actor=DANA, now=later)
    assert asked(session, alice) == PER_DAY
    next_day = NOON + timedelta(hours=24, seconds=1)
    assert ask_for_proof(session, aurora.shop_id, alice.id, actor=DANA, now=next_day)


@pytest.mark.parametrize("change", [{"email": None, "email_norm": ""}, {"email_verified_at": NOON}])
def test_there_must_be_an_address_that_is_not_proved(
    session: Session, aurora: Shop, alice: Member, change: dict[str, object]
) -> None:
    for name, value in change.items():
        setattr(alice, name, value)
    session.flush()

    with pytest.raises(EmailNotVerifiable):
        ask_for_proof(session, aurora.shop_id, alice.id, actor=DANA, now=NOON)
    assert asked(session, alice) == 0
