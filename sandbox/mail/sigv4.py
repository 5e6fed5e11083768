"""AWS's request signatures, version 4, checked as AWS does: on the bytes that came.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, quote

from flask import Request

_HEADER = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/,]+)/(\d{8})/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request, *"
    r"SignedHeaders=([a-z0-9;-]+), *Signature=([0-9a-f]{64})"
)
_SKEW_MAX = timedelta(minutes=5)


class BadSignature(Exception):
    """The request is not signed as it must be; `code` is AWS's word for it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Credentials:
    """The one key pair that this account has."""

    access_key_id: str
    secret_access_key: str
    region: str


def check(request: Request, credentials: Credentials) -> None:
    """Raise BadSignature unless `request` is signed for SES with `credentials`, just now."""
    found = _HEADER.fullmatch(request.headers.get("Authorization", ""))
    if found is None:
        raise BadSignature("MissingAuthenticationTokenException", "Missing Authentication Token")
    key_id, date, region, service, names, signature = found.groups()
    if key_id != credentials.access_key_id:
        raise BadSignature(
            "UnrecognizedClientException", "The security token included in the request is invalid."
        )
    moment = request.headers.get("X-Amz-Date", "")
    _check_time(moment, date)
    scope = f"{date}/{region}/{service}/aws4_request"
    told = "\n".join(["AWS4-HMAC-SHA256", moment, scope, _canonical_hash(request, names)])
    secret = credentials.secret_access_key
    expected = hmac.digest(_key(secret, date, region, service), told.encode(), "sha256").hex()
    is_ours = (region, service) == (credentials.region, "ses")
    if not is_ours or not hmac.compare_digest(expected, signature):
        raise BadSignature(
            "InvalidSignatureException",
            "The request signature we calculated does not match the signature you provided.",
        )


def _check_time(moment: str, date: str) -> None:
    try:
        signed_at = datetime.strptime(moment, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise BadSignature("IncompleteSignature", "Date must be in ISO-8601") from error
    if moment[:8] != date or abs(datetime.now(UTC) - signed_at) > _SKEW_MAX:
        raise BadSignature("InvalidSignatureException", "Signature expired")


def _canonical_hash(request: Request, names: str) -> str:
    raw_path, _, raw_query = request.environ["RAW_URI"].partition("?")
    query = sorted(parse_qsl(raw_query, keep_blank_values=True))
    headers = [
        f"{name}:{' '.join(request.headers.get(name, '').split())}" for name in names.split(";")
    ]
    lines = [
        request.method,
        quote(raw_path, safe="/~"),  # each part is quoted once more than on the wire
        "&".join(f"{quote(n, safe='~')}={quote(v, safe='~')}" for n, v in query),
        *headers,
        "",
        names,
        hashlib.sha256(request.get_data()).hexdigest(),
    ]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _key(secret: str, *parts: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (*parts, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
