"""Personal details of two members who are made one: the survivor's stay, gaps are filled.

The invariant: an undo takes back only what the merge put there and nobody has changed since.
"""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from loyalty.members.tables import Member
from loyalty.privacy.parts import Merging, Unites

# Each detail with what belongs to it: an address is verified, or not, wherever it goes.
_DETAILS: dict[str, tuple[str, ...]] = {
    "first_name": (),
    "last_name": (),
    "email": ("email_norm", "email_verified_at"),
    "phone": ("phone_verified_at",),
    "address": (),
    "birthday_on": ("birthday_changed_on",),
}
_EMPTY: dict[str, Any] = {"email_norm": ""}


def list_gaps(survivor: Member, merged: Member) -> list[str]:
    """The details that the survivor lacks and the other has."""
    return [
        name
        for name in _DETAILS
        if getattr(survivor, name) is None and getattr(merged, name) is not None
    ]


def _fill(session: Session, merging: Merging) -> None:
    """What came from the other is local: Shopify's record of the survivor lacks it."""
    survivor, merged = _both(session, merging)
    filled = list_gaps(survivor, merged)
    for name in filled:
        _copy(name, merged, survivor)
    notes: dict[str, Any] = {"filled": filled}
    if _is_earlier(merged.customer_since, survivor.customer_since):
        notes["customer_since"] = _text(survivor.customer_since)
        survivor.customer_since = merged.customer_since
    if survivor.details_customer_id is None and merged.details_customer_id is not None:
        notes["has_their_customer"] = True
        survivor.details_customer_id = merged.details_customer_id
    survivor.sources = {**survivor.sources, **{_source_of(name): "local" for name in filled}}
    merging.notes[Member.__tablename__] = notes
    session.flush()


def _empty(session: Session, merging: Merging) -> None:
    survivor, merged = _both(session, merging)
    notes = merging.notes.get(Member.__tablename__, {})
    sources = dict(survivor.sources)
    for name in notes.get("filled", ()):
        if getattr(survivor, name) == getattr(merged, name):
            for column in (name, *_DETAILS[name]):
                setattr(survivor, column, _EMPTY.get(column))
            sources[_source_of(name)] = _source_before(name)
    if "customer_since" in notes and survivor.customer_since == merged.customer_since:
        before = notes["customer_since"]
        survivor.customer_since = datetime.fromisoformat(before) if before else None
    is_theirs = survivor.details_customer_id == merged.details_customer_id
    if notes.get("has_their_customer") and is_theirs:
        survivor.details_customer_id = None
    survivor.sources = sources
    session.flush()


def _both(session: Session, merging: Merging) -> tuple[Member, Member]:
    survivor = session.get_one(
        Member, (merging.shop_id, merging.survivor_id), populate_existing=True
    )
    merged = session.get_one(Member, (merging.shop_id, merging.merged_id), populate_existing=True)
    return survivor, merged


def _copy(name: str, merged: Member, survivor: Member) -> None:
    for column in (name, *_DETAILS[name]):
        setattr(survivor, column, getattr(merged, column))


def _source_of(name: str) -> str:
    """Under which name a member's sources speak of it."""
    return name.removesuffix("_on")


def _source_before(name: str) -> str:
    """A gap was Shopify's to fill; a birthday it never tells."""
    return "local" if name == "birthday_on" else "shopify"


def _is_earlier(one: datetime | None, other: datetime | None) -> bool:
    return one is not None and (other is None or one < other)


def _text(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


UNITED = Unites("the survivor's stay, gaps are filled from the other's", _fill, _empty)
