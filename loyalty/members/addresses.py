"""Whether two postal addresses are one, however written; and what an order keeps of hers. Pure.

The invariant: what is kept of an order's addresses is a mark that only says "the same again".
"""

import unicodedata
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from sqlalchemy import ColumnElement, Text, func

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


def email_mark(email: str) -> str | None:
    """The same of a normalised email address; None for none."""
    return sha256(email.encode()).hexdigest()[:32] if email else None


def mark_of(email: Any) -> ColumnElement[str]:
    """`email_mark` of a column, as the database reckons it."""
    digest = func.encode(func.sha256(func.convert_to(email, "UTF8")), "hex")
    return func.left(digest, 32, type_=Text)


def _plain(value: object) -> str:
    folded = unicodedata.normalize("NFKD", str(value or "")).casefold()
    return "".join(sign for sign in folded if sign.isalnum())
