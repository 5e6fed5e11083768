"""Google Wallet's REST API, as much of it as we need, on `requests`. Never inside a transaction.

Whatever goes wrong is a GoogleWalletError; its words are ours, for Google's may quote a person.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache, partial
from typing import Any, Literal

import requests
from google.auth.exceptions import GoogleAuthError, RefreshError
from google.auth.transport.requests import Request as AuthRequest
from google.oauth2.service_account import Credentials

from loyalty.base.clock import utc_now
from wallet import setup
from wallet.errors import GoogleWalletError
from wallet.google.leases import Errand

Kind = Literal["loyaltyClass", "loyaltyObject"]

SCOPE = "https://www.googleapis.com/auth/wallet_object.issuer"
CALLS_PER_SECOND = 18
"""Google takes 20 a second from an issuer; the network bunches calls a little."""
TIMEOUT_S = 10
_HTTP_TIMEOUT_S = (3.05, TIMEOUT_S)


class ClassMissing(GoogleWalletError):
    """Google has no class for the object: it must be inserted again before the object can be."""

    def __init__(self) -> None:
        super().__init__("404 the class is missing", retryable=True, was_refused=True)


class NoticesSpent(GoogleWalletError):
    """Google shows no more notifications of the card in these 24 hours."""

    def __init__(self) -> None:
        super().__init__("429 quotaExceeded", retryable=True, was_refused=True)


class WalletClient:
    """One issuer's connection; safe from several threads."""

    def __init__(self, settings: setup.GoogleSettings) -> None:
        self._url = f"{settings.wallet_url}/walletobjects/v1"
        self._http = requests.Session()
        self._credentials = load_credentials(settings)
        self._lock = threading.Lock()
        self._pace = Pace(CALLS_PER_SECOND)

    def bring(self, kind: Kind, errand: Errand, *, notify: bool = False) -> None:
        """Make Google's copy say `errand.content`, inserting it where it is missing.

        Only the differences go where they are known. Raises GoogleWalletError.
        """
        if not errand.is_new and self._change(kind, errand, notify) != 404:
            return
        whole = _with_notice(errand.content, notify)
        status = self._call("POST", kind, whole, errand.ends_at)
        if status == 404:
            raise ClassMissing
        if status != 409:
            return
        # It exists although we did not know: an earlier insert whose answer was lost.
        if self._call("PUT", f"{kind}/{whole['id']}", whole, errand.ends_at) == 404:
            raise GoogleWalletError("it exists and is not found", retryable=True)

    def tell(self, errand: Errand) -> bool:
        """Bring an object up to date and show the message on it as a notification.

        False when Google shows no more of them today: the message stands there all the same.
        https://developers.google.com/wallet/retail/loyalty-cards/use-cases/push-notifications
        (read 2026-11-22)
        """
        messages = errand.content["messages"]
        # A message twice in the list would be shown twice: what notifies of it also adds it.
        silent = {name: said for name, said in errand.content.items() if name != "messages"}
        if errand.known != silent:
            self._bring_silently(replace(errand, content=silent))
        path = f"loyaltyObject/{errand.content['id']}"
        loud = messages[-1] | {"messageType": "TEXT_AND_NOTIFY"}
        try:
            status = self._call("POST", f"{path}/addMessage", {"message": loud}, errand.ends_at)
        except NoticesSpent:
            status = self._call("PATCH", path, {"messages": messages}, errand.ends_at)
            _require_found(status)
            return False
        _require_found(status)
        return True

    def _bring_silently(self, errand: Errand) -> None:
        try:
            self.bring("loyaltyObject", errand)
        except GoogleWalletError as error:
            error.was_refused = True  # whatever Google did with it, no phone spoke
            raise

    def _change(self, kind: Kind, errand: Errand, notify: bool) -> int:
        """Send what changed, or the whole if a field must go: Google merges, at every depth."""
        content, known = errand.content, errand.known
        path = f"{kind}/{content['id']}"
        if known is None or _loses_a_field(known, content):
            return self._call("PUT", path, _with_notice(content, notify), errand.ends_at)
        changed = {name: value for name, value in content.items() if known.get(name) != value}
        return self._call("PATCH", path, _with_notice(changed, notify), errand.ends_at)

    def _call(self, method: str, path: str, content: dict[str, Any], ends_at: datetime) -> int:
        """The status: success, 404 (Google has no such thing) or 409 (it has it already)."""
        for is_last in (False, True):
            bearer = self._bearer()
            self._pace.wait()
            if utc_now() + timedelta(seconds=TIMEOUT_S) > ends_at:
                raise GoogleWalletError("too late: the lease has ended", retryable=True)
            answer = self._send(method, path, content, bearer)
            if answer.status_code != 401 or is_last:
                break
            self._forget(bearer)
        if answer.status_code not in (404, 409):
            _require_success(answer)
        return answer.status_code

    def _send(
        self, method: str, path: str, content: dict[str, Any], bearer: str
    ) -> requests.Response:
        try:
            return self._http.request(
                method,
                f"{self._url}/{path}",
                json=content,
                headers={"Authorization": f"Bearer {bearer}"},
                timeout=_HTTP_TIMEOUT_S,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise GoogleWalletError(f"no answer: {type(error).__name__}", retryable=True) from error

    def _bearer(self) -> str:
        with self._lock:
            if not self._credentials.valid:
                _refresh(self._credentials, self._http)
            return str(self._credentials.token)

    def _forget(self, bearer: str) -> None:
        with self._lock:
            if self._credentials.token == bearer:
                self._credentials.token = None


class Pace:
    """Lets callers through one after the other, at most `per_second`."""

    def __init__(self, per_second: int) -> None:
        self._apart_s = 1 / per_second
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Sleep until it is the caller's turn."""
        with self._lock:
            turn = max(self._next, time.monotonic())
            self._next = turn + self._apart_s
        time.sleep(max(0.0, turn - time.monotonic()))


def shared_client() -> WalletClient:
    """The process's client."""
    return _client(setup.google())


@lru_cache(maxsize=1)
def _client(settings: setup.GoogleSettings) -> WalletClient:
    return WalletClient(settings)


def load_credentials(settings: setup.GoogleSettings) -> Credentials:
    """The service account; its file says where tokens are given out."""
    load: Callable[..., Credentials] = Credentials.from_service_account_file
    try:
        return load(str(settings.service_account_file), scopes=[SCOPE])
    except (OSError, ValueError) as error:
        raise GoogleWalletError("GOOGLE_SERVICE_ACCOUNT_FILE cannot be read") from error


def _refresh(credentials: Credentials, http: requests.Session) -> None:
    # google-auth would wait two minutes for an answer. Its session is not for us: beside each
    # token that asks another address of Google's for the account's regions.
    request: Any = partial(AuthRequest(http), timeout=TIMEOUT_S)
    try:
        credentials.refresh(request)
    except RefreshError as error:
        retryable = bool(error.retryable)
        raise GoogleWalletError(
            "no token: refused", retryable=retryable, was_refused=True
        ) from error
    except (GoogleAuthError, requests.RequestException) as error:
        words = f"no token: {type(error).__name__}"
        raise GoogleWalletError(words, retryable=True, was_refused=True) from error


def _with_notice(content: dict[str, Any], notify: bool) -> dict[str, Any]:
    return content | {"notifyPreference": "NOTIFY_ON_UPDATE"} if notify else content


def _loses_a_field(known: dict[str, Any], content: dict[str, Any]) -> bool:
    # A list is replaced whole, so what is in it needs no look.
    return any(
        name not in content
        or (
            isinstance(value, dict)
            and isinstance(content[name], dict)
            and _loses_a_field(value, content[name])
        )
        for name, value in known.items()
    )


def _require_success(answer: requests.Response) -> None:
    status = answer.status_code
    if status == 429 and _words(answer).endswith("quotaExceeded"):
        raise NoticesSpent
    if status == 429 or status == 408 or status >= 500:
        # A server in trouble may have done it all the same; one that says 429 has not.
        raise GoogleWalletError(_words(answer), retryable=True, was_refused=status == 429)
    if status != 200:
        raise GoogleWalletError(_words(answer), was_refused=True)


def _require_found(status: int) -> None:
    if status == 404:
        raise GoogleWalletError("404 the card is missing", retryable=True, was_refused=True)


def _words(answer: requests.Response) -> str:
    """Status and Google's short reason, such as `403 permissionDenied`."""
    try:
        reason = answer.json()["error"]["errors"][0]["reason"]
    except (ValueError, LookupError, TypeError):
        reason = ""
    is_plain = isinstance(reason, str) and reason.isascii() and reason.isalnum()
    return f"{answer.status_code} {reason[:60]}" if is_plain else str(answer.status_code)
