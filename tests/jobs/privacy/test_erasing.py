"""customers/redact: nothing of the person is left, the books stand, cards become void (R13)."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, event, select, text

from jobs.privacy import requests
from jobs.privacy.catalogue import PARTS
from jobs.privacy.people import find_person
from loyalty import outbox
from loyalty.audit import AuditRow
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.ledger.selfcheck import find_differences
from loyalty.ledger.tables import LedgerEntry
from loyalty.members.enrolment import record_customer
from loyalty.members.facts import ConsentFacts
from loyalty.members.hearing import hear
from loyalty.members.tables import Member, TimelineEvent
from loyalty.orders.tables import Order
from loyalty.outbox import OutboxEvent
from loyalty.privacy.parts import Keep
from loyalty.shops.directory import get_shop
from mailing.addresses import address_hash
from mailing.permission import why_blocked, why_not
from mailing.tables import EmailAddress
from shopify_app.platform.projection.tables import ShownCustomer
from shopify_app.platform.tables import InboxRow, PrivacyRequest
from tests.conftest import DatabaseUrls
from tests.factories.facts import a_customer
from tests.jobs.privacy.cast import (
    ask,
    identities_of,
    member_of,
    members_of_shop,
    request_of,
    tables_that_hold,
)
from tests.jobs.privacy.shopper import Shopper, order_id_of
from tests.jobs.privacy.traces import add_webhook
from tests.jobs.privacy.traces_of_referrals import erin_of
from wallet.tables import AppleDevice, AppleRegistration, WalletPass

_LATER = timedelta(days=15)
# What still names her until the last look, because phones have to hear that the card is void.
_UNTIL_THE_LAST_LOOK = {
    "apple_device",
    "apple_registration",
    "google_object",
    "pass_revision",
    "push_hop",
    "wallet_pass",
}


def test_the_cast_leaves_a_trace_in_every_table(alice: Shopper) -> None:
    request_id = ask(alice, "customers/data_request")
    requests.run_shop(alice.shop_id)

    with db.shop_transaction(alice.shop_id) as session:
        request = session.get_one(PrivacyRequest, (alice.shop_id, request_id))
        person = find_person(session, request)
        empty = [
            part.table.name
            for part in PARTS
            if not session.scalar(
                select(text("count(*)")).select_from(part.table).where(part.whose(person))
            )
        ]

    assert empty == []


def test_nothing_of_the_person_is_left_in_any_table(alice: Shopper, database: DatabaseUrls) -> None:
    held = tables_that_hold(database, alice.shop_id, alice.marks)
    request_id = ask(alice, "customers/redact")

    requests.run_shop(alice.shop_id)
    soon = tables_that_hold(database, alice.shop_id, alice.marks)
    requests.run_shop(alice.shop_id, now=utc_now() + _LATER)
    later = tables_that_hold(database, alice.shop_id, alice.marks)

    assert {"member", "customer", "inbox_row", "entry_note", "timeline_event"} <= held
    assert {"audit_row", "outbox_event", "till_write", "email_message", "wallet_pass"} <= held
    assert soon <= _UNTIL_THE_LAST_LOOK
    assert later == set()
    assert request_of(alice, request_id).state == "done"


def test_the_books_stand_under_an_anonymous_member(alice: Shopper) -> None:
    with db.shop_transaction(alice.shop_id) as session:
        before = [(e.id, e.points) for e in session.scalars(select(LedgerEntry))]
    ask(alice, "customers/redact")

    requests.run_shop(alice.shop_id)

    with db.shop_transaction(alice.shop_id) as session:
        entries = session.scalars(select(LedgerEntry)).all()
        order = session.get_one(Order, (alice.shop_id, order_id_of(alice)))
        assert [(entry.id, entry.points) for entry in entries] == before
        theirs, friend = identities_of(session, alice), erin_of(session, alice)
        assert {entry.member_id for entry in entries} == theirs | {friend.id}
        states = session.scalars(select(Member.state).where(Member.id.in_(theirs))).all()
        assert states == ["erased", "erased"]
        assert (order.member_id, order.customer_id) == (alice.member_id, None)
        assert find_differences(session, alice.shop_id) == []
    assert member_of(alice).state == "erased"


def test_the_cards_are_to_be_made_void(alice: Shopper) -> None:
    ask(alice, "customers/redact")

    requests.run_shop(alice.shop_id)

    with db.shop_transaction(alice.shop_id) as session:
        told = session.scalars(
            select(OutboxEvent.member_id).where(
                OutboxEvent.kind == outbox.MEMBER_CHANGED, OutboxEvent.state == "new"
            )
        ).all()
        # The phone must hear of it: so far it is known.
        assert session.scalars(select(AppleRegistration)).all()
    assert alice.member_id in told


def test_at_the_last_look_the_phone_is_forgotten_and_the_card_void(alice: Shopper) -> None:
    ask(alice, "customers/redact")
    requests.run_shop(alice.shop_id)

    requests.run_shop(alice.shop_id, now=utc_now() + _LATER)

    with db.shop_transaction(alice.shop_id) as session:
        (card,) = session.scalars(select(WalletPass))
        assert card.voided_at is not None and card.content["voided"] is True
        assert session.scalars(select(AppleRegistration)).all() == []
        assert session.scalars(select(AppleDevice)).all() == []


def test_a_phone_with_another_shops_card_is_not_forgotten(alice: Shopper, bob: Shopper) -> None:
    with db.shop_transaction(bob.shop_id) as session:
        (card,) = session.scalars(select(WalletPass))
        session.add(
            AppleRegistration(
                shop_id=bob.shop_id,
                pass_id=card.id,
                device_id=alice.device_id,
                registered_at=utc_now(),
            )
        )
    ask(alice, "customers/redact")
    requests.run_shop(alice.shop_id)

    requests.run_shop(alice.shop_id, now=utc_now() + _LATER)

    with db.shopless_transaction() as session:
        phones = session.scalars(select(AppleDevice.device_id)).all()
    assert sorted(phones) == [alice.device_id, bob.device_id]


def test_only_the_person_asked_for_is_erased(
    alice: Shopper, bob: Shopper, database: DatabaseUrls
) -> None:
    before = tables_that_hold(database, bob.shop_id, bob.marks)
    ask(alice, "customers/redact")

    requests.run_shop(alice.shop_id)
    requests.run_shop(bob.shop_id)

    assert tables_that_hold(database, bob.shop_id, bob.marks) == before
    assert member_of(bob).state == "active"


def test_accounts_that_shopify_has_merged_are_one_person(
    alice: Shopper, database: DatabaseUrls
) -> None:
    merged = alice.customer_id + 50_000
    with db.shop_transaction(alice.shop_id) as session:
        facts = a_customer(merged, first_name="Alicia", email="alicia@example.com")
        record_customer(
            session, get_shop(session, alice.shop_id), facts, now=utc_now(), is_backfill=False
        )
        everybody, friend = members_of_shop(session, alice), erin_of(session, alice).id
    ask(alice, "customers/redact")

    requests.run_shop(alice.shop_id)

    assert tables_that_hold(database, alice.shop_id, ("Alicia", "alicia@")) == set()
    with db.shop_transaction(alice.shop_id) as session:
        erased = set(session.scalars(select(Member.id).where(Member.state == "erased")))
    # Alice, the account that is merged into hers, and the one that Shopify alone has merged.
    assert len(erased) == 3 and erased == everybody - {friend}


def test_the_address_is_known_again_by_its_hash_alone(alice: Shopper) -> None:
    ask(alice, "customers/redact")
    requests.run_shop(alice.shop_id)

    with db.shop_transaction(alice.shop_id) as session:
        known = session.get_one(
            EmailAddress, (alice.shop_id, address_hash(alice.shop_id, alice.email))
        )
        facts = a_customer(8, email=alice.email)
        customer = record_customer(
            session, get_shop(session, alice.shop_id), facts, now=utc_now(), is_backfill=False
        )
        somebody = session.get_one(Member, (alice.shop_id, customer.member_id))
        assert known.unsubscribed_at is not None
        assert why_blocked(session, somebody, is_asked_for=False)
        known.hard_bounced_at = known.complained_at = None
        session.flush()
        # What was said to the shop before is no yes to it after.
        old = {8: [ConsentFacts("email", "subscribed", utc_now() - timedelta(days=1))]}
        hear(session, alice.shop_id, old, now=utc_now())
        assert why_not(session, alice.shop_id, [somebody.id], kind="campaign") == {
            somebody.id: "unsubscribed"
        }


def test_a_webhook_that_waits_has_its_turn_and_is_emptied_afterwards(alice: Shopper) -> None:
    with db.shop_transaction(alice.shop_id) as session:
        add_webhook(session, alice.shop_id, {"customer": {"id": alice.customer_id}}, "new")
    request_id = ask(alice, "customers/redact", age_days=20)
    requests.run_shop(alice.shop_id)
    requests.run_shop(alice.shop_id, now=utc_now() + timedelta(days=2))
    assert request_of(alice, request_id).state == "checking"

    with db.shop_transaction(alice.shop_id) as session:
        session.execute(text("UPDATE inbox_row SET state = 'done' WHERE state = 'new'"))
    requests.run_shop(alice.shop_id, now=utc_now() + timedelta(days=4))

    assert request_of(alice, request_id).state == "done"
    with db.shop_transaction(alice.shop_id) as session:
        assert set(session.scalars(select(InboxRow.body))) == {b""}


def test_it_is_looked_at_again_a_day_later_and_after_two_weeks(alice: Shopper) -> None:
    request_id, began_at = ask(alice, "customers/redact"), utc_now()
    looks = []

    for _ in range(2):
        requests.run_shop(alice.shop_id, now=began_at + timedelta(days=len(looks)))
        looks.append((request_of(alice, request_id).next_at - began_at) / timedelta(days=1))

    assert [round(days) for days in looks] == [1, 14]


def test_a_number_inside_a_longer_one_is_not_hers(alice: Shopper) -> None:
    with db.shop_transaction(alice.shop_id) as session:
        add_webhook(session, alice.shop_id, {"id": int(f"1{alice.customer_id}2")})
    ask(alice, "customers/redact")

    requests.run_shop(alice.shop_id)

    with db.shop_transaction(alice.shop_id) as session:
        bodies = session.scalars(select(InboxRow.body)).all()
    assert [body for body in bodies if body] == [b'{"id": 170005012}']


def test_what_happened_stays_on_the_timeline_without_its_words(alice: Shopper) -> None:
    ask(alice, "customers/redact")
    requests.run_shop(alice.shop_id)

    with db.shop_transaction(alice.shop_id) as session:
        events = session.scalars(select(TimelineEvent)).all()
        (renamed,) = session.scalars(select(AuditRow).where(AuditRow.action == "renamed"))
    added = next(event for event in events if event.kind == "points_added")
    said = next(event for event in events if event.kind == "said")
    assert added.details["points"] > 0
    assert (said.details, renamed.details) == ({}, {})
    assert renamed.actor_id == "42"


def test_it_is_audited(alice: Shopper) -> None:
    request_id = ask(alice, "customers/redact")
    requests.run_shop(alice.shop_id)
    requests.run_shop(alice.shop_id, now=utc_now() + _LATER)

    with db.shop_transaction(alice.shop_id) as session:
        told = session.scalars(
            select(AuditRow.action)
            .where(AuditRow.subject_id == str(request_id))
            .order_by(AuditRow.id)
        ).all()
    assert told == ["customer_redacted", "privacy_request_done"]


@pytest.mark.parametrize("times", [1, 3])
def test_asking_again_changes_nothing(alice: Shopper, database: DatabaseUrls, times: int) -> None:
    for _ in range(times):
        ask(alice, "customers/redact")
        requests.run_shop(alice.shop_id)

    assert tables_that_hold(database, alice.shop_id, alice.marks) <= _UNTIL_THE_LAST_LOOK
    with db.shop_transaction(alice.shop_id) as session:
        assert find_differences(session, alice.shop_id) == []


def test_what_is_left_for_the_last_look_is_what_keeps_phones_informed() -> None:
    kept = {p.table.name for p in PARTS if not isinstance(p.erase_later, Keep)}

    assert kept >= _UNTIL_THE_LAST_LOOK - {"apple_device", "google_object"}


def test_webhooks_are_looked_through_before_anything_of_the_person_is_locked(
    alice: Shopper,
) -> None:
    ask(alice, "customers/redact")
    told: list[str] = []

    def listen(_: object, __: object, statement: str, *___: object) -> None:
        told.append(statement)

    event.listen(Engine, "before_cursor_execute", listen)
    try:
        for now in (utc_now(), utc_now() + _LATER):
            told.clear()
            requests.run_shop(alice.shop_id, now=now)
            scans = [number for number, one in enumerate(told) if "position(" in one]
            locks = [
                number
                for number, one in enumerate(told)
                if one.startswith("INSERT INTO customer")
                or ("FROM customer" in one and "FOR UPDATE" in one)
            ]
            assert len(scans) == 1
            assert scans[0] < min(locks)
    finally:
        event.remove(Engine, "before_cursor_execute", listen)


def test_what_shopify_shows_of_them_is_to_be_taken_away_and_then_forgotten(
    alice: Shopper,
) -> None:
    ask(alice, "customers/redact")

    requests.run_shop(alice.shop_id)
    with db.shop_transaction(alice.shop_id) as session:
        states = session.scalars(select(ShownCustomer.state)).all()
    requests.run_shop(alice.shop_id, now=utc_now() + _LATER)

    with db.shop_transaction(alice.shop_id) as session:
        assert session.scalars(select(ShownCustomer.state)).all() == []
    assert states == ["leaving"]
