"""Someone new joins at the till with a name and a contact, and is shown their card."""

import pytest

from loyalty.audit import AuditRow
from loyalty.base.db import shop_transaction
from loyalty.members.tables import Member, TimelineEvent
from loyalty.outbox import CARD_EMAIL_ASKED, OutboxEvent
from loyalty.programme.tables import Programme
from tests.factories.facts import NOON
from tests.platform.shopify import Shopify
from tests.pos_extension.cast import MAIN_STREET, Till, public_id
from tests.pos_extension.enrol_cast import a_phone, at_shopify
from wallet.links import read_link_token


@pytest.fixture
def aurora(connected: Till) -> Till:
    """A till of Aurora whose token works at Shopify."""
    return connected


def test_someone_new_becomes_shopifys_customer_and_a_member(
    aurora: Till, shopify: Shopify, email: str
) -> None:
    answer = aurora.post("members", name="Mary Jane Watson", contact=f"  {email.upper()} ")

    assert answer.status_code == 201
    [customer] = at_shopify(shopify, email=email)
    assert (customer["first_name"], customer["last_name"]) == ("Mary", "Jane Watson")
    [member] = aurora.rows(Member)
    assert (member.email, member.enrolled_by, member.state) == (email, "till", "active")
    body = answer.get_json()
    assert body["was_known"] is False
    assert body["member"]["id"] == public_id(aurora, member.id)
    assert body["member"]["customer_id"] == customer["id"]
    assert (body["member"]["name"], body["member"]["points"]) == ("Mary Jane Watson", 0)


def test_joining_stands_in_the_timeline_with_place_and_cashier(aurora: Till, email: str) -> None:
    aurora.post("members", name="Mary", contact=email)

    [event] = [event for event in aurora.rows(TimelineEvent) if event.kind == "member_joined"]
    assert event.details == {
        "actor": "till_user:7",
        "location_id": MAIN_STREET,
        "location": "Main Street",
    }
    rows = [row for row in aurora.rows(AuditRow) if row.actor_kind == "till_user"]
    said = {(row.action, row.actor_id) for row in rows}
    assert said == {("member_enrolled_at_till", "7"), ("card_handed_out_at_till", "7")}


def test_the_card_is_shown_as_a_code_for_their_phone(aurora: Till, email: str) -> None:
    body = aurora.post("members", name="Mary", contact=email).get_json()

    card, [member] = body["card"], aurora.rows(Member)
    token = card["url"].removeprefix("https://encore.example/card/")
    link = read_link_token(token, b"l" * 32, purpose="card", now=NOON)
    assert (link.shop_id, link.member_id) == (aurora.shop_id, member.id)
    assert card.keys() == {"url", "qr_modules", "needs_email"} and card["needs_email"] is False
    rows = card["qr_modules"]
    assert {len(row) for row in rows} == {len(rows)} and set("".join(rows)) == {"0", "1"}
    assert rows[0].startswith("11111110")
    again = aurora.get(f"members/{body['member']['id']}/card")
    assert again.get_json() == {"card": card}


def test_who_gives_an_email_is_sent_the_card(aurora: Till, email: str) -> None:
    aurora.post("members", name="Mary", contact=email)

    [member] = aurora.rows(Member)
    asked = [event for event in aurora.rows(OutboxEvent) if event.kind == CARD_EMAIL_ASKED]
    assert [event.member_id for event in asked] == [member.id]


def test_who_gives_a_phone_is_sent_no_email(aurora: Till, shopify: Shopify) -> None:
    national = a_phone()
    phone = f"+34{national}"
    shopify.tell("customers", first_name="Nora", phone=phone, email=f"{phone[1:]}@example.com")

    answer = aurora.post("members", name="Nora", contact=f"{national[:3]} {national[3:]}")

    assert answer.status_code == 201
    assert answer.get_json()["member"]["customer_id"] == at_shopify(shopify, phone=phone)[0]["id"]
    assert CARD_EMAIL_ASKED not in [event.kind for event in aurora.rows(OutboxEvent)]


def test_a_national_number_is_taken_as_one_of_the_places_country(
    aurora: Till, shopify: Shopify
) -> None:
    national = a_phone()

    answer = aurora.post("members", name="Mary", contact=f"{national[:3]}-{national[3:]}")

    assert answer.status_code == 201
    assert answer.get_json()["member"]["contact"] == f"•••{national[-4:]}"
    assert len(at_shopify(shopify, phone=f"+34{national}")) == 1


def test_a_national_number_at_a_place_without_a_country_must_name_it(aurora: Till) -> None:
    aurora.open_place(77)

    answer = aurora.post("members", name="Mary", contact=a_phone(), location_id=77)

    assert answer.status_code == 422
    assert "country code" in answer.get_json()["error"]["fields"]["contact"]


def test_joining_works_where_only_joiners_are_members(aurora: Till, email: str) -> None:
    with shop_transaction(aurora.shop_id) as session:
        session.get_one(Programme, aurora.shop_id).enrolment = "joiners"

    assert aurora.post("members", name="Mary", contact=email).status_code == 201
    assert aurora.count(Member) == 1
