"""The form of somebody who joins, on whichever public page it stands: what was typed, read.

The invariant: what it is counted by outlives what was typed, and cannot be guessed back.
"""

import hmac
from dataclasses import dataclass, field
from ipaddress import ip_address

from flask import request

from loyalty.base.errors import BadContact
from loyalty.members.contact import read_contact, read_name
from loyalty.members.join_requests import Joiner
from wallet import setup

_TEXT_MAX = 254


@dataclass(frozen=True, slots=True)
class Typed:
    """What stood in the form, as it was typed, and what was wrong with it by field."""

    name: str = ""
    email: str = ""
    has_agreed: bool = False
    wants_marketing: bool = False
    problems: dict[str, str] = field(default_factory=dict)


def read_form() -> Typed:
    """The form of the request."""
    form = request.form
    typed = Typed(
        name=form.get("name", "")[:_TEXT_MAX],
        email=form.get("email", "")[:_TEXT_MAX],
        has_agreed=form.get("terms") == "yes",
        wants_marketing=form.get("marketing") == "yes",
    )
    try:
        read_name(typed.name)
    except BadContact as error:
        typed.problems["name"] = str(error)
    try:
        if read_contact(typed.email, country=None).email is None:
            typed.problems["email"] = "Enter your email address"
    except BadContact:
        typed.problems["email"] = "Enter your email address, such as alice@example.com"
    if not typed.has_agreed:
        typed.problems["terms"] = "Please agree to the terms to join"
    return typed


def joiner_of(shop_id: int, typed: Typed) -> Joiner:
    """Who asks to join by a form without problems."""
    first_name, last_name = read_name(typed.name)
    email = read_contact(typed.email, country=None).email
    assert email is not None
    return Joiner(
        email=email,
        first_name=first_name,
        last_name=last_name,
        wants_marketing=typed.wants_marketing,
        contact_hash=_hash(shop_id, "contact", email),
        client_hash=_hash(shop_id, "client", _place()),
    )


def _hash(shop_id: int, kind: str, text: str) -> bytes:
    """Keyed, for it outlives what it stands for, and addresses can be guessed."""
    told = f"encore join {kind}\0{shop_id}\0{text}"
    return hmac.digest(setup.current().link_secret, told.encode(), "sha256")[:16]


def _place() -> str:
    """Where the request comes from; of IPv6 the network, for one place has many addresses."""
    try:
        address = ip_address(request.remote_addr or "")
    except ValueError:
        return "unknown"
    return str(address) if address.version == 4 else address.exploded[:19]
