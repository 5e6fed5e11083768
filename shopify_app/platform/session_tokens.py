"""Session tokens, checked strictly: the shop comes from `dest` alone, and every claim must hold."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import jwt

from shopify_app.platform.errors import InvalidSessionToken
from shopify_app.platform.settings import PlatformSettings, secrets

SHOP_DOMAIN = re.compile(r"[a-z0-9][a-z0-9-]*\.myshopify\.com")
LEEWAY_S = 10
# https://shopify.dev/docs/apps/build/authentication-authorization/session-tokens (read 2026-11-22)
_REQUIRED = ["exp", "nbf", "aud", "iss", "dest", "sub"]


@dataclass(frozen=True, slots=True)
class SessionToken:
    """Who is looking at the app: the shop, and the staff member's user id there."""

    shop_domain: str
    user_id: int
    raw: str


def verify(token: str, settings: PlatformSettings) -> SessionToken:
    """The claims of a genuine, current token; anything else raises InvalidSessionToken."""
    claims = _decode(token, settings)
    domain = _shop_of(claims)
    subject = str(claims["sub"])
    if not (subject.isascii() and subject.isdigit() and len(subject) < 19):
        raise InvalidSessionToken("sub is no user id")
    return SessionToken(domain, int(subject), token)


def is_shop_domain(domain: str) -> bool:
    """Whether `domain` is written as the permanent domain of a shop."""
    return SHOP_DOMAIN.fullmatch(domain) is not None


def _decode(token: str, settings: PlatformSettings) -> dict[str, Any]:
    failure: jwt.PyJWTError | None = None
    for secret in secrets(settings):
        try:
            return jwt.decode(
                token,
                secret,
                algorithms=["HS256"],
                audience=settings.shopify_api_key,
                leeway=LEEWAY_S,
                options={"require": _REQUIRED, "strict_aud": True},
            )
        except jwt.InvalidSignatureError as error:
            failure = error
        except jwt.PyJWTError as error:
            raise InvalidSessionToken(type(error).__name__) from error
    raise InvalidSessionToken("no secret of ours signed it") from failure


def _shop_of(claims: dict[str, Any]) -> str:
    dest, issuer = urlsplit(str(claims["dest"])), urlsplit(str(claims["iss"]))
    if dest.scheme != "https" or dest.netloc != dest.hostname or dest.path not in ("", "/"):
        raise InvalidSessionToken("dest is no shop's address")
    if not is_shop_domain(dest.netloc):
        raise InvalidSessionToken("dest is no shop")
    if issuer.scheme != "https" or issuer.netloc != dest.netloc:
        raise InvalidSessionToken("iss and dest name two shops")
    return dest.netloc
