"""Money in the store: Decimals with the shop currency's places, never floats."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

ZERO = Decimal("0.00")
CENT = Decimal("0.01")


def money(value: str | int | Decimal) -> Decimal:
    """A Decimal with two places, halves rounded up."""
    return Decimal(str(value)).quantize(CENT, ROUND_HALF_UP)


def share(total: Decimal, quantity: int, of: int) -> Decimal:
    """The part of `total` that `quantity` of `of` units carry; the shares of all units sum up."""
    if of == 0:
        return ZERO
    return money(total * quantity / of)


def graphql_decimal(value: Decimal) -> str:
    """`10.0`, `9.99`: the Decimal scalar drops trailing zeros but keeps one place."""
    text = f"{value.normalize():f}"
    return text if "." in text else f"{text}.0"
