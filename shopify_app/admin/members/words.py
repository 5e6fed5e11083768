"""The words of the members list: its columns, what a filter can be, and what a chip says.

The invariant: every word that `loyalty.listing` knows has one here.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from gettext import NullTranslations
from uuid import UUID

from loyalty.listing.filters import CHOICES, RANGES, Filters
from shopify_app.admin.formatting import ShopFormat
from shopify_app.admin.languages import N_

COLUMNS = {
    "name": N_("Name"),
    "email": N_("Email"),
    "tier": N_("Tier"),
    "points": N_("Points"),
    "joined": N_("Joined"),
    "ordered": N_("Last order"),
    "churn": N_("Churn risk"),
    "consent": N_("Consent"),
    "bounce": N_("Bounces"),
    "card": N_("Card"),
}
"""What can be sorted by."""
CAPTIONS = {
    "name": N_("Members, sorted by name, %(direction)s"),
    "email": N_("Members, sorted by email, %(direction)s"),
    "tier": N_("Members, sorted by tier, %(direction)s"),
    "points": N_("Members, sorted by points, %(direction)s"),
    "joined": N_("Members, sorted by joined, %(direction)s"),
    "ordered": N_("Members, sorted by last order, %(direction)s"),
    "churn": N_("Members, sorted by churn risk, %(direction)s"),
    "consent": N_("Members, sorted by consent, %(direction)s"),
    "bounce": N_("Members, sorted by bounces, %(direction)s"),
    "card": N_("Members, sorted by card, %(direction)s"),
}
DIRECTIONS = {"ascending": N_("ascending"), "descending": N_("descending")}
"""What a screen reader says of the list."""
TITLES = {
    "tier": N_("Tier"),
    "churn": N_("Churn risk"),
    "consent": N_("Email consent"),
    "bounce": N_("Bounce status"),
    "card": N_("Card on a phone"),
    "segment": N_("Segment"),
    "joined": N_("Joined"),
    "ordered": N_("Last order"),
    "points": N_("Points"),
}
"""What can be filtered by."""
WORDS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "churn": {
        "high": (N_("High"), "critical"),
        "medium": (N_("Medium"), "warning"),
        "low": (N_("Low"), "success"),
        "new": (N_("New"), "info"),
        "not_yet": (N_("Not known yet"), ""),
    },
    "consent": {
        "subscribed": (N_("Subscribed"), "success"),
        "asked": (N_("Not confirmed"), "info"),
        "unsubscribed": (N_("Unsubscribed"), "warning"),
        "none": (N_("No consent"), ""),
    },
    "bounce": {
        "hard": (N_("Hard bounce"), "critical"),
        "soft": (N_("Soft bounce"), "warning"),
        "none": (N_("None"), ""),
    },
    "card": {
        "any": (N_("In any wallet"), ""),
        "both": (N_("Apple and Google"), "success"),
        "apple": ("Apple", "success"),
        "google": ("Google", "success"),
        "none": (N_("Not installed"), ""),
    },
}
"""The words and the tone of their badges."""
NO_TIER = N_("No tier")

assert all(set(CHOICES[name]) <= set(words) for name, words in WORDS.items())


@dataclass(frozen=True, slots=True)
class Chip:
    """One filter that is on; `names`: the fields that hold it."""

    label: str
    names: tuple[str, ...]


def chips_of(
    asked: Filters,
    tiers: Mapping[str, str],
    segments: Mapping[UUID, str],
    words: ShopFormat,
    speech: NullTranslations,
) -> Iterator[Chip]:
    """What the filters that are on say, but for the search. `tiers`, `segments`: names by id.

    `speech`: the language, the page's or that of what is written down.
    """
    if asked.tier:
        known_tiers = {**tiers, "none": speech.gettext(NO_TIER)}
        chosen = [known_tiers.get(each, "") for each in asked.tier]
        yield _chip(("tier",), _or(list(filter(None, chosen)), speech), speech)
    for name, known in WORDS.items():
        ticked = [speech.gettext(known[each][0]) for each in getattr(asked, name)]
        if ticked:
            yield _chip((name,), _or(ticked, speech), speech)
    if asked.segment is not None:
        yield _chip(("segment",), segments.get(asked.segment, ""), speech)
    for name in RANGES:
        ends = (f"{name}_from", f"{name}_to")
        first, last = (_shown(getattr(asked, end), words) for end in ends)
        if first or last:
            yield _chip(ends, _range(first, last, speech), speech)


def describe_filters(search: str, chips: Iterable[Chip], speech: NullTranslations) -> str:
    """Who they are that a list with this search and these filters shows."""
    asked = [f"“{search}”"] if search else []
    asked += [chip.label for chip in chips]
    if not asked:
        return speech.gettext("All members")
    what = asked[0]
    for other in asked[1:]:
        what = speech.gettext("%(one)s, %(other)s") % {"one": what, "other": other}
    return speech.gettext("Members with %(what)s") % {"what": what}


def _chip(names: tuple[str, ...], text: str, speech: NullTranslations) -> Chip:
    title = speech.gettext(TITLES[names[0].removesuffix("_from")])
    return Chip(speech.gettext("%(name)s: %(text)s") % {"name": title, "text": text}, names)


def _or(names: Sequence[str], speech: NullTranslations) -> str:
    found = "".join(names[:1])
    for name in names[1:]:
        found = speech.gettext("%(one)s or %(other)s") % {"one": found, "other": name}
    return found


def _shown(value: date | int | None, words: ShopFormat) -> str:
    if value is None:
        return ""
    return words.calendar_day(value) if isinstance(value, date) else words.number(value)


def _range(first: str, last: str, speech: NullTranslations) -> str:
    if first and last:
        ends = {"first": first, "last": last}
        return first if first == last else speech.gettext("%(first)s to %(last)s") % ends
    if first:
        return speech.gettext("from %(first)s") % {"first": first}
    return speech.gettext("up to %(last)s") % {"last": last}
