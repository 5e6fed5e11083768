"""Access and refresh tokens, by Shopify's rules.

A shop has one live expiring offline token: whoever acquires the next one
revokes it. A refresh token stays usable until its replacement is used.
"""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from .clock import utc_now
from .settings import Settings

ACCESS_LIFETIME = timedelta(minutes=60)
REFRESH_LIFETIME = timedelta(days=90)
REUSE_LIFETIME = timedelta(days=30)  # how long a used refresh token may be used again
ONLINE_LIFETIME = timedelta(hours=24)


@dataclass
class AccessToken:
    """A token that opens the Admin API of one shop."""

    token: str
    domain: str
    expires_at: datetime
    user_id: int | None = None  # set for online tokens
    is_revoked: bool = False

    def is_live(self, now: datetime) -> bool:
        """Neither revoked nor past its time."""
        return not self.is_revoked and now < self.expires_at


@dataclass
class RefreshToken:
    """The key to the next pair. `replaced` is the one it was used up for."""

    token: str
    domain: str
    expires_at: datetime
    replaced: RefreshToken | None = None
    first_used_at: datetime | None = None
    is_dead: bool = False


@dataclass
class Pair:
    """What a grant hands out."""

    access: AccessToken
    refresh: RefreshToken | None


@dataclass
class _Code:
    domain: str
    redirect_uri: str
    user_id: int


@dataclass
class TokenDesk:
    """Issues, checks and revokes."""

    settings: Settings
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _access: dict[str, AccessToken] = field(default_factory=dict)
    _refresh: dict[str, RefreshToken] = field(default_factory=dict)
    _codes: dict[str, _Code] = field(default_factory=dict)

    def find(self, token: str, domain: str) -> AccessToken | None:
        """The live token of this shop, or None."""
        with self._lock:
            found = self._access.get(token)
            if found and found.domain == domain and found.is_live(utc_now()):
                return found
            return None

    def issue_offline(self, domain: str) -> Pair:
        """A new expiring pair; everything offline before it is dead at once."""
        with self._lock:
            self._kill_refresh(domain)
            return self._issue(domain, replaced=None)

    def refresh(self, domain: str, token: str) -> Pair | None:
        """The next pair for a refresh token; None when it is unknown, dead or too old."""
        with self._lock:
            now = utc_now()
            used = self._refresh.get(token)
            if used is None or used.domain != domain or used.is_dead or now > used.expires_at:
                return None
            if used.first_used_at and now > used.first_used_at + REUSE_LIFETIME:
                return None
            used.first_used_at = used.first_used_at or now
            if used.replaced:
                # The replacement has been used: what it replaced has served.
                used.replaced.is_dead = True
            for other in self._refresh.values():
                # The answer of an earlier use was lost; its pair will never be shown.
                if other.replaced is used:
                    other.is_dead = True
            return self._issue(domain, replaced=used)

    def issue_online(self, domain: str, user_id: int) -> AccessToken:
        """A token of one staff member; it revokes nothing."""
        with self._lock:
            token = AccessToken(
                f"shpua_{secrets.token_hex(16)}", domain, utc_now() + ONLINE_LIFETIME, user_id
            )
            self._access[token.token] = token
            return token

    def issue_code(self, domain: str, redirect_uri: str, user_id: int) -> str:
        """A one-use authorization code."""
        with self._lock:
            code = secrets.token_hex(16)
            self._codes[code] = _Code(domain, redirect_uri, user_id)
            return code

    def use_code(self, domain: str, code: str) -> bool:
        """Whether the code was good; it is not a second time."""
        with self._lock:
            found = self._codes.pop(code, None)
            return found is not None and found.domain == domain

    def revoke_shop(self, domain: str) -> None:
        """Uninstalled: nothing of this shop opens anything any more."""
        with self._lock:
            self._kill_refresh(domain)
            for token in self._access.values():
                if token.domain == domain:
                    token.is_revoked = True

    def expire_access(self, domain: str) -> None:
        """Let an hour pass for the shop's access tokens alone."""
        with self._lock:
            for token in self._access.values():
                if token.domain == domain:
                    token.expires_at = min(token.expires_at, utc_now())

    def expire_refresh(self, domain: str) -> None:
        """Let ninety days pass for the shop's refresh tokens."""
        with self._lock:
            self._kill_refresh(domain)

    def live_count(self, domain: str) -> int:
        """How many offline tokens of a shop are live: never more than one."""
        with self._lock:
            now = utc_now()
            tokens = (t for t in self._access.values() if t.domain == domain and not t.user_id)
            return sum(token.is_live(now) for token in tokens)

    def dump(self) -> dict[str, Any]:
        """All tokens, to be kept."""
        return {"access": self._access, "refresh": self._refresh}

    def load(self, kept: dict[str, Any]) -> None:
        """Take up what `dump` gave."""
        self._access, self._refresh = kept["access"], kept["refresh"]

    def _issue(self, domain: str, replaced: RefreshToken | None) -> Pair:
        now = utc_now()
        for token in self._access.values():
            if token.domain == domain and token.user_id is None:
                token.is_revoked = True
        access = AccessToken(f"shpat_{secrets.token_hex(16)}", domain, now + ACCESS_LIFETIME)
        refresh = RefreshToken(
            f"shprt_{secrets.token_hex(16)}", domain, now + REFRESH_LIFETIME, replaced
        )
        self._access[access.token] = access
        self._refresh[refresh.token] = refresh
        return Pair(access, refresh)

    def _kill_refresh(self, domain: str) -> None:
        for token in self._refresh.values():
            if token.domain == domain:
                token.is_dead = True
