"""The .pkpass archive: images stored with cached hashes, then pass.json, manifest and signature.

Same input, same bytes, except for the signature's time: no clock is read here.
"""

import hashlib
import json
import zlib
from collections.abc import Mapping
from datetime import datetime
from struct import pack as pack_struct

from wallet.apple.signing import Signer

MEDIA_TYPE = "application/vnd.apple.pkpass"

_VERSION = 20
_UNIX = 3 << 8
_FIRST_OF_JANUARY_1980 = 0x21
_PLAIN_FILE = 0o100644 << 16


class Artwork:
    """The images of one design, hashed and laid out once for all passes that carry them."""

    def __init__(self, images: Mapping[str, bytes]) -> None:
        self.digests = {name: _sha1(content) for name, content in images.items()}
        self._archive = _Archive()
        for name, content in images.items():
            # Stored, not deflated: PNGs do not shrink, and trying took ten milliseconds a pass.
            self._archive = self._archive.with_file(name, content)

    def begin(self) -> "_Archive":
        """An archive that has the images and awaits the rest."""
        return self._archive


def pack(pass_json: bytes, artwork: Artwork, signer: Signer, at: datetime) -> bytes:
    """The bytes of a .pkpass that holds `pass_json` and `artwork`, signed as of `at`."""
    digests = artwork.digests | {"pass.json": _sha1(pass_json)}
    manifest = json.dumps(digests, separators=(",", ":")).encode()
    archive = artwork.begin().with_file("pass.json", pass_json)
    archive = archive.with_file("manifest.json", manifest)
    return archive.with_file("signature", signer.sign(manifest, at)).close()


def _sha1(content: bytes) -> str:
    # Apple's manifest is defined on SHA-1; the signature over it is SHA-256.
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()


class _Archive:
    """A ZIP under construction, immutable, so that many can begin from one."""

    __slots__ = ("_count", "_directory", "_parts", "_size")

    def __init__(
        self, parts: tuple[bytes, ...] = (), size: int = 0, directory: bytes = b"", count: int = 0
    ) -> None:
        self._parts, self._size, self._directory, self._count = parts, size, directory, count

    def with_file(self, name: str, content: bytes) -> "_Archive":
        label, length = name.encode("ascii"), len(content)
        # Flags, method (stored), time, date; then CRC, both sizes, lengths of name and extra.
        stamp = (0, 0, 0, _FIRST_OF_JANUARY_1980)
        facts = (*stamp, zlib.crc32(content), length, length, len(label), 0)
        local = pack_struct("<4s5H3L2H", b"PK\x03\x04", _VERSION, *facts) + label
        versions = (b"PK\x01\x02", _UNIX | _VERSION, _VERSION)
        where = (0, 0, 0, _PLAIN_FILE, self._size)
        entry = pack_struct("<4s6H3L5H2L", *versions, *facts, *where) + label
        return _Archive(
            (*self._parts, local, content),
            self._size + len(local) + length,
            self._directory + entry,
            self._count + 1,
        )

    def close(self) -> bytes:
        totals = (0, 0, self._count, self._count, len(self._directory), self._size, 0)
        end = pack_struct("<4s4H2LH", b"PK\x05\x06", *totals)
        # Joined once: copying the images at each step cost as much as the signature.
        return b"".join((*self._parts, self._directory, end))
