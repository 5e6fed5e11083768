"""Store credit: paid to a customer, and looked up, since Shopify takes no key that makes it safe.

The invariant: whoever repeats a credit has looked it up first. Never inside a transaction.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from loyalty.base.money import parse_minor
from shopify_app.platform import client
from shopify_app.platform.discounts.promises import amount_text, customer_gid
from shopify_app.platform.discounts.refusals import in_words
from shopify_app.platform.errors import ShapeError, UserErrors


@dataclass(frozen=True, slots=True)
class Credited:
    """Store credit that somebody was paid: its transaction, how much and when."""

    gid: str
    amount_minor: int
    currency: str
    credited_at: datetime


def pay(shop_id: int, customer_id: int, amount_minor: int, currency: str, **patience: Any) -> str:
    """Pay store credit without an end; the gid of its transaction.

    Raises DiscountRefused when Shopify will not, ShopifyError: then it may have been paid.
    """
    amount = {"amount": amount_text(amount_minor, currency), "currencyCode": currency}
    variables = {"id": customer_gid(customer_id), "credit": {"creditAmount": amount}}
    try:
        data = client.execute(shop_id, "store_credit_credit", variables, **patience)
    except UserErrors as refusal:
        raise in_words(refusal) from refusal
    paid = (data.get("storeCreditAccountCredit") or {}).get("storeCreditAccountTransaction")
    if not isinstance(paid, dict) or not paid.get("id"):
        raise ShapeError("storeCreditAccountTransaction")
    return str(paid["id"])


def list_paid(shop_id: int, customer_id: int, **patience: Any) -> list[Credited]:
    """The customer's last credits given by hand or by apps, newest first; raises ShopifyError."""
    variables = {"id": customer_gid(customer_id)}
    data = client.execute(shop_id, "store_credit_movements", variables, **patience)
    accounts = ((data.get("customer") or {}).get("storeCreditAccounts") or {}).get("nodes") or []
    moved = [node for account in accounts for node in account["transactions"]["nodes"]]
    return [_credited(node) for node in moved if node.get("id") and node["event"] == "ADJUSTMENT"]


def _credited(node: dict[str, Any]) -> Credited:
    amount = node["amount"]
    currency = str(amount["currencyCode"])
    return Credited(
        gid=str(node["id"]),
        amount_minor=parse_minor(str(amount["amount"]), currency),
        currency=currency,
        credited_at=datetime.fromisoformat(str(node["createdAt"])),
    )
