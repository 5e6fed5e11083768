"""What the members list can be asked for: filters that combine, as typed and as conditions.

The invariant: what cannot be read is a fault beside its field and filters nothing; all filters
hold at once, and within one filter any of its choices.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, literal, or_, select

from loyalty.base.said import said
from loyalty.listing.tables import BOUNCES, CARDS, CHURNS, CONSENTS, NEVER, MemberListing
from loyalty.segments.tables import SegmentMember

SEARCH_MIN = 3
"""So many letters are looked for inside words; fewer at the beginning of them."""
SEARCH_MAX = 200
CHOICES: Mapping[str, tuple[str, ...]] = {
    "churn": ("high", "medium", "low", "new", "not_yet"),
    "consent": ("subscribed", "asked", "unsubscribed", "none"),
    "bounce": ("hard", "soft", "none"),
    "card": ("any", "apple", "google", "none"),
}
"""What can be ticked, by filter."""
RANGES = {"joined": "day", "ordered": "day", "points": "number"}
_POINTS_MAX = 2**53
_MANY_MAX = 30


@dataclass(frozen=True, slots=True)
class Filters:
    """What was asked for. Days are the shop's, both ends included; points too.

    `tier`: ids, or `none`. `segment`: one of the shop's. `faults`: why a field could not be read,
    by the field's name; what was typed stands in `typed`.
    """

    search: str = ""
    tier: tuple[str, ...] = ()
    churn: tuple[str, ...] = ()
    consent: tuple[str, ...] = ()
    bounce: tuple[str, ...] = ()
    card: tuple[str, ...] = ()
    segment: UUID | None = None
    joined_from: date | None = None
    joined_to: date | None = None
    ordered_from: date | None = None
    ordered_to: date | None = None
    points_from: int | None = None
    points_to: int | None = None
    faults: Mapping[str, str] = field(default_factory=dict, compare=False)
    typed: Mapping[str, str] = field(default_factory=dict, compare=False)

    @property
    def is_empty(self) -> bool:
        """Whether all active members are meant."""
        return self == Filters()

    def as_asked(self) -> dict[str, list[str]]:
        """The same as texts by name, to be stored and read again; nothing of what is not set."""
        found: dict[str, list[str]] = {}
        for name in NAMES:
            value = getattr(self, name)
            texts = list(value) if isinstance(value, tuple) else [_text(value)]
            if any(texts):
                found[name] = texts
        return found


NAMES = tuple(each.name for each in fields(Filters) if each.name not in ("faults", "typed"))


def read_filters(asked: Mapping[str, Sequence[str]]) -> Filters:
    """The filters that these texts by name make; other names are ignored."""
    reader = _Reader(asked)
    values: dict[str, Any] = {
        "search": reader.one("search").replace("\0", "")[:SEARCH_MAX].strip(),
        "tier": reader.ids("tier"),
        **{name: reader.choices(name) for name in CHOICES},
        "segment": reader.identity("segment"),
    }
    for name, kind in RANGES.items():
        values |= reader.range(name, kind)
    return Filters(**values, faults=reader.faults, typed=reader.typed)


def conditions(
    shop_id: int, timezone: str, asked: Filters, row: Any = MemberListing, *, probes: bool = False
) -> list[ColumnElement[bool]]:
    """What a row of the list, or of an alias of it, must fulfil, but for the search.

    `probes`: the segment is looked up row by row, never joined as a whole.
    """
    found: list[ColumnElement[bool]] = []
    if asked.tier:
        ids = [UUID(each) for each in asked.tier if each != "none"]
        is_none = row.tier_id.is_(None)
        parts = [row.tier_id.in_(ids)] if ids else []
        found.append(or_(*parts, is_none) if "none" in asked.tier else or_(*parts))
    found += _among(row.churn, CHURNS, asked.churn)
    found += _among(row.consent, CONSENTS, asked.consent)
    found += _among(row.bounce, BOUNCES, asked.bounce)
    found += _among(row.card, CARDS, _cards(asked.card))
    found += _between(row.points, asked.points_from, asked.points_to)
    starts, ends = _moments(timezone, asked)
    if starts is not None:
        found.append(row.joined_at >= starts)
    if ends is not None:
        found.append(row.joined_at < ends)
    if asked.ordered_from is not None or asked.ordered_to is not None:
        # Who never ordered did not order before a day either.
        found += _between(
            row.last_order_on, asked.ordered_from or NEVER + timedelta(days=1), asked.ordered_to
        )
    if asked.segment is not None:
        belongs = select(literal(True)).where(
            SegmentMember.shop_id == shop_id,
            SegmentMember.segment_id == asked.segment,
            SegmentMember.member_id == row.member_id,
        )
        found.append(belongs.scalar_subquery().is_not(None) if probes else belongs.exists())
    return found


def search_patterns(search: str) -> list[str]:
    """LIKE patterns; fewer letters than the index knows match the beginning of a word or email."""
    needle = search.strip().lower()
    if not needle:
        return []
    safe = needle.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return [f"%{safe}%"] if len(needle) >= SEARCH_MIN else [f"{safe}%", f"% {safe}%"]


class _Reader:
    """Texts by name, and what was wrong with them."""

    def __init__(self, asked: Mapping[str, Sequence[str]]) -> None:
        self._asked = asked
        self.faults: dict[str, str] = {}
        self.typed: dict[str, str] = {}

    def one(self, name: str) -> str:
        texts = self._asked.get(name) or ()
        return texts[0] if texts else ""

    def choices(self, name: str) -> tuple[str, ...]:
        wanted = set(self._asked.get(name) or ())
        return tuple(each for each in CHOICES[name] if each in wanted)

    def ids(self, name: str) -> tuple[str, ...]:
        texts = dict.fromkeys(self._asked.get(name) or ())
        found = (each if each == "none" else _uuid(each) for each in list(texts)[:_MANY_MAX])
        return tuple(str(each) for each in found if each is not None)

    def identity(self, name: str) -> UUID | None:
        return _uuid(self.one(name))

    def range(self, name: str, kind: str) -> dict[str, Any]:
        read: Callable[[str], Any] = self._day if kind == "day" else self._number
        found = {end: read(end) for end in (f"{name}_from", f"{name}_to")}
        first, last = found.values()
        if first is not None and last is not None and first > last:
            self.faults[f"{name}_to"] = said("This is before the beginning")
            self.typed |= {end: _text(value) for end, value in found.items()}
            return dict.fromkeys(found)
        return found

    def _day(self, name: str) -> date | None:
        text = self.one(name).strip()
        try:
            return date.fromisoformat(text) if text else None
        except ValueError:
            self._refuse(name, text, said("Enter a day, such as 2026-03-31"))
            return None

    def _number(self, name: str) -> int | None:
        text = self.one(name).strip().replace("\N{MINUS SIGN}", "-")
        if not text:
            return None
        digits = text.removeprefix("-")
        if digits.isascii() and digits.isdigit() and len(digits) <= 16:
            number = int(text)
            if abs(number) <= _POINTS_MAX:
                return number
        self._refuse(name, text, said("Enter a whole number"))
        return None

    def _refuse(self, name: str, text: str, why: str) -> None:
        self.faults[name], self.typed[name] = why, text[:SEARCH_MAX]


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value.isoformat() if isinstance(value, date) else str(value)


def _among(column: Any, words: Sequence[str], chosen: Sequence[str]) -> list[ColumnElement[bool]]:
    if not chosen or set(chosen) == set(words):
        return []
    return [column.in_(sorted(words.index(each) for each in chosen))]


def _cards(chosen: Sequence[str]) -> Sequence[str]:
    """Who has both has either."""
    found = {each for each in chosen if each != "any"}
    if "any" in chosen:
        found |= {"apple", "google"}
    if found & {"apple", "google"}:
        found.add("both")
    return [each for each in CARDS if each in found]


def _between(column: Any, first: Any, last: Any) -> list[ColumnElement[bool]]:
    found = [column >= first] if first is not None else []
    return found + ([column <= last] if last is not None else [])


def _moments(timezone: str, asked: Filters) -> tuple[datetime | None, datetime | None]:
    """When the first day begins, and when the last one is over."""
    zone = ZoneInfo(timezone)

    def begins(day: date) -> datetime:
        return datetime.combine(day, time(), zone)

    starts = begins(asked.joined_from) if asked.joined_from else None
    if asked.joined_to is None or asked.joined_to == date.max:
        return starts, None
    return starts, begins(asked.joined_to + timedelta(days=1))
