"""R141, R142: customers/data_request is one document of all that is held of a person, no other."""

import json
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from jobs.privacy import requests
from jobs.privacy.catalogue import PARTS
from loyalty import automatic_emails
from loyalty.audit import Actor
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.outbox import DATA_EMAIL_ASKED, OutboxEvent
from shopify_app.platform.tables import PrivacyDocument
from tests.jobs.privacy.cast import ask, request_of
from tests.jobs.privacy.shopper import STREET, Shopper, order_id_of
from tests.jobs.privacy.traces_of_referrals import ERIN, erin_of


def document_of(who: Shopper, request_id: UUID) -> dict[str, Any]:
    with db.shop_transaction(who.shop_id) as session:
        found = session.get_one(PrivacyDocument, (who.shop_id, request_id))
    document: dict[str, Any] = json.loads(found.body)
    return document


def test_all_that_is_held_is_gathered(alice: Shopper) -> None:
    request_id = ask(alice, "customers/data_request")

    requests.run_shop(alice.shop_id)

    held = document_of(alice, request_id)["held"]
    assert set(held) == {part.title for part in PARTS if part.title}
    assert [title for title, rows in held.items() if not rows] == []
    persons = {person["id"]: person for person in held["Personal details"]}
    person = persons[str(alice.member_id)]
    assert (person["first_name"], person["email"]) == ("Alice", alice.email)
    assert person["address"]["address1"] == STREET
    assert held["Orders"][0]["order_id"] == order_id_of(alice)
    available = sum(points["available"] for points in held["Points"])
    assert sum(entry["points"] for entry in held["Points activity"]) == available
    assert held["What Shopify told us"][0]["body"]["email"] == alice.email
    assert held["Notes on points"][0]["body"] == "Alice called to complain"


def test_what_was_redeemed_is_gathered_from_both_accounts_and_how_it_was_used(
    alice: Shopper,
) -> None:
    request_id = ask(alice, "customers/data_request")

    requests.run_shop(alice.shop_id)

    held = document_of(alice, request_id)["held"]
    redeemed = {row["terms"]["name"]: row for row in held["Rewards redeemed"]}
    states = {name: row["state"] for name, row in redeemed.items()}
    assert states == {"Five off": "used", "Tea": "issued", "Credit": "used", "Ten off": "issued"}
    [use] = held["Orders that used a reward"]
    assert (use["order_id"], use["points"], use["points_returned"]) == (order_id_of(alice), 100, 50)
    coupons = {row["code"]: row["state"] for row in held["Coupons"]}
    assert sorted(coupons.values()) == ["ready", "used"]
    [coupon] = [code for code, state in coupons.items() if state == "used"]
    carried = {redeemed["Five off"]["code"], coupon}
    assert {row["code"] for row in held["Codes on orders"]} == carried
    assert {row["code"] for row in held["Codes on lines"]} == carried


def test_segments_and_campaigns_are_called_by_their_names(alice: Shopper) -> None:
    request_id = ask(alice, "customers/data_request")

    requests.run_shop(alice.shop_id)

    held = document_of(alice, request_id)["held"]
    for title in ("Segments by hand", "Segments", "Segments entered and left"):
        assert "Tea club" in {row["segment"] for row in held[title]}
        assert not any("segment_id" in row for row in held[title])
    assert {row["campaign"] for row in held["Campaigns"]} == {"Spring"}
    assert {row["grant"] for row in held["Points given to many"]} == {"Quiet"}


def test_nothing_that_opens_anything_is_in_it(alice: Shopper) -> None:
    request_id = ask(alice, "customers/data_request")

    requests.run_shop(alice.shop_id)

    text = json.dumps(document_of(alice, request_id))
    for secret in ("t" * 32, "m1.Alice", "push-alices-phone", "staff:42", "shop_id"):
        assert secret not in text


def test_nobody_else_is_in_it(alice: Shopper, bob: Shopper) -> None:
    request_id = ask(alice, "customers/data_request")

    requests.run_shop(alice.shop_id)

    text = json.dumps(document_of(alice, request_id))
    assert not any(mark in text for mark in (*bob.marks[:4], *ERIN))
    with db.shop_transaction(alice.shop_id) as session:
        assert str(erin_of(session, alice).id) not in text


def test_of_somebody_unknown_nothing_is_held_and_the_document_says_so(alice: Shopper) -> None:
    request_id = ask(alice, "customers/data_request", customer_id=31)

    requests.run_shop(alice.shop_id)

    document = document_of(alice, request_id)
    assert document["request"]["customer_id"] == 31
    held = {title for title, rows in document["held"].items() if rows}
    # The request itself names an order of Alice's, which is why that is there.
    assert held <= {
        "Privacy requests",
        "Orders",
        "Codes on orders",
        "Codes on lines",
        "Order lines",
        "Refunds",
        "Refund lines",
        "Award lines",
    }
    assert request_of(alice, request_id).state == "done"


def test_after_an_erasure_only_that_is_told(alice: Shopper) -> None:
    ask(alice, "customers/redact")
    requests.run_shop(alice.shop_id)
    request_id = ask(alice, "customers/data_request")

    requests.run_shop(alice.shop_id)

    document = document_of(alice, request_id)
    text = json.dumps(document)
    customers = document["held"]["Shopify customers"]
    assert customers and all(customer["redacted_at"] for customer in customers)
    assert not any(mark in text for mark in alice.marks)


def test_what_was_asked_for_first_is_gathered_before_the_erasure(alice: Shopper) -> None:
    # The erasure came in first, and is due first: the copy must still be of something.
    ask(alice, "customers/redact", age_days=3)
    request_id = ask(alice, "customers/data_request")

    requests.run_shop(alice.shop_id)

    persons = document_of(alice, request_id)["held"]["Personal details"]
    assert [person["first_name"] for person in persons] == ["Alice", "Alice"]


@pytest.mark.parametrize("is_on", [True, False])
def test_who_asked_is_told_by_email_where_the_shop_sends_that(alice: Shopper, is_on: bool) -> None:
    with db.shop_transaction(alice.shop_id) as session:
        dana = Actor("staff", "42")
        automatic_emails.switch(
            session, alice.shop_id, "data_request", is_on, actor=dana, now=utc_now()
        )
    request_id = ask(alice, "customers/data_request")

    for _ in range(2):
        requests.run_shop(alice.shop_id)

    with db.shop_transaction(alice.shop_id) as session:
        asked = select(OutboxEvent).where(OutboxEvent.kind == DATA_EMAIL_ASKED)
        events = session.scalars(asked).all()
    told = {"request_id": str(request_id), "is_asked_for": True}
    assert [(event.member_id, event.body) for event in events] == [(alice.member_id, told)] * is_on
