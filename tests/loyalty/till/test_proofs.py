"""Second proofs: a PIN names one manager of one shop, a shown code is good once for a minute."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.audit import Actor, AuditRow
from loyalty.base.errors import BadSetting, TooManyTries
from loyalty.members.enrolment import record_customer
from loyalty.shops.tables import Shop
from loyalty.till.codes import LIFETIME, show_code, spend_code
from loyalty.till.managers import find_by_pin, list_managers, remove_manager, set_pin
from loyalty.till.tables import TillCode, TillManager
from loyalty.till.tries import WINDOW, count_try, forget_tries
from tests.factories.facts import NOON, a_customer
from tests.loyalty.conftest import install_shop

OPERATOR = Actor("operator", "command")
SECRET = b"s" * 32


def appoint(session: Session, shop: Shop, name: str, pin: str) -> TillManager:
    """Give somebody a PIN."""
    return set_pin(session, shop.shop_id, name, pin, secret=SECRET, actor=OPERATOR, now=NOON)


def whose(session: Session, shop: Shop, pin: str, secret: bytes = SECRET) -> str | None:
    """The manager of a PIN."""
    found = find_by_pin(session, shop.shop_id, pin, secret=secret)
    return found.name if found else None


@pytest.fixture
def alice(session: Session, aurora: Shop) -> UUID:
    """A member of Aurora."""
    facts = a_customer(501, first_name="Alice", email="alice@example.com")
    member_id = record_customer(session, aurora, facts, now=NOON, is_backfill=True).member_id
    assert member_id is not None
    return member_id


def test_a_pin_names_its_manager(session: Session, aurora: Shop) -> None:
    appoint(session, aurora, "Mona", "271828")
    appoint(session, aurora, "Max", "31415926")

    assert whose(session, aurora, "271828") == "Mona"
    assert whose(session, aurora, "31415926") == "Max"
    assert whose(session, aurora, "271829") is None


def test_a_pin_is_kept_as_a_digest_of_this_shop_and_secret(session: Session, aurora: Shop) -> None:
    row = appoint(session, aurora, "Mona", "271828")

    assert b"271828" not in row.pin_digest
    assert len(row.pin_digest) == 32
    assert whose(session, aurora, "271828", secret=b"t" * 32) is None


def test_the_same_pin_in_another_shop_is_another_managers(session: Session, aurora: Shop) -> None:
    ours = appoint(session, aurora, "Mona", "271828").pin_digest
    borealis = install_shop(session, "borealis", currency="CAD", timezone="America/Toronto")

    assert whose(session, borealis, "271828") is None
    theirs = appoint(session, borealis, "Bea", "271828").pin_digest

    assert whose(session, borealis, "271828") == "Bea"
    assert theirs != ours


def test_a_new_pin_ends_the_old_one(session: Session, aurora: Shop) -> None:
    appoint(session, aurora, "Mona", "271828")
    appoint(session, aurora, " Mona ", "161803")

    assert whose(session, aurora, "271828") is None
    assert [row.name for row in list_managers(session, aurora.shop_id)] == ["Mona"]


def test_two_managers_have_two_pins(session: Session, aurora: Shop) -> None:
    appoint(session, aurora, "Mona", "271828")

    with pytest.raises(BadSetting) as refused:
        appoint(session, aurora, "Max", "271828")

    assert refused.value.field == "pin"


@pytest.mark.parametrize(
    "pin", ["", "12345", "123456789", "27182x", "٢٧١٨٢٨", "000000", "123456", "987654"]
)
def test_a_pin_that_is_easy_to_guess_is_refused(session: Session, aurora: Shop, pin: str) -> None:
    with pytest.raises(BadSetting):
        appoint(session, aurora, "Mona", pin)

    assert list_managers(session, aurora.shop_id) == []


@pytest.mark.parametrize("name", ["", "  ", "x" * 61, "a\0b"])
def test_a_manager_has_a_name(session: Session, aurora: Shop, name: str) -> None:
    with pytest.raises(BadSetting):
        appoint(session, aurora, name, "271828")


def test_a_manager_who_is_removed_vouches_no_more(session: Session, aurora: Shop) -> None:
    appoint(session, aurora, "Mona", "271828")

    remove_manager(session, aurora.shop_id, "Mona", actor=OPERATOR, now=NOON)

    assert whose(session, aurora, "271828") is None
    actions = session.scalars(select(AuditRow.action).order_by(AuditRow.id)).all()
    assert actions[-2:] == ["till_manager_pin_set", "till_manager_removed"]
    with pytest.raises(BadSetting):
        remove_manager(session, aurora.shop_id, "Mona", actor=OPERATOR, now=NOON)


def test_a_shown_code_is_good_once(session: Session, aurora: Shop, alice: UUID) -> None:
    shown = show_code(session, aurora.shop_id, alice, secret=SECRET, now=NOON)
    spent = [
        spend_code(session, aurora.shop_id, alice, shown.code, secret=SECRET, now=NOON)
        for _ in range(2)
    ]

    assert spent == [True, False]


def test_a_shown_code_is_good_for_a_minute(session: Session, aurora: Shop, alice: UUID) -> None:
    shown = show_code(session, aurora.shop_id, alice, secret=SECRET, now=NOON)
    just_over = NOON + LIFETIME
    assert shown.expires_at == just_over == NOON + timedelta(seconds=60)

    late = spend_code(session, aurora.shop_id, alice, shown.code, secret=SECRET, now=just_over)
    in_time = spend_code(
        session,
        aurora.shop_id,
        alice,
        shown.code,
        secret=SECRET,
        now=just_over - timedelta(milliseconds=1),
    )

    assert (late, in_time) == (False, True)


def test_a_new_code_ends_the_one_before(session: Session, aurora: Shop, alice: UUID) -> None:
    codes = [
        show_code(session, aurora.shop_id, alice, secret=SECRET, now=NOON).code for _ in range(2)
    ]

    good = [
        spend_code(session, aurora.shop_id, alice, code, secret=SECRET, now=NOON) for code in codes
    ]

    assert good == [False, True] or codes[0] == codes[1]
    assert session.scalars(select(TillCode)).all() == []


def test_a_code_of_one_member_is_not_anothers(session: Session, aurora: Shop, alice: UUID) -> None:
    facts = a_customer(502, first_name="Carol", email="carol@example.com")
    carol = record_customer(session, aurora, facts, now=NOON, is_backfill=True).member_id
    assert carol is not None
    shown = show_code(session, aurora.shop_id, alice, secret=SECRET, now=NOON)

    assert not spend_code(session, aurora.shop_id, carol, shown.code, secret=SECRET, now=NOON)


def test_five_tries_in_a_quarter_of_an_hour(session: Session, aurora: Shop) -> None:
    for minute in range(5):
        count_try(session, aurora.shop_id, 7, now=NOON + timedelta(minutes=minute))

    with pytest.raises(TooManyTries) as refused:
        count_try(session, aurora.shop_id, 7, now=NOON + timedelta(minutes=14, seconds=59))

    assert refused.value.until == NOON + WINDOW
    count_try(session, aurora.shop_id, 7, now=NOON + WINDOW)
    count_try(session, aurora.shop_id, 8, now=NOON)


def test_a_right_proof_gives_the_tries_back(session: Session, aurora: Shop) -> None:
    for _ in range(5):
        count_try(session, aurora.shop_id, 7, now=NOON)

    forget_tries(session, aurora.shop_id, 7)

    count_try(session, aurora.shop_id, 7, now=NOON)
