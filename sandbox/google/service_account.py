"""The service account: its key file, and the endpoint that gives tokens for a signed assertion.

Invariant: a token is given only for an assertion that the account's own key has signed.
"""

import json
import secrets
import threading
import time
from hashlib import sha256
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

SCOPE = "https://www.googleapis.com/auth/wallet_object.issuer"
GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LIFETIME_S = 3600
_EMAIL = "encore@example-project.iam.gserviceaccount.com"
_AUDIENCE = "https://oauth2.googleapis.com/token"  # Google's libraries name it wherever they ask
_SKEW_S = 300


class BadAssertion(Exception):
    """Why no token is given; `error` is OAuth's word for it."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error


class ServiceAccount:
    """One account, its key in `directory`/service-account.json; kept from start to start."""

    def __init__(self, directory: Path, token_uri: str) -> None:
        self.file = directory / "service-account.json"
        self.email, self.token_uri = _EMAIL, token_uri
        pem = self._kept_key() or _new_key()
        self.key_id = self._write(pem)
        private = serialization.load_pem_private_key(pem.encode(), None)
        assert isinstance(private, rsa.RSAPrivateKey)
        self.public_key = private.public_key()
        self._lock = threading.Lock()
        self._tokens: dict[str, float] = {}

    def exchange(self, grant_type: str, assertion: str) -> dict[str, Any]:
        """A fresh token for the assertion. Raises BadAssertion."""
        if grant_type != GRANT_TYPE:
            raise BadAssertion("unsupported_grant_type", f"Invalid grant_type: {grant_type}")
        claims = self._verified(assertion)
        if SCOPE not in str(claims.get("scope", "")).split():
            raise BadAssertion("invalid_scope", "Invalid OAuth scope")
        token = "ya29." + secrets.token_urlsafe(48)
        with self._lock:
            self._tokens[token] = time.time() + LIFETIME_S
        return {"access_token": token, "expires_in": LIFETIME_S, "token_type": "Bearer"}

    def is_good(self, authorization: str) -> bool:
        """Whether the header carries a token that was given out and is not over."""
        scheme, _, token = authorization.partition(" ")
        with self._lock:
            return scheme == "Bearer" and self._tokens.get(token, 0) > time.time()

    def revoke_tokens(self) -> None:
        """Let no token given out so far be good any more."""
        with self._lock:
            self._tokens.clear()

    def _verified(self, assertion: str) -> dict[str, Any]:
        try:
            header = jwt.get_unverified_header(assertion)
            claims: dict[str, Any] = jwt.decode(
                assertion,
                self.public_key,
                algorithms=["RS256"],
                audience=[self.token_uri, _AUDIENCE],
                issuer=self.email,
                leeway=_SKEW_S,
                options={"require": ["exp", "iat", "aud", "iss"]},
            )
        except jwt.PyJWTError as error:
            raise BadAssertion("invalid_grant", f"Invalid JWT: {type(error).__name__}") from error
        if header.get("kid") != self.key_id:
            raise BadAssertion("invalid_grant", "Invalid JWT Signature: unknown key id")
        if claims["exp"] - claims["iat"] > LIFETIME_S:
            raise BadAssertion("invalid_grant", "Invalid JWT: it must be short-lived (60 minutes)")
        return claims

    def _kept_key(self) -> str | None:
        try:
            return str(json.loads(self.file.read_text())["private_key"])
        except (OSError, ValueError, LookupError):
            return None

    def _write(self, pem: str) -> str:
        key_id = _fingerprint(pem)
        content = {
            "type": "service_account",
            "project_id": "example-project",
            "private_key_id": key_id,
            "private_key": pem,
            "client_email": self.email,
            "client_id": "100000000000000000001",
            "token_uri": self.token_uri,
        }
        draft = self.file.with_suffix(".part")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(content, indent=2))
        draft.replace(self.file)
        return key_id


def _new_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def _fingerprint(pem: str) -> str:
    return sha256(pem.encode()).hexdigest()[:40]
