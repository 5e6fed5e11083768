"""Encryption at rest: the first key encrypts, each listed key decrypts, so that keys can rotate."""

from functools import lru_cache

from cryptography.fernet import Fernet, MultiFernet

from shopify_app.platform.settings import current


def encrypt(text: str) -> bytes:
    """`text` under the newest key."""
    return _box(current().encryption_keys.get_secret_value()).encrypt(text.encode())


def decrypt(sealed: bytes) -> str:
    """What `encrypt` was given; InvalidToken when no listed key fits."""
    return _box(current().encryption_keys.get_secret_value()).decrypt(sealed).decode()


@lru_cache(maxsize=4)
def _box(keys: str) -> MultiFernet:
    return MultiFernet([Fernet(key.strip()) for key in keys.split(",") if key.strip()])
