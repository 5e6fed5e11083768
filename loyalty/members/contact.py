"""What a person types as their name, email or phone: normalised, or refused beside its field.

A national number becomes E.164 only where the country's rule leaves no doubt.
"""

import re
import unicodedata
from dataclasses import dataclass

from loyalty.base.errors import BadContact
from loyalty.base.said import said
from loyalty.members.facts import normalise_email

_EMAIL = re.compile(r"[^@\s<>(),;:\\\"]{1,64}@(?:[^@\s.<>()-][^@\s.<>()]*\.)+[^@\s.<>()\d]{2,}")
_EMAIL_MAX = 254
_E164 = re.compile(r"\+[1-9]\d{6,14}")
_PHONE_SIGNS = re.compile(r"[\s().\-\u2010-\u2015/]")

# Country → calling code, prefix of a national call ("" for none), digits after it.
# https://www.itu.int/oth/T0202.aspx?parent=T0202 (national numbering plans)
_NATIONAL = {
    "AT": ("43", "0", range(7, 14)),
    "AU": ("61", "0", range(9, 10)),
    "BE": ("32", "0", range(8, 10)),
    "CA": ("1", "", range(10, 11)),
    "CH": ("41", "0", range(9, 10)),
    "DE": ("49", "0", range(7, 13)),
    "DK": ("45", "", range(8, 9)),
    "ES": ("34", "", range(9, 10)),
    "FR": ("33", "0", range(9, 10)),
    "GB": ("44", "0", range(9, 11)),
    "IE": ("353", "0", range(7, 10)),
    "NL": ("31", "0", range(9, 10)),
    "NO": ("47", "", range(8, 9)),
    "NZ": ("64", "0", range(8, 11)),
    "PL": ("48", "", range(9, 10)),
    "PT": ("351", "", range(9, 10)),
    "SE": ("46", "0", range(7, 10)),
    "US": ("1", "", range(10, 11)),
}


@dataclass(frozen=True, slots=True)
class Contact:
    """How to reach someone: an email in our normal form, or a phone number in E.164; not both."""

    email: str | None = None
    phone: str | None = None


def read_contact(typed: str, *, country: str | None) -> Contact:
    """The contact that `typed` is, a national number taken as one of `country` (ISO 3166).

    Raises BadContact.
    """
    text = typed.strip()
    if not text:
        raise BadContact("contact", said("Enter an email or a phone number"))
    if "@" in text:
        return Contact(email=_email(text))
    return Contact(phone=_phone(text, country))


def read_name(typed: str) -> tuple[str, str | None]:
    """First name and the rest of a typed name; raises BadContact."""
    text = unicodedata.normalize("NFC", " ".join(typed.split()))
    if not text:
        raise BadContact("name", said("Enter a name"))
    if not text.isprintable() or "<" in text or "://" in text or "@" in text:
        raise BadContact("name", said("Enter a name, such as Alice Archer"))
    first, _, rest = text.partition(" ")
    return first, rest or None


def mask_contact(email: str | None, phone: str | None) -> str | None:
    """Enough of an email or phone for its owner to know it again: a•••@example.com, •••5678."""
    if email:
        name, _, domain = email.rpartition("@")
        return f"{name[:1]}•••@{domain}"
    return f"•••{phone[-4:]}" if phone else None


def _email(text: str) -> str:
    email = normalise_email(text)
    if len(email) > _EMAIL_MAX or not _EMAIL.fullmatch(email) or ".." in email:
        raise BadContact("contact", said("This is no email address"))
    return email


def _phone(text: str, country: str | None) -> str:
    number = _PHONE_SIGNS.sub("", text)
    if not number.startswith("+"):
        number = _international(number, country)
    if not number.isascii() or not _E164.fullmatch(number):
        raise BadContact("contact", said("This is no phone number"))
    return number


def _international(number: str, country: str | None) -> str:
    """The number with its country's code, or a request to type it."""
    rule = _NATIONAL.get(country or "")
    if not (number.isascii() and number.isdigit()):
        raise BadContact("contact", said("Enter an email or a phone number"))
    if rule is not None:
        code, trunk, lengths = rule
        if number.startswith(trunk) and not number.startswith("00"):
            rest = number.removeprefix(trunk)
            if len(rest) in lengths and not rest.startswith("0"):
                return f"+{code}{rest}"
    raise BadContact(
        "contact", said("Enter the number with its country code, such as +34 600 000 000")
    )
