"""What Google refuses beyond types: missing fields, foreign ids, limits named in descriptions.

Invariant: a resource that passes can be stored as it is.
"""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from sandbox.google.discovery_document import find_violations, list_required
from sandbox.google.refusals import Refusal
from sandbox.google.store import Store

# Set by the platform: ignored when a client sends them.
_OUTPUT_ONLY = ("hasUsers", "hasLinkedDevice", "classReference", "kind", "version", "review")
_LIMITS = {"merchantLocations": 10, "messages": 10, "valueAddedModuleData": 15}
_ID = re.compile(r"[A-Za-z0-9._-]+")
_LOCAL = ("localhost", "127.0.0.1")
_BALANCES = ("string", "int", "double", "money")


def check_fields(kind: str, content: Any) -> dict[str, Any]:
    """`content` without what only the platform sets. Raises Refusal for unknown or wrong fields."""
    violations = list(find_violations(kind, content))
    if violations:
        raise Refusal(400, violations[0][1], fields=violations)
    return {name: value for name, value in content.items() if name not in _OUTPUT_ONLY}


def check_resource(kind: str, content: dict[str, Any], issuer_id: str, store: Store) -> None:
    """Refuse a whole resource that Google would not keep."""
    missing = [name for name in list_required(kind) if not content.get(name)]
    if missing:
        fields = [(name, "Required field is missing.") for name in missing]
        raise Refusal(400, f"Missing required field: {missing[0]}", fields=fields)
    check_id(content["id"], issuer_id)
    problems = list(_problems(kind, content))
    if problems:
        raise Refusal(400, problems[0][1], fields=problems)
    if kind == "LoyaltyObject":
        check_id(content["classId"], issuer_id)
        if store.find("LoyaltyClass", content["classId"]) is None:
            words = f"Wallet Object Class {content['classId']} not found."
            raise Refusal(404, words, reason="classNotFound")


def check_id(resource_id: str, issuer_id: str) -> None:
    """Refuse an id that is not `issuer.identifier`, or of another issuer."""
    issuer, _, identifier = resource_id.partition(".")
    if not issuer.isdigit() or not _ID.fullmatch(identifier):
        raise Refusal(400, f"Invalid resource ID: {resource_id}.")
    if issuer != issuer_id:
        raise Refusal(403, "Permission Denied")


def _problems(kind: str, content: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, most in _LIMITS.items():
        if len(content.get(name, ())) > most:
            yield name, f"There is a maximum of {most} {name}."
    for index, place in enumerate(content.get("merchantLocations", ())):
        if not _is_on_earth(place):
            yield f"merchantLocations[{index}]", "Latitude or longitude out of bounds."
    for index, link in enumerate(content.get("linksModuleData", {}).get("uris", ())):
        if not urlsplit(link.get("uri", "")).scheme:
            yield f"linksModuleData.uris[{index}]", "URIs must have a scheme."
    yield from (_class_problems if kind == "LoyaltyClass" else _object_problems)(content)


def _class_problems(content: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if content["reviewStatus"] not in ("UNDER_REVIEW", "underReview", "DRAFT", "draft"):
        yield "reviewStatus", f"Invalid review status: {content['reviewStatus']}."
    logo = content["programLogo"].get("sourceUri", {}).get("uri", "")
    if urlsplit(logo).scheme not in ("http", "https"):
        yield "programLogo.sourceUri.uri", "URIs must have a scheme."
    callback = content.get("callbackOptions", {}).get("url")
    if callback is not None and not _is_reachable(callback):
        yield "callbackOptions.url", "The URL should be hosted on HTTPS."


def _object_problems(content: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name in ("loyaltyPoints", "secondaryLoyaltyPoints"):
        if name in content and len(content[name].get("balance", {}).keys() & set(_BALANCES)) != 1:
            yield f"{name}.balance", "Exactly one form of balance must be set."


def _is_on_earth(place: dict[str, Any]) -> bool:
    latitude, longitude = place.get("latitude"), place.get("longitude")
    if latitude is None or longitude is None:
        return False
    return -90 <= latitude <= 90 and -180 <= longitude <= 180


def _is_reachable(url: str) -> bool:
    """HTTPS; here on one machine plain HTTP will do, and nowhere else."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOCAL)
