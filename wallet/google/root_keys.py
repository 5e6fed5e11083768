"""Google's root keys, kept for as long as Google says and fetched again when one is unknown.

Never called inside a transaction. A flood of forgeries makes at most one request a minute, and
while Google is away at most one a second.
"""

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

import requests
import structlog

from loyalty.base.clock import utc_now
from wallet import setup
from wallet.errors import GoogleWalletError
from wallet.google.ecv2 import Forged, RootKey, UnknownRootKey, read_root_keys

log = structlog.get_logger()

KEPT_MIN, KEPT_MAX = timedelta(minutes=5), timedelta(hours=24)
APART = timedelta(seconds=60)
TRY_AGAIN = timedelta(seconds=1)
_TIMEOUT_S = (3.05, 10)
_MAX_AGE = re.compile(r"max-age=([0-9]{1,9})")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _Kept:
    url: str
    keys: list[RootKey]
    fetched_at: datetime
    stale_at: datetime


_lock = threading.Lock()
_kept: _Kept | None = None
_failed_at: datetime | None = None


def with_root_keys(read: Callable[[list[RootKey]], _T]) -> _T:
    """What `read` makes of the root keys; with fresh ones if it knows none that fits.

    Raises what `read` raises, and GoogleWalletError when the keys cannot be had.
    """
    kept = _current()
    try:
        return read(kept.keys)
    except UnknownRootKey:
        renewed = _current(seen=kept)
        if renewed is kept:
            raise
        return read(renewed.keys)


def forget() -> None:
    """Fetch the keys anew at the next use."""
    global _kept, _failed_at
    with _lock:
        _kept = _failed_at = None


def _current(seen: _Kept | None = None) -> _Kept:
    """The keys kept, renewed when stale, or when `seen` ones had no fit and are a minute old."""
    global _kept, _failed_at
    url, now = setup.google().keys_url, utc_now()
    with _lock:
        kept = _kept if _kept is not None and _kept.url == url else None
        if kept is not None and now < kept.stale_at:
            was_of_use = seen is not kept
            if was_of_use or now < kept.fetched_at + APART:
                return kept
        if _failed_at is None or now > _failed_at + TRY_AGAIN:
            try:
                _kept, _failed_at = _fetch(url, now), None
                return _kept
            except GoogleWalletError:
                _failed_at = utc_now()
                if kept is None:
                    raise
        if kept is None:
            raise GoogleWalletError("no root keys: tried a moment ago", retryable=True)
        return kept  # old ones: each key has a time of its own, which still counts


def _fetch(url: str, now: datetime) -> _Kept:
    try:
        answer = requests.get(url, timeout=_TIMEOUT_S, allow_redirects=False)
    except requests.RequestException as error:
        words = f"no root keys: {type(error).__name__}"
        raise GoogleWalletError(words, retryable=True) from error
    if answer.status_code != 200:
        raise GoogleWalletError(f"no root keys: {answer.status_code}", retryable=True)
    try:
        keys = read_root_keys(answer.content)
    except Forged as error:
        raise GoogleWalletError("unreadable root keys", retryable=True) from error
    log.info("google_root_keys_fetched", keys=len(keys))
    return _Kept(url, keys, now, now + _lifetime(answer.headers.get("Cache-Control", "")))


def _lifetime(cache_control: str) -> timedelta:
    found = _MAX_AGE.search(cache_control)
    asked = timedelta(seconds=int(found[1])) if found else timedelta(hours=1)
    return min(max(asked, KEPT_MIN), KEPT_MAX)
