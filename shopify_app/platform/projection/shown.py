"""What Shopify is to show of a member: three metafields and a tag, and nothing else of theirs.

Who composes the app says where that is read; here it becomes Shopify's keys, types and texts.
"""

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

NAMESPACE = "$app:loyalty"
"""Ours alone: no other app and no merchant writes there."""
TYPES = {
    "balance": "number_integer",
    "tier": "single_line_text_field",
    "card": "single_line_text_field",
}
"""Key → type of all our metafields: the points, the tier's name, the link to the card."""
SECRET = "card"
"""Whoever has this value can open the card, so that we keep a fingerprint of it alone."""
INSTALLED, REMOVED = "Pass installed", "Pass removed"
TAGS = (INSTALLED, REMOVED)


@dataclass(frozen=True, slots=True)
class Shown:
    """`tag`: one of TAGS, or None for who never had a pass; `tier`: None for who is in none."""

    balance: int
    tier: str | None
    card: str
    tag: str | None

    def values(self) -> dict[str, str]:
        """Key → what the metafield is to say; a key that is missing is to be no more."""
        said = {"balance": str(self.balance), "tier": _one_line(self.tier), "card": self.card}
        return {key: value for key, value in said.items() if value}


Reader = Callable[[Session, int, Collection[UUID]], Mapping[UUID, Shown]]
"""What is to be shown now of those of the members who are active; the others are left out."""

_reader: Reader | None = None


def register(reader: Reader | None) -> None:
    """Say where it is read; the composition root does this once. Without it nothing is shown."""
    global _reader
    _reader = reader


def is_on() -> bool:
    """Whether anything is shown at all."""
    return _reader is not None


def read(session: Session, shop_id: int, member_ids: Collection[UUID]) -> Mapping[UUID, Shown]:
    """What is to be shown now of these members, by member."""
    if _reader is None or not member_ids:
        return {}
    return _reader(session, shop_id, member_ids)


def kept(values: Mapping[str, Any]) -> dict[str, str]:
    """The values as we may keep them."""
    return {key: _fingerprint(text) if key == SECRET else text for key, text in values.items()}


def _fingerprint(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())
