"""Money is a whole number of minor units with its currency; floats appear nowhere."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from babel.numbers import get_currency_precision

from loyalty.base.errors import UnreadableMoney

_MINOR_MAX = 2**62


@dataclass(frozen=True, slots=True)
class Money:
    """`amount_minor` minor units (cents, yen, fils) of the ISO 4217 `currency`."""

    amount_minor: int
    currency: str

    def decimal(self) -> Decimal:
        """The amount in major units, exact."""
        return Decimal(self.amount_minor).scaleb(-minor_digits(self.currency))


@lru_cache(maxsize=512)
def minor_digits(currency: str) -> int:
    """How many decimals `currency` has: 2 for USD, 0 for JPY, 3 for KWD."""
    return get_currency_precision(currency)


def parse_minor(text: object, currency: str) -> int:
    """The minor units of a decimal string as Shopify writes it.

    Raises UnreadableMoney for anything that is not a finite decimal, or that
    has more decimals than the currency.
    """
    if isinstance(text, float) or not isinstance(text, str | int | Decimal):
        raise UnreadableMoney(f"not a decimal string: {text!r}")
    return _parsed(text, currency)


@lru_cache(maxsize=8192, typed=True)
def _parsed(text: str | int | Decimal, currency: str) -> int:
    """An order repeats its amounts, and many are nothing: a tenth of reading one is saved."""
    try:
        minor = Decimal(text).scaleb(minor_digits(currency))
    except InvalidOperation as error:
        raise UnreadableMoney(f"not a decimal: {text!r}") from error
    if not minor.is_finite() or minor != minor.to_integral_value() or abs(minor) > _MINOR_MAX:
        raise UnreadableMoney(f"{text!r} is no amount of {currency}")
    return int(minor)
