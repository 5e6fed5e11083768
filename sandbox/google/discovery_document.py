"""Google's discovery document as a strict check: what it does not describe is refused.

Invariant: the rules are read from the document, never written here by hand.
"""

import json
import math
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

DOCUMENT = Path(__file__).parent / "discovery" / "walletobjects.v1.json"
_RANGES = {"int32": (-(2**31), 2**31), "uint32": (0, 2**32), "int64": (-(2**63), 2**63)}
_RANGES["uint64"] = (0, 2**64)


def find_violations(schema: str, content: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """(field, what is wrong) for all that the document does not allow in `content`."""
    if not isinstance(content, dict):
        yield path, f"Expected an object of {schema}."
        return
    fields = _schemas()[schema]["properties"]
    for name, value in content.items():
        where = f"{path}.{name}" if path else name
        if name not in fields:
            yield where, f'Invalid JSON payload received. Unknown name "{name}": Cannot find field.'
        else:
            yield from _check(fields[name], value, where)


def list_required(schema: str) -> list[str]:
    """The fields that the document's own descriptions call required."""
    fields = _schemas()[schema]["properties"]
    return [name for name in fields if fields[name].get("description", "").startswith("Required")]


def _check(rule: dict[str, Any], value: Any, where: str) -> Iterator[tuple[str, str]]:
    if "$ref" in rule:
        yield from find_violations(rule["$ref"], value, where)
    elif rule["type"] == "array":
        if not isinstance(value, list):
            yield where, "Expected a list."
            return
        for index, item in enumerate(value):
            yield from _check(rule["items"], item, f"{where}[{index}]")
    elif not _is_scalar(rule, value):
        yield where, f"Invalid value ({rule.get('format', rule['type'])}): {json.dumps(value)[:80]}"


def _is_scalar(rule: dict[str, Any], value: Any) -> bool:
    kind, form = rule["type"], rule.get("format")
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "number":
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return is_number and math.isfinite(value)
    if kind == "integer":
        is_whole = isinstance(value, int) and not isinstance(value, bool)
        return is_whole and _in_range(value, form)
    if not isinstance(value, str):
        return False
    if "enum" in rule:
        return value in rule["enum"]
    return form not in ("int64", "uint64") or (_is_digits(value) and _in_range(int(value), form))


def _in_range(value: int, form: str | None) -> bool:
    low, high = _RANGES[form or "int32"]
    return low <= value < high


def _is_digits(text: str) -> bool:
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdigit() and len(digits) <= 20


@lru_cache(maxsize=1)
def _schemas() -> dict[str, Any]:
    schemas: dict[str, Any] = json.loads(DOCUMENT.read_text())["schemas"]
    return schemas
