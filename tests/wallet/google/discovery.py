"""Google's discovery document as strict JSON Schema: nothing that it does not describe."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator


@lru_cache
def validator(document: Path, schema: str) -> Draft202012Validator:
    """A validator of one of the document's schemas."""
    described = json.loads(document.read_text())["schemas"]
    strict = {name: _object(rule) for name, rule in described.items()}
    required = [
        name
        for name, rule in described[schema]["properties"].items()
        if rule.get("description", "").startswith("Required")
    ]
    root = strict[schema] | {"required": required, "$defs": strict}
    return Draft202012Validator(root)


def _object(rule: dict[str, Any]) -> dict[str, Any]:
    properties = {name: _value(value) for name, value in rule["properties"].items()}
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _value(rule: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in rule:
        return {"$ref": f"#/$defs/{rule['$ref']}"}
    if rule["type"] == "array":
        return {"type": "array", "items": _value(rule["items"])}
    value: dict[str, Any] = {"type": rule["type"]}
    if "enum" in rule:
        value["enum"] = rule["enum"]
    if rule.get("format") == "int64":
        value["pattern"] = "^-?[0-9]{1,19}$"
    if rule.get("format") == "int32":
        value |= {"minimum": -(2**31), "maximum": 2**31 - 1}
    return value
