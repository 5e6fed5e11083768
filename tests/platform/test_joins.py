"""What becomes of a request to join, and of a member added by hand, at the stand-in for Shopify."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from config import Settings
from loyalty.audit import Actor, AuditRow
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.base.errors import BadContact
from loyalty.members.consent import read_consents
from loyalty.members.enrolment import record_customer
from loyalty.members.join_requests import Joiner, JoinRequest, ask_to_join
from loyalty.members.tables import Customer, Member
from loyalty.outbox import CARD_EMAIL_ASKED, OutboxEvent
from loyalty.programme.tables import Programme
from loyalty.shops.directory import get_shop
from shopify_app.platform import installations
from shopify_app.platform import settings as platform_settings
from shopify_app.platform.backfill import joins
from shopify_app.platform.errors import ShopifyError
from shopify_app.platform.payloads.customers import read_customer
from shopify_app.platform.people import add_member, read_newcomer
from shopify_app.platform.session_tokens import verify
from tests.platform.shopify import Shopify

STAFF = Actor("staff", "42")


@pytest.fixture
def aurora(connected: Settings, shopify: Shopify) -> int:
    """Aurora, installed at the stand-in."""
    platform_settings.configure(connected)
    return installations.ensure_installed(verify(shopify.id_token(), connected))


@pytest.fixture
def email() -> str:
    """An address that nobody had before."""
    return f"{uuid4().hex}@example.com"


def ask(shop_id: int, email: str, *, wants_marketing: bool = False) -> UUID:
    """What the page keeps."""
    joiner = Joiner(email, "Mary", "Watson", wants_marketing, uuid4().bytes, b"here")
    with db.shop_transaction(shop_id) as session:
        shop = get_shop(session, shop_id)
        request = ask_to_join(session, shop, joiner, terms_url=None, now=utc_now())
        assert request is not None
        return request.id


def the_request(shop_id: int, request_id: UUID) -> JoinRequest:
    with db.shop_transaction(shop_id) as session:
        return session.get_one(JoinRequest, (shop_id, request_id))


def members(shop_id: int) -> list[Member]:
    with db.shop_transaction(shop_id) as session:
        return list(session.scalars(select(Member)))


def cards_asked(shop_id: int) -> list[UUID | None]:
    with db.shop_transaction(shop_id) as session:
        asked = select(OutboxEvent.member_id).where(OutboxEvent.kind == CARD_EMAIL_ASKED)
        return list(session.scalars(asked))


def test_someone_new_becomes_shopifys_customer_and_a_member(
    aurora: int, shopify: Shopify, email: str
) -> None:
    request_id = ask(aurora, email)

    joins.carry_out(aurora, request_id)

    [customer] = shopify.ask("customers", email=email)
    assert (customer["first_name"], customer["last_name"]) == ("Mary", "Watson")
    [member] = members(aurora)
    assert (member.email, member.enrolled_by, member.state) == (email, "join_page", "active")
    assert cards_asked(aurora) == [member.id]


def test_what_was_typed_is_forgotten_once_it_is_done(aurora: int, email: str) -> None:
    request_id = ask(aurora, email)

    joins.carry_out(aurora, request_id)

    request = the_request(aurora, request_id)
    assert (request.state, request.email, request.first_name) == ("done", None, None)
    assert request.member_id == members(aurora)[0].id


def test_a_member_who_asks_again_is_sent_their_card_and_nothing_else_happens(
    aurora: int, email: str
) -> None:
    joins.carry_out(aurora, ask(aurora, email))
    before = members(aurora)

    joins.carry_out(aurora, ask(aurora, email))

    assert [member.id for member in members(aurora)] == [member.id for member in before]
    assert cards_asked(aurora) == [before[0].id] * 2


def test_carried_out_twice_it_is_done_once(aurora: int, email: str) -> None:
    request_id = ask(aurora, email)

    for _ in range(2):
        joins.carry_out(aurora, request_id)

    assert len(members(aurora)) == 1 and len(cards_asked(aurora)) == 1


def test_a_customer_whom_only_shopify_knew_joins_under_the_name_they_have_there(
    aurora: int, shopify: Shopify, email: str
) -> None:
    shopify.tell("customers", email=email, first_name="Maria")

    joins.carry_out(aurora, ask(aurora, email))

    assert [member.first_name for member in members(aurora)] == ["Maria"]


def test_it_works_where_only_joiners_are_members(aurora: int, email: str) -> None:
    with db.shop_transaction(aurora) as session:
        session.get_one(Programme, aurora).enrolment = "joiners"

    joins.carry_out(aurora, ask(aurora, email))

    assert len(members(aurora)) == 1


def test_a_tick_on_the_page_is_asked_for_until_the_address_is_proved(
    aurora: int, email: str
) -> None:
    joins.carry_out(aurora, ask(aurora, email, wants_marketing=True))

    [member] = members(aurora)
    with db.shop_transaction(aurora) as session:
        assert read_consents(session, aurora, member.id) == {"email": "asked"}


def test_an_archived_member_is_not_brought_back_by_a_form(aurora: int, email: str) -> None:
    joins.carry_out(aurora, ask(aurora, email))
    with db.shop_transaction(aurora) as session:
        session.scalars(select(Member)).one().state = "archived"

    joins.carry_out(aurora, ask(aurora, email))

    assert [member.state for member in members(aurora)] == ["archived"]
    assert len(cards_asked(aurora)) == 1


def test_shopify_silent_loses_nothing_and_writes_nothing(
    aurora: int, shopify: Shopify, email: str
) -> None:
    request_id = ask(aurora, email)
    shopify.fail("graphql", "fail", status=503)

    with pytest.raises(ShopifyError) as failure:
        joins.carry_out(aurora, request_id)

    assert failure.value.retryable
    assert the_request(aurora, request_id).state == "waiting"
    shopify.fail("graphql", "off")
    joins.carry_out(aurora, request_id)
    assert len(members(aurora)) == 1


def test_what_shopify_refuses_ends_the_request(aurora: int) -> None:
    request_id = ask(aurora, "no address at all")

    joins.carry_out(aurora, request_id)

    request = the_request(aurora, request_id)
    assert (request.state, request.email, request.member_id) == ("failed", None, None)
    assert members(aurora) == []


def test_a_member_is_added_by_hand(aurora: int, shopify: Shopify, email: str) -> None:
    newcomer = read_newcomer("Mary Jane Watson", email, country=None)

    added = add_member(aurora, newcomer, said_yes_to=("email",), actor=STAFF)

    [member] = members(aurora)
    assert (added.member_id, added.was_known) == (member.id, False)
    assert (member.first_name, member.last_name) == ("Mary", "Jane Watson")
    assert member.enrolled_by == "staff"
    with db.shop_transaction(aurora) as session:
        assert read_consents(session, aurora, member.id) == {"email": "subscribed"}
        [audit] = session.scalars(select(AuditRow).where(AuditRow.action == "member_added"))
    assert (audit.actor_kind, audit.actor_id, audit.subject_id) == ("staff", "42", str(member.id))


def test_who_is_added_twice_is_found(aurora: int, email: str) -> None:
    newcomer = read_newcomer("Mary", email, country=None)
    first = add_member(aurora, newcomer, actor=STAFF)

    again = add_member(aurora, newcomer, actor=STAFF)

    assert (again.member_id, again.was_known) == (first.member_id, True)
    assert len(members(aurora)) == 1


def test_who_is_added_with_the_number_of_a_known_customer_is_that_customer(
    aurora: int, shopify: Shopify, email: str
) -> None:
    phone = f"+346{uuid4().int % 10**8:08}"
    told = shopify.tell("customers", email=email, phone=phone, state="ENABLED")
    with db.shop_transaction(aurora) as session:
        shop = get_shop(session, aurora)
        known = record_customer(
            session, shop, read_customer(told), now=utc_now(), is_backfill=False
        )

    added = add_member(aurora, read_newcomer("Mary", phone, country=None), actor=STAFF)

    assert (added.member_id, added.was_known) == (known.member_id, True)


def test_who_has_proved_a_number_is_found_by_it_though_shopify_has_another_customer(
    aurora: int, shopify: Shopify, email: str
) -> None:
    phone = f"+346{uuid4().int % 10**8:08}"
    first = add_member(
        aurora, read_newcomer("Mary", phone, country=None), has_proved_contact=True, actor=STAFF
    )
    [customer] = shopify.ask("customers", phone=phone)
    shopify.tell(f"customers/{customer['id']}/update", phone="", email=email)
    shopify.tell("customers", phone=phone, first_name="Somebody")

    newcomer = read_newcomer("Mary", phone, country=None)
    again = add_member(aurora, newcomer, has_proved_contact=True, actor=STAFF)
    unproved = add_member(aurora, newcomer, actor=STAFF)

    assert (again.member_id, again.was_known) == (first.member_id, True)
    assert unproved.member_id != first.member_id


def test_a_yes_to_emails_needs_an_email_and_nothing_is_written_without(
    aurora: int, shopify: Shopify
) -> None:
    newcomer = read_newcomer("Mary", "+34600000009", country=None)

    with pytest.raises(BadContact) as refusal:
        add_member(aurora, newcomer, said_yes_to=("email",), actor=STAFF)

    assert refusal.value.field == "contact"
    assert members(aurora) == [] and shopify.ask("customers", phone="+34600000009") == []


def test_a_request_of_another_shop_is_nobodys_here(aurora: int, email: str) -> None:
    joins.carry_out(aurora, uuid4())

    assert members(aurora) == []
    with db.shop_transaction(aurora) as session:
        assert session.scalars(select(Customer)).all() == []


def test_requests_are_forgotten_after_a_month(aurora: int, email: str) -> None:
    from jobs.purge import purge

    ask(aurora, email)

    purge(aurora, now=utc_now() + timedelta(days=31))

    with db.shop_transaction(aurora) as session:
        assert session.scalars(select(JoinRequest)).all() == []
