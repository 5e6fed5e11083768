"""A store card as Apple describes it, in the shape of `passbook.models`.

Attribute names are Apple's own keys, so pass.json is these objects written
down. Every field value is a string: the text shown is the text we chose.
"""

# Apple's keys are camelCase: https://developer.apple.com/documentation/walletpasses/pass
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from wallet.apple.pkpass import Artwork, pack
from wallet.apple.signing import Signer

QR = "PKBarcodeFormatQR"
CODE_128 = "PKBarcodeFormatCode128"


@dataclass(slots=True)
class Field:
    """One labelled text. `changeMessage` notifies when `value` differs from the device's copy."""

    key: str
    value: str
    label: str = ""
    changeMessage: str = ""

    def json_dict(self) -> dict[str, Any]:
        """What pass.json holds for this field."""
        return _filled(self, "key", "value", "label", "changeMessage")


@dataclass(slots=True)
class Barcode:
    """What the till scans; `altText` is printed below for typing by hand."""

    message: str
    format: str = QR
    altText: str = ""
    messageEncoding: str = "iso-8859-1"

    def json_dict(self) -> dict[str, Any]:
        """What pass.json holds for this barcode."""
        return _filled(self, "format", "message", "messageEncoding", "altText")


@dataclass(slots=True)
class Location:
    """A place near which the lock screen suggests the pass. Degrees, WGS 84."""

    latitude: float
    longitude: float
    relevantText: str = ""

    def json_dict(self) -> dict[str, Any]:
        """What pass.json holds for this place."""
        return _filled(self, "latitude", "longitude", "relevantText")


@dataclass(slots=True)
class StoreCard:
    """The five groups of fields of a loyalty card."""

    headerFields: list[Field] = field(default_factory=list)
    primaryFields: list[Field] = field(default_factory=list)
    secondaryFields: list[Field] = field(default_factory=list)
    auxiliaryFields: list[Field] = field(default_factory=list)
    backFields: list[Field] = field(default_factory=list)

    jsonname = "storeCard"

    def addHeaderField(self, key: str, value: str, label: str = "") -> Field:
        """Add to the top right, the only place visible in a stack of passes."""
        return _added(self.headerFields, key, value, label)

    def addPrimaryField(self, key: str, value: str, label: str = "") -> Field:
        """Add to the large text over the strip."""
        return _added(self.primaryFields, key, value, label)

    def addSecondaryField(self, key: str, value: str, label: str = "") -> Field:
        """Add to the first row below."""
        return _added(self.secondaryFields, key, value, label)

    def addAuxiliaryField(self, key: str, value: str, label: str = "") -> Field:
        """Add to the second row below."""
        return _added(self.auxiliaryFields, key, value, label)

    def addBackField(self, key: str, value: str, label: str = "") -> Field:
        """Add to the back of the pass, where links and long texts are."""
        return _added(self.backFields, key, value, label)

    def json_dict(self) -> dict[str, Any]:
        """What pass.json holds for the groups that have fields."""
        groups = ("headerFields", "primaryFields", "secondaryFields", "auxiliaryFields")
        named = {name: getattr(self, name) for name in (*groups, "backFields")}
        return {name: [f.json_dict() for f in fields] for name, fields in named.items() if fields}


@dataclass(slots=True)
class Pass:
    """A whole pass: the card, who issues it, how it updates and how it looks."""

    passInformation: StoreCard
    passTypeIdentifier: str
    organizationName: str
    teamIdentifier: str
    serialNumber: str = ""
    description: str = ""
    authenticationToken: str = ""
    webServiceURL: str = ""
    logoText: str = ""
    foregroundColor: str = ""
    backgroundColor: str = ""
    labelColor: str = ""
    barcode: Barcode | None = None
    locations: list[Location] = field(default_factory=list)
    maxDistance: int | None = None
    sharingProhibited: bool = False
    voided: bool = False
    files: dict[str, bytes] = field(default_factory=dict)

    def addFile(self, name: str, content: bytes) -> None:
        """Add an image under the name that Apple knows it by, such as `icon@2x.png`."""
        self.files[name] = content

    def json_dict(self) -> dict[str, Any]:
        """pass.json as an object; empty values are left out."""
        plain = _filled(self, *_PLAIN_KEYS)
        if self.barcode:
            plain["barcodes"] = [self.barcode.json_dict()]
        if self.locations:
            plain["locations"] = [place.json_dict() for place in self.locations]
        return {"formatVersion": 1, **plain, "storeCard": self.passInformation.json_dict()}

    def json_bytes(self) -> bytes:
        """pass.json as it stands in the file."""
        return json.dumps(self.json_dict(), ensure_ascii=False, separators=(",", ":")).encode()

    def create(self, signer: Signer, at: datetime, artwork: Artwork | None = None) -> bytes:
        """The signed .pkpass; `artwork` saves hashing the same images for every pass.

        Raises ApplePassError when the pass and its certificate do not belong together.
        """
        signer.require_identity(self.passTypeIdentifier, self.teamIdentifier)
        return pack(self.json_bytes(), artwork or Artwork(self.files), signer, at)


_PLAIN_KEYS = (
    "passTypeIdentifier",
    "teamIdentifier",
    "organizationName",
    "serialNumber",
    "description",
    "authenticationToken",
    "webServiceURL",
    "logoText",
    "foregroundColor",
    "backgroundColor",
    "labelColor",
    "maxDistance",
    "sharingProhibited",
    "voided",
)


def _filled(source: object, *names: str) -> dict[str, Any]:
    values: Mapping[str, Any] = {name: getattr(source, name) for name in names}
    # Zero is a latitude; only what was left empty goes.
    return {name: value for name, value in values.items() if value not in ("", None, False)}


def _added(group: list[Field], key: str, value: str, label: str) -> Field:
    added = Field(key, value, label)
    group.append(added)
    return added
