"""The authorization-code grant: where a merchant says yes, and what comes back signed.

Nothing of a callback is believed before its HMAC holds.
https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/authorization-code-grant
(read 2026-11-22)
"""

import hashlib
import hmac
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from shopify_app.platform import scopes
from shopify_app.platform.errors import BadCallback
from shopify_app.platform.session_tokens import is_shop_domain
from shopify_app.platform.settings import PlatformSettings, current, secrets, shop_url

CALLBACK_PATH = "/auth/callback"
# As long as Shopify's own library for JavaScript lets the two clocks differ.
_DRIFT_S = 90
_CODE = re.compile(r"[A-Za-z0-9_-]{1,255}")
_STATE_LENGTH_MAX = 1000

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Callback:
    """A genuine return from Shopify; whether its state holds is still to be asked."""

    domain: str
    code: str
    state: str


def authorize_url(domain: str, state: str) -> str:
    """Where the merchant of this shop grants what Encore asks for."""
    query = {
        "client_id": current().shopify_api_key,
        "scope": ",".join(scopes.required()),
        "redirect_uri": current().app_url.rstrip("/") + CALLBACK_PATH,
        "state": state,
    }
    return f"{shop_url(domain)}/admin/oauth/authorize?{urlencode(query)}"


def app_address(domain: str) -> str:
    """Encore inside the admin of this shop."""
    return f"{shop_url(domain)}/admin/apps/{current().shopify_api_key}"


def read_callback(pairs: Pairs, *, settings: PlatformSettings, now: datetime) -> Callback:
    """What Shopify sent with the merchant; BadCallback unless it is genuine and of just now.

    `pairs` are the query's, decoded, in any order.
    """
    query = dict(pairs)
    if len(query) != len([pair for pair in pairs if not pair[0].endswith("[]")]):
        raise BadCallback("a parameter is given twice")
    if not _is_genuine(pairs, query.get("hmac", ""), secrets(settings)):
        raise BadCallback("the hmac is wrong")
    domain, code = query.get("shop", ""), query.get("code", "")
    state, timestamp = query.get("state", ""), query.get("timestamp", "")
    if not is_shop_domain(domain):
        raise BadCallback("shop is no shop's domain")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 12):
        raise BadCallback("there is no timestamp")
    if abs(int(timestamp) - now.timestamp()) > _DRIFT_S:
        raise BadCallback("the timestamp is not of now")
    if not _CODE.fullmatch(code) or not 0 < len(state) <= _STATE_LENGTH_MAX:
        raise BadCallback("code or state is missing")
    return Callback(domain, code, state)


def signed_text(pairs: Pairs) -> str:
    """The text that Shopify signs: sorted `key=value` of all but hmac, lists as JSON."""
    lists: dict[str, list[str]] = {}
    parts = []
    for key, value in pairs:
        if key.endswith("[]"):
            lists.setdefault(key.removesuffix("[]"), []).append(value)
        elif key not in ("hmac", "signature"):
            parts.append(_part(key, value))
    parts += [_part(key, json.dumps(values)) for key, values in lists.items()]
    return "&".join(sorted(parts))


def _part(key: str, value: str) -> str:
    # The delimiters are escaped, so that no value can pose as two parameters.
    key = key.replace("%", "%25").replace("&", "%26").replace("=", "%3D")
    return f"{key}={value.replace('%', '%25').replace('&', '%26')}"


def _is_genuine(pairs: Pairs, given: str, of: Sequence[str]) -> bool:
    text = signed_text(pairs).encode("utf-8", "replace")
    wanted = given.encode("utf-8", "replace")
    return any(
        hmac.compare_digest(
            hmac.new(key.encode(), text, hashlib.sha256).hexdigest().encode(), wanted
        )
        for key in of
    )
