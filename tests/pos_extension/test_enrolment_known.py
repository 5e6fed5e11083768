"""Who joins at the till and is known already: to Shopify, to us, or was once."""

from uuid import uuid4

import pytest
from sqlalchemy import select

from loyalty.base.db import shop_transaction
from loyalty.members.leaving import delete_customer
from loyalty.members.tables import Customer, Member
from loyalty.outbox import CARD_EMAIL_ASKED, OutboxEvent
from loyalty.shops.directory import get_shop
from pos_extension.tables import TillWrite
from tests.factories.facts import NOON
from tests.platform.shopify import Shopify
from tests.pos_extension.cast import Till, public_id
from tests.pos_extension.enrol_cast import at_shopify


@pytest.fixture
def aurora(connected: Till) -> Till:
    """A till of Aurora whose token works at Shopify."""
    return connected


def test_whom_shopify_knows_becomes_a_member_and_keeps_their_name(
    aurora: Till, shopify: Shopify, email: str
) -> None:
    customer = shopify.tell("customers", first_name="Nora", last_name="Novak", email=email)

    body = aurora.post("members", name="Norah N", contact=email).get_json()

    assert body["was_known"] is False
    assert (body["member"]["customer_id"], body["member"]["name"]) == (customer["id"], "Nora Novak")
    assert at_shopify(shopify, email=email)[0]["first_name"] == "Nora"


def test_who_was_a_member_all_along_is_welcomed_and_nothing_is_changed(
    aurora: Till, shopify: Shopify, email: str
) -> None:
    first = aurora.post("members", name="Mary", contact=email).get_json()
    calls = shopify.calls("graphql.json")

    again = aurora.post("members", name="Mary", contact=email)

    assert again.status_code == 201
    assert again.get_json() == first | {"was_known": True}
    assert aurora.count(Member) == 1
    # Our own books vouch for the address, so Shopify was not asked.
    assert shopify.calls("graphql.json") == calls
    asked = [event for event in aurora.rows(OutboxEvent) if event.kind == CARD_EMAIL_ASKED]
    assert len(asked) == 1


def test_a_member_is_found_while_shopify_is_down(
    aurora: Till, shopify: Shopify, email: str
) -> None:
    aurora.post("members", name="Mary", contact=email)
    shopify.fail("graphql", "fail", status=503)

    assert aurora.post("members", name="Mary", contact=email).get_json()["was_known"] is True


def test_an_email_that_nobody_vouches_for_is_left_to_shopify(
    aurora: Till, shopify: Shopify, email: str
) -> None:
    # given Alice, who once typed an address into her profile that Shopify never verified
    alice = aurora.enrol("Alice", 501, email=email, has_verified_email=False)
    # when its true owner joins
    answer = aurora.post("members", name="Mary", contact=email)
    # then they are two people
    assert answer.get_json()["member"]["id"] != public_id(aurora, alice)
    assert aurora.count(Member) == 2


def test_one_whom_shopify_deleted_and_made_anew_is_the_same_member(
    aurora: Till, shopify: Shopify, email: str
) -> None:
    alice = aurora.enrol("Alice", 501, email=email)
    with shop_transaction(aurora.shop_id) as session:
        delete_customer(session, get_shop(session, aurora.shop_id), 501, now=NOON)

    body = aurora.post("members", name="Alice Archer", contact=email).get_json()

    assert body["was_known"] is True
    assert body["member"]["id"] == public_id(aurora, alice)
    assert body["member"]["customer_id"] == at_shopify(shopify, email=email)[0]["id"]


def test_an_archived_member_is_not_enrolled_anew(aurora: Till, email: str) -> None:
    aurora.post("members", name="Mary", contact=email)
    with shop_transaction(aurora.shop_id) as session:
        member = session.scalars(select(Member)).one()
        member.state = "archived"

    answer = aurora.post("members", name="Mary", contact=email)

    assert (answer.status_code, answer.get_json()["error"]["code"]) == (409, "member_archived")
    assert aurora.count(Member) == 1


def test_one_who_was_erased_and_asks_again_is_somebody_new(aurora: Till, email: str) -> None:
    first = aurora.post("members", name="Mary", contact=email).get_json()
    with shop_transaction(aurora.shop_id) as session:
        member = session.scalars(select(Member)).one()
        member.state, member.first_name, member.email, member.email_norm = "erased", None, None, ""
        customer = session.scalars(select(Customer)).one()
        customer.member_id, customer.redacted_at = None, NOON

    body = aurora.post("members", name="Mary", contact=email).get_json()

    assert body["was_known"] is False
    assert body["member"]["id"] != first["member"]["id"]


def test_a_resend_of_one_who_was_erased_meanwhile_brings_nobody_back(
    aurora: Till, email: str
) -> None:
    wanted = {"name": "Mary", "contact": email, "client_key": str(uuid4())}
    aurora.post("members", **wanted)
    with shop_transaction(aurora.shop_id) as session:
        session.scalars(select(TillWrite)).one().answer = {}
        session.scalars(select(Member)).one().state = "erased"

    answer = aurora.post("members", **wanted)

    assert (answer.status_code, answer.get_json()["error"]["code"]) == (410, "card_void")
    assert aurora.count(Member) == 1
