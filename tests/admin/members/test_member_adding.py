"""R27, R149: staff make somebody a member by hand, and every fault stands beside its field."""

from uuid import UUID

import pytest

from loyalty.base.db import shop_transaction
from loyalty.members.tables import Member
from tests.admin.cast import ShopAndClient
from tests.factories.facts import NOON


@pytest.mark.parametrize(
    ("name", "contact", "field"),
    [
        ("", "dora@example.com", "name"),
        ("https://spam.example", "dora@example.com", "name"),
        ("Dora", "", "contact"),
        ("Dora", "dora@", "contact"),
        ("Dora", "600 000 000", "contact"),
    ],
)
def test_what_is_wrong_stands_beside_its_field_with_what_was_typed(
    aurora: ShopAndClient, name: str, contact: str, field: str
) -> None:
    answer = aurora.post("/app/members", name=name, contact=contact, wants_emails="1")

    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert f'value="{name or contact}"' in answer.text
    assert 'name="wants_emails" value="1" checked' in answer.text
    assert aurora.member_ids() == []


def test_nobody_is_added_while_shopify_does_not_answer(aurora: ShopAndClient) -> None:
    answer = aurora.post("/app/members", name="Dora Diaz", contact="dora@example.com")

    assert answer.status_code == 409
    assert "Shopify did not answer" in answer.text
    assert 'value="dora@example.com"' in answer.text
    assert aurora.member_ids() == []


def test_who_proved_the_address_before_is_shown_instead_of_added(
    aurora: ShopAndClient, alice: UUID
) -> None:
    with shop_transaction(aurora.shop_id) as session:
        session.get_one(Member, (aurora.shop_id, alice)).email_verified_at = NOON

    answer = aurora.post(
        "/app/members", name="Alice Archer", contact="alice@example.com", has_proof="1"
    )

    assert answer.status_code == 204
    assert f"/app/members/{alice}" in answer.headers["HX-Location"]
    assert "They were a member already" in answer.headers["HX-Trigger"]
    assert aurora.member_ids() == [alice]


def test_the_list_leads_to_a_blank_form(aurora: ShopAndClient) -> None:
    assert 'href="/app/members/new"' in aurora.get("/app/members").text
    assert 'id="member-form"' in aurora.get("/app/members/new").text


def test_what_is_wrong_is_said_in_the_pages_language(aurora: ShopAndClient) -> None:
    phone = {"name": "Dora Diaz", "contact": "+34600000000", "wants_emails": "1"}

    answer = aurora.post("/app/members?locale=de", **phone)
    nobody = aurora.post("/app/members?locale=es", name="Dora Diaz", contact="dora@")

    assert "Für die Einwilligung in E-Mails ist eine E-Mail-Adresse nötig" in answer.text
    assert "Bitte prüfen Sie, was unten markiert ist." not in nobody.text
    assert "Revisa lo que está marcado abajo." in nobody.text
