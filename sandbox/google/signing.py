"""Keys and signatures of the callbacks, as ECv2SigningOnly has them. Made at each start.

A root key signs an intermediate key, which signs the message; every part that is signed stands
behind its length in bytes.
"""

import base64
import json
import struct
import time
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

SENDER = "GooglePayPasses"
PROTOCOL = "ECv2SigningOnly"
WEEK_S = 7 * 24 * 3600


def _new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@dataclass
class Keyring:
    """A root key and the intermediate key it signed."""

    root: ec.EllipticCurvePrivateKey = field(default_factory=_new_key)
    intermediate: ec.EllipticCurvePrivateKey = field(default_factory=_new_key)

    def public_keys(self) -> dict[str, Any]:
        """What `/gp/m/issuer/keys` answers."""
        return {
            "keys": [
                {
                    "keyValue": _public(self.root),
                    "protocolVersion": PROTOCOL,
                    "keyExpiration": _in_milliseconds(52 * WEEK_S),
                }
            ]
        }

    def sign(
        self, message: dict[str, Any], recipient: str, *, key_lives_s: float = WEEK_S
    ) -> dict[str, Any]:
        """The signed envelope of `message` for the issuer `recipient`."""
        signed_key = json.dumps(
            {"keyValue": _public(self.intermediate), "keyExpiration": _in_milliseconds(key_lives_s)}
        )
        signed_message = json.dumps(message, ensure_ascii=False)
        key_signature = _sign(self.root, SENDER, PROTOCOL, signed_key)
        return {
            "signature": _sign(self.intermediate, SENDER, recipient, PROTOCOL, signed_message),
            "intermediateSigningKey": {"signedKey": signed_key, "signatures": [key_signature]},
            "protocolVersion": PROTOCOL,
            "signedMessage": signed_message,
        }


def _sign(key: ec.EllipticCurvePrivateKey, *parts: str) -> str:
    signed = b""
    for part in parts:
        encoded = part.encode("utf-8")
        signed += struct.pack("<I", len(encoded)) + encoded
    return base64.b64encode(key.sign(signed, ec.ECDSA(hashes.SHA256()))).decode()


def _public(key: ec.EllipticCurvePrivateKey) -> str:
    der = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return base64.b64encode(der).decode()


def _in_milliseconds(seconds: float) -> str:
    return str(int((time.time() + seconds) * 1000))
