"""Makes passes with the openssl program: good ones, and ones with a planted fault."""

import hashlib
import io
import json
import subprocess
import zipfile
import zlib
from copy import deepcopy
from pathlib import Path
from typing import Any

Files = dict[str, bytes]


def png(width: int = 29, height: int = 29) -> bytes:
    """Return a grey PNG."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return len(data).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")

    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 0, 0, 0, 0])
    pixels = zlib.compress((b"\0" + b"\x80" * width) * height)
    start = b"\x89PNG\r\n\x1a\n"
    return start + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


GOOD: dict[str, Any] = {
    "formatVersion": 1,
    "passTypeIdentifier": "pass.com.example.encore",
    "teamIdentifier": "ENCORE1234",
    "serialNumber": "alice-000000000001",
    "organizationName": "Aurora",
    "description": "Aurora loyalty card",
    "logoText": "Aurora",
    "authenticationToken": "0123456789abcdef0123",
    "backgroundColor": "rgb(24, 60, 52)",
    "foregroundColor": "rgb(255, 255, 255)",
    "labelColor": "rgb(190, 220, 210)",
    "barcodes": [{"format": "PKBarcodeFormatQR", "message": "m1.ALICE", "altText": "ALICE",
                  "messageEncoding": "iso-8859-1"}],
    "locations": [{"latitude": 59.91, "longitude": 10.75, "relevantText": "Aurora is near"}],
    "storeCard": {
        "headerFields": [{"key": "balance", "label": "Points", "value": "100",
                          "changeMessage": "You now have %@ points"}],
        "secondaryFields": [{"key": "tier", "label": "Tier", "value": "Silver",
                             "changeMessage": "You are %@ now"}],
        "backFields": [{"key": "note", "label": "Note", "value": "Welcome"}],
    },
}  # fmt: skip


def content(url: str | None = None, **changes: Any) -> dict[str, Any]:
    """Return a good pass.json, with top-level keys replaced; None leaves one out."""
    made = deepcopy(GOOD) | {"webServiceURL": url or "https://aurora.example.com/passkit/a"}
    made |= changes
    return {key: value for key, value in made.items() if value is not None}


def set_field(made: dict[str, Any], key: str, **changes: Any) -> dict[str, Any]:
    """Change one field of the store card in place, and return the pass.json."""
    for group in made["storeCard"].values():
        for field in group:
            if field["key"] == key:
                field.update(changes)
    return made


def build(directory: Path, made: dict[str, Any], *, signer: str = "pass",
          chain: str = "wwdr", options: tuple[str, ...] = (), extra: Files | None = None,
          after_manifest: Files | None = None, without: tuple[str, ...] = ()) -> bytes:  # fmt: skip
    """Return a signed bundle.

    `extra` files are in the manifest, `after_manifest` files are slipped in behind its back, files
    `without` are taken out after it was made. `chain` names the certificate that travels with
    the signer's ('': none), `options` go to `openssl cms -sign`.
    """
    files = {"pass.json": json.dumps(made).encode(), "icon.png": png()} | (extra or {})
    manifest = {name: hashlib.sha1(data).hexdigest() for name, data in files.items()}
    files["manifest.json"] = json.dumps(manifest).encode()
    files["signature"] = sign(directory, files["manifest.json"], signer, chain, options)
    files |= after_manifest or {}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in files.items():
            if name not in without:
                archive.writestr(name, data)
    return packed.getvalue()


def sign(directory: Path, data: bytes, signer: str, chain: str,
         options: tuple[str, ...]) -> bytes:  # fmt: skip
    """Return openssl's DER signature over `data`: detached, unless the options say otherwise."""
    certfile = ("-certfile", f"{directory}/{chain}.pem") if chain else ()
    return subprocess.run(
        ["openssl", "cms", "-sign", "-binary", "-md", "sha256", "-outform", "DER",
         "-signer", f"{directory}/{signer}.pem", "-inkey", f"{directory}/{signer}.key",
         *certfile, *options],
        input=data, capture_output=True, check=True,
    ).stdout  # fmt: skip
