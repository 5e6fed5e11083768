"""Keyed digests of what people type: too short to be kept in a form that can be guessed at."""

import hmac


def digest_of(secret: bytes, purpose: str, shop_id: int, text: str) -> bytes:
    """32 bytes that only who has the app's secret can make; of another shop or purpose, others."""
    said = f"encore till {purpose}\0{shop_id}\0{text}".encode()
    return hmac.digest(secret, said, "sha256")
