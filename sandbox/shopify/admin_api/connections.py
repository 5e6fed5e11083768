"""Pages of records: first/last/after/before, reverse, sortKey and query, as Shopify has them.

A cursor names the sort value and the id of its record, so that a page stays
right when records come and go between two requests.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from ..store.records import Record
from .context import Context
from .errors import bad_request
from .filters import matcher
from .sorting import sort_value

PAGE_MAX = 250
# Sort keys that mean the order in which the store keeps the records.
AS_THEY_COME = ("COLLECTION_DEFAULT", "MANUAL", "POSITION")


@dataclass
class _Entry:
    key: tuple[Any, int]
    node: Any

    @property
    def cursor(self) -> str:
        value, record_id = self.key
        plain = value if isinstance(value, int | str) else str(value)
        return base64.b64encode(json.dumps([plain, record_id]).encode()).decode()


def connect(
    records: Sequence[Any],
    typename: str,
    arguments: dict[str, Any],
    context: Context,
    *,
    is_root: bool = False,
) -> dict[str, Any]:
    """The connection object for these records. Inside a bulk operation there are no pages."""
    if arguments.get("query"):
        matches = matcher(typename, arguments["query"], context)
        records = [record for record in records if matches(record)]
    entries = _sorted(records, typename, arguments.get("sortKey"), context)
    if arguments.get("reverse"):
        entries.reverse()
    if context.window is not None:
        page = entries[context.window] if is_root else entries
        return _connection(page, has_next=False, has_previous=False, total=len(entries))
    return _page(entries, arguments)


def _sorted(
    records: Sequence[Any], typename: str, sort_key: str | None, context: Context
) -> list[_Entry]:
    """The records in order; without a sort key by id, or as they come when they have none."""
    if sort_key in (None, *AS_THEY_COME):
        return [
            _Entry((index, record.id if isinstance(record, Record) else index), record)
            for index, record in enumerate(records)
        ]
    assert sort_key is not None
    entries = [
        _Entry((sort_value(typename, sort_key, record, context), record.id), record)
        for record in records
    ]
    entries.sort(key=lambda entry: entry.key)
    return entries


def _page(entries: list[_Entry], arguments: dict[str, Any]) -> dict[str, Any]:
    """The asked-for part of the entries."""
    first, last = arguments.get("first"), arguments.get("last")
    if first is None and last is None:
        raise bad_request("you must provide one of first or last")
    if first is not None and last is not None:
        raise bad_request("providing both first and last is not supported")
    size = first if first is not None else last
    assert size is not None
    if not 0 <= size <= PAGE_MAX:
        raise bad_request(f"{size} is not a valid page size: use 0 to {PAGE_MAX}")
    start, stop = _bounds(entries, arguments)
    low, high = (
        (start, min(stop, start + size))
        if first is not None
        else (
            max(start, stop - size),
            stop,
        )
    )
    return _connection(
        entries[low:high], has_next=high < len(entries), has_previous=low > 0, total=len(entries)
    )


def _bounds(entries: list[_Entry], arguments: dict[str, Any]) -> tuple[int, int]:
    """Where `after` and `before` stand."""
    start, stop = 0, len(entries)
    if arguments.get("after"):
        start = _place(entries, arguments["after"]) + 1
    if arguments.get("before"):
        stop = _place(entries, arguments["before"])
    return start, max(start, stop)


def _place(entries: list[_Entry], cursor: str) -> int:
    """The index of a cursor's record; of its nearest predecessor when the record has gone."""
    try:
        value, record_id = json.loads(base64.b64decode(cursor, validate=True))
    except (ValueError, TypeError):
        raise bad_request(f"Invalid cursor: {cursor}", "INVALID_CURSOR") from None
    for index, entry in enumerate(entries):
        if entry.key[1] == record_id:
            return index
    before = [index for index, entry in enumerate(entries) if _comes_before(entry, value)]
    return before[-1] if before else -1


def _comes_before(entry: _Entry, value: Any) -> bool:
    own = entry.key[0]
    if isinstance(own, datetime | Decimal):
        return str(own) <= str(value)
    return type(own) is type(value) and bool(own <= value)


def _connection(
    page: list[_Entry], *, has_next: bool, has_previous: bool, total: int
) -> dict[str, Any]:
    return {
        "nodes": [entry.node for entry in page],
        "edges": [{"node": entry.node, "cursor": entry.cursor} for entry in page],
        "pageInfo": {
            "hasNextPage": has_next,
            "hasPreviousPage": has_previous,
            "startCursor": page[0].cursor if page else None,
            "endCursor": page[-1].cursor if page else None,
        },
        "totalCount": total,
    }
