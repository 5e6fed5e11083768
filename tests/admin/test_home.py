"""Home: the programme at a glance, the import of history, what needs a person. R12."""

import json
from uuid import UUID

import pytest

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.ids import new_id
from shopify_app.platform.tables import BackfillRun, InboxRow, Installation
from tests.admin.cast import ShopAndClient


def run(aurora: ShopAndClient, subject: str, state: str, read: int, total: int | None) -> None:
    """A part of the import as the back-fill leaves it."""
    with shop_transaction(aurora.shop_id) as session:
        session.add(
            BackfillRun(
                shop_id=aurora.shop_id,
                id=new_id(),
                generation=1,
                subject=subject,
                state=state,
                objects_total=total,
                objects_read=read,
                attempts=1,
                next_at=utc_now(),
                error="ACCESS_DENIED" if state == "failed" else None,
            )
        )


def park(aurora: ShopAndClient, webhook_id: str, error: str) -> None:
    """A webhook that waits for a person."""
    with shop_transaction(aurora.shop_id) as session:
        session.add(
            InboxRow(
                shop_id=aurora.shop_id,
                id=new_id(),
                webhook_id=webhook_id,
                topic="orders/paid",
                received_at=utc_now(),
                body=b"{}",
                state="parked",
                attempts=10,
                next_at=utc_now(),
                error=error,
            )
        )


def test_glance_counts_members_and_their_points(aurora: ShopAndClient, alice: UUID) -> None:
    path = f"/app/members/{alice}/adjustments"
    aurora.post(path, points="1500", reason="contest", client_key="key-1")

    page = aurora.get("/app").text

    assert "<dt>Members</dt>\n  <dd>1" in page
    assert "<dt>Points outstanding</dt>\n  <dd>1,500" in page


def test_running_import_shows_counts_and_asks_again(aurora: ShopAndClient) -> None:
    run(aurora, "customers", "done", 2310, 2310)
    run(aurora, "orders", "reading", 1200, 4800)

    page = aurora.get("/app").text

    assert "2,310 imported" in page
    assert "1,200 of 4,800" in page
    assert 'value="1200" max="4800"' in page
    assert 'hx-trigger="every 2s"' in page


def test_finished_import_no_longer_asks(aurora: ShopAndClient) -> None:
    run(aurora, "orders", "done", 4800, 4800)

    page = aurora.get("/app").text

    assert "4,800 imported" in page
    assert "every 2s" not in page


def test_failed_import_says_why_in_plain_words(aurora: ShopAndClient) -> None:
    run(aurora, "orders", "failed", 12, None)

    page = aurora.get("/app").text

    assert "Stopped after 12" in page
    assert "Shopify did not let us read this" in page


@pytest.mark.parametrize("scopes", ["read_orders", "read_orders,read_all_orders"])
def test_short_history_is_told_unless_all_orders_may_be_read(
    aurora: ShopAndClient, scopes: str
) -> None:
    run(aurora, "orders", "done", 5, 5)
    with shop_transaction(aurora.shop_id) as session:
        session.get_one(Installation, aurora.shop_id).scopes = scopes

    assert ("last 60 days" in aurora.get("/app").text) == ("read_all_orders" not in scopes)


def test_parked_webhooks_are_counted_with_their_reasons(aurora: ShopAndClient) -> None:
    park(aurora, "one", "ForeignCurrency: GBP")
    park(aurora, "two", "ForeignCurrency: GBP")
    park(aurora, "three", "KeyError")

    page = aurora.get("/app").text

    assert "3 webhooks could not be used" in page
    assert "2 × orders/paid: the order is in another currency than your shop" in page
    assert "1 × orders/paid: an error of ours (KeyError)" in page


def test_quiet_shop_shows_no_warning(aurora: ShopAndClient) -> None:
    page = aurora.get("/app").text

    assert "could not be used" not in page


def test_glance_never_counts_another_shop(
    aurora: ShopAndClient, borealis: ShopAndClient, bob: UUID
) -> None:
    park(aurora, "one", "KeyError")

    assert "<dt>Members</dt>\n  <dd>0" in aurora.get("/app").text
    assert "could not be used" not in borealis.get("/app").text


def test_a_page_brings_the_words_of_its_script_in_its_language(aurora: ShopAndClient) -> None:
    page = aurora.get("/app?locale=de").text

    words = json.loads(page.split("data-words='")[1].split("'")[0])
    assert words["balance"] == "Aktueller Punktestand: {balance}"
    assert all("%(" not in text for text in words.values())
