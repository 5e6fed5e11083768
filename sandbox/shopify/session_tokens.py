"""Session tokens (id tokens): the JWTs by which the admin says which shop and person is there."""

from __future__ import annotations

import uuid
from typing import Any

import jwt

from .clock import utc_now
from .settings import Settings

LIFETIME_S = 60
LEEWAY_S = 10


class InvalidSubjectToken(Exception):
    """The token endpoint refuses this id token."""


def mint(
    settings: Settings,
    domain: str,
    user_id: int,
    *,
    secret: str | None = None,
    age_s: int = 0,
    overrides: dict[str, Any] | None = None,
) -> str:
    """An HS256 token, valid 60 s from its issue, `age_s` seconds ago."""
    issued = int(utc_now().timestamp()) - age_s
    claims = {
        "iss": f"https://{domain}/admin",
        "dest": f"https://{domain}",
        "aud": settings.client_id,
        "sub": str(user_id),
        "exp": issued + LIFETIME_S,
        "nbf": issued,
        "iat": issued,
        "jti": str(uuid.uuid4()),
        "sid": uuid.uuid4().hex,
        **(overrides or {}),
    }
    return jwt.encode(claims, secret or settings.client_secret, algorithm="HS256")


def check(settings: Settings, token: str, domain: str) -> dict[str, Any]:
    """The claims of a good token for this shop, else InvalidSubjectToken."""
    for secret in (settings.client_secret, settings.old_client_secret):
        if secret is None:
            continue
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                secret,
                algorithms=["HS256"],
                audience=settings.client_id,
                leeway=LEEWAY_S,
                options={"require": ["exp", "nbf", "iss", "dest", "sub"]},
            )
        except jwt.InvalidSignatureError:
            continue
        except jwt.PyJWTError as error:
            raise InvalidSubjectToken(str(error)) from error
        if claims["dest"] != f"https://{domain}":
            raise InvalidSubjectToken("dest names another shop")
        return claims
    raise InvalidSubjectToken("bad signature")
