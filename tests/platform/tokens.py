"""Session tokens as Shopify would sign them, and others that it would not."""

import time
from typing import Any

import jwt

CLIENT_ID = "encore-test-client-id"
SECRET = "the-present-secret-of-the-app-0123456789"
OLD_SECRET = "the-former-secret-of-the-app-0123456789"


def claims(**changes: Any) -> dict[str, Any]:
    """The claims of a fresh token of Aurora's staff member 7; a change to None leaves one out."""
    now = int(time.time())
    fresh: dict[str, Any] = {
        "iss": "https://aurora.myshopify.com/admin",
        "dest": "https://aurora.myshopify.com",
        "aud": CLIENT_ID,
        "sub": "7",
        "exp": now + 60,
        "nbf": now,
        "iat": now,
        "jti": "f8912129-1af6-4cad-9ca3-76b0f7621087",
        "sid": "aaea182f2732d44c23057c0fea584021a4485b2bd25d3eb7fd349313ad24c685",
    }
    return {name: value for name, value in (fresh | changes).items() if value is not None}


def token(secret: str = SECRET, algorithm: str = "HS256", **changes: Any) -> str:
    """A signed token of `claims(**changes)`."""
    return jwt.encode(claims(**changes), secret, algorithm=algorithm)
