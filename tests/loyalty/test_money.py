"""Money is parsed once, exactly, or refused."""

import pytest

from loyalty.base.errors import UnreadableMoney
from loyalty.base.money import parse_minor


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("12.50", "USD", 1250),
        ("12.5", "USD", 1250),
        ("1500", "JPY", 1500),
        ("1500.00", "JPY", 1500),
        ("1.234", "KWD", 1234),
        ("-3.10", "EUR", -310),
        ("0.00", "EUR", 0),
    ],
)
def test_a_decimal_string_becomes_minor_units_of_its_currency(
    text: str, currency: str, minor: int
) -> None:
    assert parse_minor(text, currency) == minor


@pytest.mark.parametrize("text", ["", "abc", "NaN", "Infinity", "1.234", None, 12.5, "1e40", "1,5"])
def test_what_is_no_amount_is_refused(text: object) -> None:
    with pytest.raises(UnreadableMoney):
        parse_minor(text, "EUR")
