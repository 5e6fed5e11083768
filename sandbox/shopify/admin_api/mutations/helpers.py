"""What mutations share: finding the record that is meant, and telling a refusal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from ...clock import parse_time
from ...store.refunding import RefusedChange
from ..context import Context
from ..errors import refuse
from ..types.roots import record


def wanted(context: Context, gid: str, typename: str, field: list[str] | None = None) -> Any:
    """The record of this type, else userErrors as Shopify's."""
    found = record(context, gid)
    if found is None or found.typename != typename:
        if typename == "DiscountCodeNode":
            raise refuse("Code discount does not exist.", field or ["id"], "INVALID")
        raise refuse(f"{typename} does not exist", field or ["id"], "NOT_FOUND")
    return found


@contextmanager
def telling(prefix: list[str] | None = None, code: str | None = None) -> Iterator[None]:
    """Turn the store's refusal into userErrors."""
    try:
        yield
    except RefusedChange as refused:
        field = refused.field
        if prefix and field is not None:
            field = [*prefix, *field]
        raise refuse(refused.message, field, refused.code or code) from refused


def moment(value: str | None) -> datetime | None:
    """A DateTime argument."""
    if value is None:
        return None
    try:
        return parse_time(value)
    except ValueError:
        raise refuse(f"{value} is not a valid DateTime", None, "INVALID") from None


def number(gid: str | None) -> int | None:
    """The bare number of a gid, or None."""
    tail = (gid or "").rpartition("/")[2]
    return int(tail) if tail.isdigit() else None
