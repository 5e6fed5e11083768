"""The words of the members list: its columns, what a filter can be, and what a chip says.

The invariant: every word that `loyalty.listing` knows has one here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from loyalty.listing.filters import CHOICES, RANGES, Filters
from shopify_app.admin.formatting import ShopFormat

COLUMNS = {
    "name": "Name",
    "email": "Email",
    "tier": "Tier",
    "points": "Points",
    "joined": "Joined",
    "ordered": "Last order",
    "churn": "Churn risk",
    "consent": "Consent",
    "bounce": "Bounces",
    "card": "Card",
}
"""What can be sorted by."""
TITLES = {
    "tier": "Tier",
    "churn": "Churn risk",
    "consent": "Email consent",
    "bounce": "Bounce status",
    "card": "Card on a phone",
    "segment": "Segment",
    "joined": "Joined",
    "ordered": "Last order",
    "points": "Points",
}
"""What can be filtered by."""
WORDS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "churn": {
        "high": ("High", "critical"),
        "medium": ("Medium", "warning"),
        "low": ("Low", "success"),
        "new": ("New", "info"),
        "not_yet": ("Not known yet", ""),
    },
    "consent": {
        "subscribed": ("Subscribed", "success"),
        "asked": ("Not confirmed", "info"),
        "unsubscribed": ("Unsubscribed", "warning"),
        "none": ("No consent", ""),
    },
    "bounce": {
        "hard": ("Hard bounce", "critical"),
        "soft": ("Soft bounce", "warning"),
        "none": ("None", ""),
    },
    "card": {
        "any": ("In any wallet", ""),
        "both": ("Apple and Google", "success"),
        "apple": ("Apple", "success"),
        "google": ("Google", "success"),
        "none": ("Not installed", ""),
    },
}
"""The words and the tone of their badges."""
NO_TIER = "No tier"

assert all(set(CHOICES[name]) <= set(words) for name, words in WORDS.items())


@dataclass(frozen=True, slots=True)
class Chip:
    """One filter that is on; `names`: the fields that hold it."""

    label: str
    names: tuple[str, ...]


def chips_of(
    asked: Filters, tiers: Mapping[str, str], segments: Mapping[UUID, str], words: ShopFormat
) -> Iterator[Chip]:
    """What the filters that are on say, but for the search. `tiers`, `segments`: names by id."""
    if asked.tier:
        chosen = [NO_TIER if each == "none" else tiers.get(each, "") for each in asked.tier]
        yield Chip(f"{TITLES['tier']}: {_or(list(filter(None, chosen)))}", ("tier",))
    for name, known in WORDS.items():
        ticked = [known[each][0] for each in getattr(asked, name)]
        if ticked:
            yield Chip(f"{TITLES[name]}: {_or(ticked)}", (name,))
    if asked.segment is not None:
        label = segments.get(asked.segment, "")
        yield Chip(f"{TITLES['segment']}: {label}", ("segment",))
    for name in RANGES:
        ends = (f"{name}_from", f"{name}_to")
        first, last = (_shown(getattr(asked, end), words) for end in ends)
        if first or last:
            yield Chip(f"{TITLES[name]}: {_range(first, last)}", ends)


def _or(names: Sequence[str]) -> str:
    return " or ".join(names)


def _shown(value: date | int | None, words: ShopFormat) -> str:
    if value is None:
        return ""
    return words.calendar_day(value) if isinstance(value, date) else words.number(value)


def _range(first: str, last: str) -> str:
    if first and last:
        return first if first == last else f"{first} to {last}"
    return f"from {first}" if first else f"up to {last}"
