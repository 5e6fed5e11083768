"""What may be sent where: an address is judged by its shape and by what a shop remembers of it.

The memory is under a keyed hash, so it outlives the member and names nobody.
"""

import hmac
import re
from datetime import datetime

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from loyalty.members.facts import normalise_email
from mailing import setup
from mailing.tables import EmailAddress

HASH_BYTES = 16

_ADDRESS_MAX = 320
# What SES takes: the part before the @ in ASCII, no quoting, a domain with a dot.
# https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_Destination.html (read 2026-11-22)
_ADDRESS = re.compile(r"([!#-'*+/-9=?A-Z^-~-]+(?:\.[!#-'*+/-9=?A-Z^-~-]+)*)@([^\s@]+)")
_DOMAIN = re.compile(
    r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]"
)


def address_hash(shop_id: int, address: str) -> str:
    """32 hex digits that stand for `address` in one shop: equal for equal mailboxes."""
    # The prefix keeps other uses of the same key apart; the shop, so that no two can compare.
    told = f"encore email address\0{shop_id}\0{normalise_email(address)}"
    return hmac.digest(setup.current().key, told.encode(), "sha256")[:HASH_BYTES].hex()


def deliverable(address: str | None) -> str | None:
    """`address` as SES takes it, with a domain in ASCII; None when it can be none."""
    found = _ADDRESS.fullmatch((address or "").strip())
    if found is None or len(found[1]) > 64:
        return None
    try:
        domain = found[2].encode("idna").decode().lower()
    except UnicodeError:
        return None
    whole = f"{found[1]}@{domain}"
    return whole if _DOMAIN.fullmatch(domain) and len(whole) <= _ADDRESS_MAX else None


def find_address(session: Session, shop_id: int, hashed: str) -> EmailAddress | None:
    """What the shop remembers of the address, if anything."""
    return session.get(EmailAddress, (shop_id, hashed), populate_existing=True)


def lock_address(session: Session, shop_id: int, hashed: str) -> EmailAddress:
    """The same, made if there was none, and locked."""
    session.execute(
        insert(EmailAddress)
        .values(shop_id=shop_id, address_hash=hashed, soft_bounces=0)
        .on_conflict_do_nothing()
    )
    return session.get_one(
        EmailAddress, (shop_id, hashed), with_for_update=True, populate_existing=True
    )


def unsubscribe(session: Session, shop_id: int, hashed: str, *, now: datetime) -> bool:
    """Remember that the address wants no emails from now on; False when it had said so before.

    The caller commits.
    """
    address = lock_address(session, shop_id, hashed)
    before = address.unsubscribed_at
    address.unsubscribed_at = max(before or now, now)
    return before is None
