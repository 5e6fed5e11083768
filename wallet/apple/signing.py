"""Detached CMS signatures for pass manifests, SHA-256, with leaf and WWDR inside.

The DER is put together by hand around precomputed pieces, so that a signature
costs little more than its RSA operation. Shape: RFC 5652 section 5.
"""

import hashlib
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509.oid import NameOID

from wallet.errors import ApplePassError

_SEQUENCE, _SET, _INTEGER, _OCTETS, _UTC_TIME, _CONTEXT_0 = 0x30, 0x31, 0x02, 0x04, 0x17, 0xA0
_DATA = bytes.fromhex("06092a864886f70d010701")
_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
_CONTENT_TYPE = bytes.fromhex("06092a864886f70d010903")
_MESSAGE_DIGEST = bytes.fromhex("06092a864886f70d010904")
_SIGNING_TIME = bytes.fromhex("06092a864886f70d010905")
_SHA256 = bytes.fromhex("300d06096086480165030402010500")
_RSA = bytes.fromhex("300d06092a864886f70d0101010500")


class Signer:
    """Signs manifests with one Pass Type ID certificate. Safe to share between threads."""

    def __init__(
        self, leaf: x509.Certificate, key: rsa.RSAPrivateKey, wwdr: x509.Certificate
    ) -> None:
        _require_chain(leaf, key, wwdr)
        self._key = key
        self.pass_type_id = _subject(leaf, NameOID.USER_ID)
        self.team_id = _subject(leaf, NameOID.ORGANIZATIONAL_UNIT_NAME)
        self.not_valid_after = leaf.not_valid_after_utc
        certificates = sorted(c.public_bytes(Encoding.DER) for c in (leaf, wwdr))
        self._head = (
            _integer(1)
            + _tlv(_SET, _SHA256)
            + _tlv(_SEQUENCE, _DATA)  # encapContentInfo without content: the signature is detached
            + _tlv(_CONTEXT_0, *certificates)
        )
        serial = _integer(leaf.serial_number)
        self._signer_head = (
            _integer(1) + _tlv(_SEQUENCE, leaf.issuer.public_bytes(), serial) + _SHA256
        )

    def sign(self, content: bytes, at: datetime) -> bytes:
        """The DER of a detached CMS over `content`, with signing time `at` (aware)."""
        attributes = _signed_attributes(hashlib.sha256(content).digest(), at)
        # Signed as a SET, stored as [0] IMPLICIT: RFC 5652 section 5.4.
        signature = self._key.sign(_tlv(_SET, attributes), padding.PKCS1v15(), hashes.SHA256())
        signer_info = _tlv(
            _SEQUENCE,
            self._signer_head,
            _tlv(_CONTEXT_0, attributes),
            _RSA,
            _tlv(_OCTETS, signature),
        )
        signed_data = _tlv(_SEQUENCE, self._head, _tlv(_SET, signer_info))
        return _tlv(_SEQUENCE, _SIGNED_DATA, _tlv(_CONTEXT_0, signed_data))

    def require_identity(self, pass_type_id: str, team_id: str) -> None:
        """Raise ApplePassError unless this certificate may sign such a pass."""
        if (pass_type_id, team_id) != (self.pass_type_id, self.team_id):
            raise ApplePassError(
                f"the certificate is for {self.pass_type_id} of team {self.team_id}, "
                f"not for {pass_type_id} of team {team_id}"
            )


@lru_cache(maxsize=8)
def load_signer(cert_file: Path, key_file: Path, wwdr_file: Path) -> Signer:
    """The signer of these PEM files, read and validated once per process.

    Raises ApplePassError when a file is missing or they do not belong together.
    """
    try:
        # Validating an RSA key costs as much as a hundred signatures: hence the cache.
        key = load_pem_private_key(key_file.read_bytes(), password=None)
        leaf = x509.load_pem_x509_certificate(cert_file.read_bytes())
        wwdr = x509.load_pem_x509_certificate(wwdr_file.read_bytes())
    except (OSError, ValueError, TypeError) as error:
        raise ApplePassError(f"cannot read the Apple pass certificate: {error}") from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ApplePassError("Apple's pass certificates have RSA keys; this key is not one")
    return Signer(leaf, key, wwdr)


def _require_chain(leaf: x509.Certificate, key: rsa.RSAPrivateKey, wwdr: x509.Certificate) -> None:
    if leaf.public_key() != key.public_key():
        raise ApplePassError("the private key does not belong to the pass certificate")
    try:
        leaf.verify_directly_issued_by(wwdr)
    except (ValueError, TypeError, InvalidSignature) as error:
        raise ApplePassError("the WWDR certificate did not issue the pass certificate") from error


def _subject(leaf: x509.Certificate, oid: x509.ObjectIdentifier) -> str:
    values = leaf.subject.get_attributes_for_oid(oid)
    if not values:
        raise ApplePassError(f"the pass certificate's subject has no {oid._name}")
    return str(values[0].value)


def _signed_attributes(digest: bytes, at: datetime) -> bytes:
    moment = at.astimezone(UTC).strftime("%y%m%d%H%M%SZ").encode()
    attributes = (
        _tlv(_SEQUENCE, _CONTENT_TYPE, _tlv(_SET, _DATA)),
        _tlv(_SEQUENCE, _SIGNING_TIME, _tlv(_SET, _tlv(_UTC_TIME, moment))),
        _tlv(_SEQUENCE, _MESSAGE_DIGEST, _tlv(_SET, _tlv(_OCTETS, digest))),
    )
    return b"".join(sorted(attributes))  # DER orders the members of a SET OF by their bytes


def _integer(value: int) -> bytes:
    return _tlv(_INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _tlv(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    size = len(body)
    if size < 0x80:
        return bytes((tag, size)) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + body
