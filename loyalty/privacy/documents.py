"""What is held of a person, to take away: one JSON document, or a zip of CSV sheets."""

import base64
import csv
import io
import json
import re
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

Held = Mapping[str, Sequence[Mapping[str, Any]]]
"""Title of a part → its rows, column by column; parts without rows are there and empty."""

_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def to_json(document: Mapping[str, Any]) -> str:
    """The document as a person can read it. Raises TypeError for what has no place in one."""
    return json.dumps(document, default=plain, ensure_ascii=False, indent=2)


def to_zip(held: Held) -> bytes:
    """A sheet for each part that has rows, as Excel and Sheets open it: UTF-8 with a mark."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for title, rows in held.items():
            if rows:
                archive.writestr(f"{_file_name(title)}.csv", _sheet(rows))
    return buffer.getvalue()


def plain(value: object) -> object:
    """A value of a row as JSON has it: times in ISO 8601, bytes in base64."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, UUID | Decimal):
        return str(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} has no place in a document")


def _file_name(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


def _sheet(rows: Sequence[Mapping[str, Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(rows[0].keys())
    for row in rows:
        writer.writerow([_cell(value) for value in row.values()])
    return text.getvalue().encode("utf-8-sig")


def _cell(value: Any) -> object:
    """A number stays one; a text that begins like a formula is shown as text."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, dict | list):
        value = json.dumps(value, default=plain, ensure_ascii=False)
    text = value if isinstance(value, str) else str(plain(value))
    is_number = isinstance(value, Decimal)
    return f"'{text}" if text.startswith(_FORMULAS) and not is_number else text
