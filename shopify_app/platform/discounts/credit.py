"""Store credit: paid to a customer, and looked up, since Shopify takes no key that makes it safe.

The invariant: whoever repeats a credit has looked it up first. Never inside a transaction.
https://shopify.dev/docs/api/admin-graphql/latest/mutations/storeCreditAccountCredit (2026-11-22)
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from loyalty.base.money import parse_minor
from shopify_app.platform import client
from shopify_app.platform.discounts.promises import amount_text, customer_gid
from shopify_app.platform.discounts.refusals import in_words
from shopify_app.platform.errors import ShapeError, UserErrors


class CreditInDoubt(Exception):
    """Nothing that Shopify shows says whether a credit was paid: a person must."""


@dataclass(frozen=True, slots=True)
class Credited:
    """Store credit that somebody was paid: its transaction, how much and when."""

    gid: str
    amount_minor: int
    currency: str
    credited_at: datetime


def pay(shop_id: int, customer_id: int, amount_minor: int, currency: str, **patience: Any) -> str:
    """Pay store credit without an end; the gid of its transaction.

    Raises DiscountRefused when Shopify will not, LostAnswer and ShapeError when it may have been
    paid, another ShopifyError when it was not.
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


@dataclass(frozen=True, slots=True)
class Paid:
    """What a customer was paid. `is_whole`: nothing of that time can be missing from it."""

    credits: list[Credited]
    is_whole: bool


def read_paid(
    shop_id: int, customer_id: int, currency: str, since: datetime, **patience: Any
) -> Paid:
    """The customer's credits given by hand or by apps since then, newest first.

    Of a customer who is gone, or with more movements than a page, it is not whole. Raises
    ShopifyError.
    """
    variables = {"id": customer_gid(customer_id)}
    customer = client.execute(shop_id, "store_credit_movements", variables, **patience)["customer"]
    if customer is None:
        return Paid([], is_whole=False)
    accounts = customer["storeCreditAccounts"]
    own = [one for one in accounts["nodes"] if one["balance"]["currencyCode"] == currency]
    moved = [node for account in own for node in account["transactions"]["nodes"]]
    credited = [_credited(node) for node in moved if _is_credit(node)]
    is_whole = not accounts["pageInfo"]["hasNextPage"] and all(
        _reaches(account["transactions"], since) for account in own
    )
    return Paid([one for one in credited if one.credited_at >= since], is_whole)


def _is_credit(node: dict[str, Any]) -> bool:
    return bool(node.get("id")) and node["event"] == "ADJUSTMENT"


def _reaches(page: dict[str, Any], since: datetime) -> bool:
    """Whether the newest movements, of which this is a page, go back to that time."""
    if not page["pageInfo"]["hasNextPage"]:
        return True
    return bool(page["nodes"]) and _moment(page["nodes"][-1]) < since


def _credited(node: dict[str, Any]) -> Credited:
    amount = node["amount"]
    currency = str(amount["currencyCode"])
    return Credited(
        gid=str(node["id"]),
        amount_minor=parse_minor(str(amount["amount"]), currency),
        currency=currency,
        credited_at=_moment(node),
    )


def _moment(node: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(str(node["createdAt"]))
