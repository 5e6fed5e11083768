"""The two letters of every country, as addresses have them."""

from babel import Locale

_NO_COUNTRIES = frozenset({"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"})
"""Unions, made-up places, and the unknown one."""

COUNTRIES = (
    frozenset(
        code for code in map(str, Locale("en").territories) if len(code) == 2 and code.isalpha()
    )
    - _NO_COUNTRIES
)
