"""What the address of the members list asks for; anything that makes no sense is the default."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import urlencode

from flask import url_for
from werkzeug.datastructures import MultiDict

from loyalty.listing.filters import SEARCH_MIN, Filters, read_filters
from loyalty.listing.finding import DEFAULT_SORT, ORDERS
from shopify_app.admin.languages import _
from shopify_app.admin.members.words import CAPTIONS, COLUMNS, DIRECTIONS

_DESCENDING_FIRST = ("tier", "points", "joined", "ordered", "churn", "consent", "bounce", "card")
assert COLUMNS.keys() == ORDERS.keys()


@dataclass(frozen=True, slots=True)
class Asked:
    """Filters, order and page. `is_open`: the filters are being chosen."""

    sizes: ClassVar[tuple[int, ...]] = (25, 50, 100)

    filters: Filters
    sort: str
    size: int
    after: str | None = None
    before: str | None = None
    is_open: bool = False

    @classmethod
    def of(cls, args: "MultiDict[str, str]") -> "Asked":
        """The request's query string, read with care."""
        return cls.read(
            args.to_dict(flat=False),
            after=args.get("after") or None,
            before=args.get("before") or None,
            is_open="panel" in args,
        )

    @classmethod
    def read(
        cls,
        texts: Mapping[str, Sequence[str]],
        *,
        after: str | None = None,
        before: str | None = None,
        is_open: bool = False,
    ) -> "Asked":
        """What these texts by name ask for."""
        sort, size = (next(iter(texts.get(name, ())), "") for name in ("sort", "size"))
        return cls(
            filters=read_filters(texts),
            sort=sort if sort.removeprefix("-") in COLUMNS else DEFAULT_SORT,
            size=int(size) if size in map(str, cls.sizes) else cls.sizes[0],
            after=after,
            before=before,
            is_open=is_open,
        )

    @property
    def search(self) -> str:
        """What is looked for in names and emails."""
        return self.filters.search

    @property
    def is_plain(self) -> bool:
        """Whether it is the list of all members as it opens."""
        return self.filters.is_empty and self.sort == DEFAULT_SORT

    def as_asked(self) -> dict[str, list[str]]:
        """The same as texts by name, but for the page."""
        return self.filters.as_asked() | {"sort": [self.sort], "size": [str(self.size)]}

    def url(self, endpoint: str = "admin.members", **changes: str | None) -> str:
        """The address of this list with some things changed, from the first page on."""
        given = self.as_asked() | {name: [text] for name, text in changes.items() if text}
        for name in (name for name, text in changes.items() if not text):
            given.pop(name, None)
        query = urlencode({name: [t for t in given[name] if t] for name in given}, doseq=True)
        return f"{url_for(endpoint)}?{query}"

    def without(self, names: Sequence[str]) -> str:
        """The address of the list with these filters taken off."""
        off: dict[str, Any] = dict.fromkeys(names)
        return self.url(**off)

    def direction_of(self, column: str) -> str:
        """`ascending`, `descending`, or nothing when the list is sorted by another column."""
        if self.sort.removeprefix("-") != column:
            return ""
        return "descending" if self.sort.startswith("-") else "ascending"

    def next_sort(self, column: str) -> str:
        """What a click on the header of `column` asks for."""
        if self.direction_of(column):
            return column if self.sort.startswith("-") else f"-{column}"
        return f"-{column}" if column in _DESCENDING_FIRST else column

    def value_of(self, name: str) -> str:
        """What stands in a field: as it was typed if it could not be read."""
        if name in self.filters.typed:
            return self.filters.typed[name]
        value = getattr(self.filters, name)
        return "" if value is None else str(value)

    @property
    def is_short(self) -> bool:
        """Whether the search is too short to look inside names."""
        return 0 < len(self.search) < SEARCH_MIN

    @property
    def caption(self) -> str:
        """What the list is and how it is sorted, for a screen reader."""
        column = self.sort.removeprefix("-")
        return _(CAPTIONS[column], direction=_(DIRECTIONS[self.direction_of(column)]))
