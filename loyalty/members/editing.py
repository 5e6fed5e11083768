"""Details of a member that are changed here: from then on they are ours, field by field.

The invariant: a field is `shopify` or `local`. Shopify's news of the one customer who tells the
details changes the `shopify` fields alone; a `local` one stays until it is given back.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from loyalty import audit, outbox, timeline
from loyalty.audit import Actor
from loyalty.base.errors import BadContact
from loyalty.base.said import said
from loyalty.ledger.posting import lock_balance
from loyalty.members.contact import read_contact
from loyalty.members.enrolment import copy_to_member
from loyalty.members.facts import normalise_email
from loyalty.members.states import get_active_member
from loyalty.members.tables import Customer, Member
from loyalty.shops.tables import Shop

FIELDS = ("first_name", "last_name", "email", "phone")
_NAME_MAX = 120
_NOT_ONE = {"email": said("This is no email address"), "phone": said("This is no phone")}


def edit_details(
    session: Session,
    shop: Shop,
    member_id: UUID,
    typed: Mapping[str, str],
    *,
    actor: Actor,
    now: datetime,
) -> Member:
    """Set the fields of `typed` to what was typed, "" for nothing; they are local from now on.

    A new email or phone is not verified. Raises BadContact with the field at fault,
    MemberNotFound, MemberNotActive, MemberHasMoved. Flushes; the caller commits.
    """
    values = {name: _read(name, text) for name, text in typed.items()}
    member = _lock(session, shop.shop_id, member_id)
    changed = [name for name, value in values.items() if getattr(member, name) != value]
    for name in changed:
        _set(member, name, values[name])
    member.sources = {**member.sources, **dict.fromkeys(values, "local")}
    if changed:
        _tell(session, member, "details_edited", changed, actor, now)
    session.flush()
    return member


def follow_shopify(
    session: Session,
    shop: Shop,
    member_id: UUID,
    fields: Iterable[str],
    *,
    actor: Actor,
    now: datetime,
) -> Member:
    """Let these fields be Shopify's again, as it has them now. Raises as `edit_details` does."""
    member = _lock(session, shop.shop_id, member_id)
    local = [name for name in fields if member.sources.get(name) == "local"]
    if not local:
        return member
    member.sources = {**member.sources, **dict.fromkeys(local, "shopify")}
    session.flush()
    teller = session.get(Customer, (shop.shop_id, member.details_customer_id or 0))
    if teller is not None and teller.member_id == member_id:
        copy_to_member(session, teller, now)
    _tell(session, member, "details_followed", local, actor, now)
    session.flush()
    return member


def verify_contact(
    session: Session, shop: Shop, member_id: UUID, which: str, *, actor: Actor, now: datetime
) -> bool:
    """Staff have seen that the member's email or phone is theirs; False when it was known.

    From then on it matches. Raises BadContact where there is none, MemberNotFound,
    MemberNotActive. Flushes; the caller commits.
    """
    if which not in ("email", "phone"):
        raise BadContact("which", said("Choose email or phone"))
    member = _lock(session, shop.shop_id, member_id)
    if not getattr(member, which):
        raise BadContact(which, said("The member has none"))
    column = f"{which}_verified_at"
    if getattr(member, column) is not None:
        return False
    setattr(member, column, now)
    _tell(session, member, "contact_verified", [which], actor, now)
    session.flush()
    return True


def _lock(session: Session, shop_id: int, member_id: UUID) -> Member:
    """Merges, archives and edits of one member take turns at their balance."""
    lock_balance(session, shop_id, member_id)
    return get_active_member(session, shop_id, member_id)


def _read(name: str, text: str) -> str | None:
    if name not in FIELDS:
        raise BadContact(name, said("This cannot be changed here"))
    if not text.strip():
        return None
    if name in ("email", "phone"):
        return _read_contact(name, text)
    value = " ".join(text.split())
    if len(value) > _NAME_MAX or not value.isprintable() or "<" in value or "://" in value:
        raise BadContact(name, said("Enter a name, such as Alice"))
    return value


def _read_contact(name: str, text: str) -> str:
    try:
        contact = read_contact(text, country=None)
    except BadContact as error:
        raise BadContact(name, error.args[0]) from error
    value = contact.email if name == "email" else contact.phone
    if value is None:
        raise BadContact(name, _NOT_ONE[name])
    return value


def _set(member: Member, name: str, value: str | None) -> None:
    setattr(member, name, value)
    if name == "email":
        member.email_norm, member.email_verified_at = normalise_email(value), None
    elif name == "phone":
        member.phone_verified_at = None


def _tell(
    session: Session,
    member: Member,
    action: str,
    fields: list[str],
    actor: Actor,
    now: datetime,
) -> None:
    """Which fields, never what stands in them."""
    kind = timeline.CONTACT_VERIFIED if action == "contact_verified" else timeline.DETAILS_CHANGED
    details: dict[str, Any] = {"fields": sorted(fields)}
    timeline.note_event(session, member.shop_id, member.id, kind, now, actor=str(actor), **details)
    subject = ("member", str(member.id))
    audit.record(session, member.shop_id, actor, action, subject, now=now, **details)
    outbox.stage(session, member.shop_id, outbox.MEMBER_CHANGED, member_id=member.id, now=now)
