"""Reads pass.json against Apple's Wallet Passes reference, key by key.

Invariant: it never raises: whatever JSON comes in, a list of problems comes out.
https://developer.apple.com/documentation/walletpasses/pass
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import SplitResult, urlsplit

from sandbox.apple.passfields import field_problems
from sandbox.apple.problems import Problem

STYLES = ("boardingPass", "coupon", "eventTicket", "generic", "storeCard")
REQUIRED_STRINGS = (
    "passTypeIdentifier", "serialNumber", "teamIdentifier", "organizationName", "description",
)  # fmt: skip
BARCODE_FORMATS = {f"PKBarcodeFormat{name}" for name in ("QR", "PDF417", "Aztec", "Code128")}
LOCATIONS_MAX = 10
NFC_MESSAGE_BYTES_MAX = 64
TOKEN_CHARS_MIN = 16
LOCAL_HOSTS = {"localhost", "127.0.0.1", "::1"}
COLOUR = re.compile(r"rgb\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\)")
W3C_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)")

Json = dict[str, Any]


def problems_in(content: Json) -> list[Problem]:
    """Return everything in pass.json that Wallet refuses."""
    checks: tuple[Callable[[Json], Iterator[Problem]], ...] = (
        _required, _web_service, _barcodes, _places, _nfc, _kinds, _colours_and_dates,
    )  # fmt: skip
    problems = [problem for check in checks for problem in check(content)]
    style = style_of(content)
    return problems + (field_problems(content[style]) if style else [])


def style_of(content: Json) -> str | None:
    """Return the key of the pass's one style, or None."""
    styles = [style for style in STYLES if isinstance(content.get(style), dict)]
    return styles[0] if len(styles) == 1 else None


def _required(content: Json) -> Iterator[Problem]:
    if content.get("formatVersion") != 1 or isinstance(content.get("formatVersion"), bool):
        yield Problem("format_version", "formatVersion must be the number 1")
    for key in REQUIRED_STRINGS:
        if not isinstance(content.get(key), str) or not content[key].strip():
            yield Problem("key_missing", f"{key} must be a string with content")
    if not str(content.get("passTypeIdentifier", "")).startswith("pass."):
        yield Problem("pass_type_id", "passTypeIdentifier must start with 'pass.'")
    if style_of(content) is None:
        yield Problem("style", f"exactly one of {', '.join(STYLES)} must be a dictionary")


def _web_service(content: Json) -> Iterator[Problem]:
    url, token = content.get("webServiceURL"), content.get("authenticationToken")
    if url is None and token is None:
        return  # a pass that never changes
    if not isinstance(token, str) or len(token) < TOKEN_CHARS_MIN:
        yield Problem("authentication_token", "authenticationToken must have 16 characters")
    parts = _split(url)
    is_local_http = parts.scheme == "http" and parts.hostname in LOCAL_HOSTS
    if not parts.hostname or not (parts.scheme == "https" or is_local_http):
        yield Problem("web_service_url", "webServiceURL must be https (http on localhost only)")


def _barcodes(content: Json) -> Iterator[Problem]:
    barcodes = content.get("barcodes", [])
    old = [content["barcode"]] if "barcode" in content else []
    if not isinstance(barcodes, list):
        yield Problem("barcodes", "barcodes must be a list")
        return
    for barcode in [*barcodes, *old]:
        if not isinstance(barcode, dict) or barcode.get("format") not in BARCODE_FORMATS:
            yield Problem("barcode_format", f"format must be one of {sorted(BARCODE_FORMATS)}")
            continue
        for key in ("message", "messageEncoding"):
            if not isinstance(barcode.get(key), str) or not barcode[key]:
                yield Problem("barcode", f"{key} must be a string with content")
        if not isinstance(barcode.get("altText", ""), str):
            yield Problem("barcode", "altText must be a string")
    if old and isinstance(old[0], dict) and old[0].get("format") == "PKBarcodeFormatCode128":
        yield Problem("barcode_format", "'barcode' knows no Code128; 'barcodes' does")


def _places(content: Json) -> Iterator[Problem]:
    for key, needs in (("locations", ("latitude", "longitude")), ("beacons", ())):
        places = content.get(key, [])
        if not isinstance(places, list) or not all(isinstance(place, dict) for place in places):
            yield Problem(key, f"{key} must be a list of dictionaries")
            continue
        if len(places) > LOCATIONS_MAX:
            yield Problem(key, f"{len(places)} {key}: at most {LOCATIONS_MAX}")
        for place in places:
            if not all(_is_number(place.get(need)) for need in needs):
                yield Problem(key, "latitude and longitude must be numbers")
            elif needs and not (abs(place["latitude"]) <= 90 and abs(place["longitude"]) <= 180):
                yield Problem(key, "latitude or longitude is off the globe")
            if not isinstance(place.get("relevantText", ""), str):
                yield Problem(key, "relevantText must be a string")


def _nfc(content: Json) -> Iterator[Problem]:
    nfc = content.get("nfc")
    if nfc is None:
        return
    message = nfc.get("message") if isinstance(nfc, dict) else None
    if not isinstance(message, str) or not 0 < len(message.encode()) <= NFC_MESSAGE_BYTES_MAX:
        yield Problem("nfc", "nfc.message must have 1 to 64 bytes")
    try:
        key = base64.b64decode(nfc.get("encryptionPublicKey", "-"), validate=True)
    except (AttributeError, TypeError, ValueError, binascii.Error):
        key = b""
    if not key:
        yield Problem("nfc", "nfc.encryptionPublicKey must be base64")


def _kinds(content: Json) -> Iterator[Problem]:
    for key in ("voided", "sharingProhibited", "suppressStripShine"):
        if key in content and not isinstance(content[key], bool):
            yield Problem("kind", f"{key} must be true or false")
    for key in ("logoText", "groupingIdentifier", "appLaunchURL"):
        if key in content and not isinstance(content[key], str):
            yield Problem("kind", f"{key} must be a string")
    distance = content.get("maxDistance", 1)
    if not _is_number(distance) or distance <= 0:
        yield Problem("kind", "maxDistance must be a number of metres above zero")
    for key in ("relevantDates", "associatedStoreIdentifiers"):
        if key in content and not isinstance(content[key], list):
            yield Problem("kind", f"{key} must be a list")


def _colours_and_dates(content: Json) -> Iterator[Problem]:
    for key in ("backgroundColor", "foregroundColor", "labelColor"):
        if key not in content:
            continue
        found = COLOUR.fullmatch(str(content[key]).strip())
        if not found or any(int(part) > 255 for part in found.groups()):
            yield Problem("colour", f"{key} must look like rgb(23, 187, 82)")
    for key in ("expirationDate", "relevantDate"):
        if key in content and not W3C_DATE.fullmatch(str(content[key])):
            yield Problem("date", f"{key} must be a W3C date with a time and a zone")


def _split(url: Any) -> SplitResult:
    try:
        return urlsplit(url if isinstance(url, str) else "")
    except ValueError:
        return urlsplit("")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
