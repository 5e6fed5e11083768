"""Whether two postal addresses are one, however they are written. Pure.

The invariant: what is kept of an order's address is a mark that only says "the same again".
"""

import unicodedata
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

_NEEDED = (("address1",), ("zip", "city"))
"""An address that lacks a street, or both zip and city, is no place to send anything to."""


def same_address(address: Mapping[str, Any] | None) -> str:
    """Street, town and country without case, accents, spaces and signs; empty for no address."""
    lines = {name: _plain(value) for name, value in (address or {}).items()}
    if not all(any(lines.get(name) for name in names) for names in _NEEDED):
        return ""
    street = lines.get("address1", "") + lines.get("address2", "")
    town = lines.get("zip") or lines.get("city", "")
    return "|".join((street, town, lines.get("country_code", "")))


def address_mark(address: Mapping[str, Any] | None) -> str | None:
    """32 characters, the same ones for the same address; None for none.

    Whoever guesses the address can tell that it is this one, so it is erased as that would be.
    """
    same = same_address(address)
    return sha256(same.encode()).hexdigest()[:32] if same else None


def _plain(value: object) -> str:
    folded = unicodedata.normalize("NFKD", str(value or "")).casefold()
    return "".join(sign for sign in folded if sign.isalnum())
