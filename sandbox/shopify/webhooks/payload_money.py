"""Money as REST payloads write it: `"9.90"`, and sets of shop and presentment money."""

from __future__ import annotations

from decimal import Decimal
from typing import Any


def price(amount: Decimal) -> str:
    """`"9.90"`, always with two places."""
    return f"{amount:.2f}"


def price_set(amount: Decimal, currency: str) -> dict[str, Any]:
    """The same amount in both currencies: the stand-in's shops sell in their own."""
    money = {"amount": price(amount), "currency_code": currency}
    return {"shop_money": money, "presentment_money": dict(money)}
