"""An order that is read from Shopify was paid with its last payment, whatever changed it since."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from shopify_app.platform import bulk_rows
from tests.factories.facts import NOON

LATER, LAST = NOON + timedelta(days=2), NOON + timedelta(days=9)
MONEY = {"shopMoney": {"amount": "0.0", "currencyCode": "EUR"}}


def a_payment(kind: str, at: datetime, status: str = "SUCCESS") -> dict[str, Any]:
    return {"kind": kind, "status": status, "processedAt": at.isoformat()}


def paid_at(*transactions: dict[str, Any], status: str = "PAID") -> datetime | None:
    """Of an order placed at noon and changed nine days later."""
    node = {
        "id": "gid://shopify/Order/5123",
        "name": "#5123",
        "test": False,
        "taxesIncluded": False,
        "displayFinancialStatus": status,
        "createdAt": NOON.isoformat(),
        "processedAt": NOON.isoformat(),
        "updatedAt": LAST.isoformat(),
        "transactions": list(transactions),
    }
    sums = ("totalPriceSet", "currentTotalPriceSet", "totalTipReceivedSet", "totalRefundedSet")
    return bulk_rows.read_order(node | dict.fromkeys(sums, MONEY), []).paid_at


@pytest.mark.parametrize("kind", ["SALE", "CAPTURE"])
def test_the_last_payment_that_succeeded_counts(kind: str) -> None:
    told = (
        a_payment("AUTHORIZATION", NOON),
        a_payment("SALE", NOON + timedelta(hours=1)),
        a_payment(kind, LATER),
        a_payment(kind, LAST, "FAILURE"),
        a_payment("REFUND", LAST),
    )

    assert paid_at(*told, status="PARTIALLY_REFUNDED") == LATER


def test_a_paid_order_without_a_payment_was_paid_when_it_was_processed() -> None:
    assert paid_at() == NOON


def test_a_payment_of_an_order_that_is_not_paid_in_full_is_none() -> None:
    assert paid_at(a_payment("SALE", LATER), status="PARTIALLY_PAID") is None
