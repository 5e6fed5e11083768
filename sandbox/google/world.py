"""Everything the stand-in is made of, wired together in one place."""

from collections.abc import Sequence
from pathlib import Path

from sandbox.google.callbacks import RETRY_WAITS_S, Callbacks
from sandbox.google.clock import utc_now
from sandbox.google.faults import GoogleFaults
from sandbox.google.limits import NoticeLimit, RequestLimit
from sandbox.google.service_account import ServiceAccount
from sandbox.google.signing import Keyring
from sandbox.google.store import Resource, Store
from sandbox.google.wire import Journal


class World:
    """One issuer at Google, and the phone of the one person who saves cards here."""

    def __init__(
        self,
        directory: Path,
        *,
        issuer_id: str,
        url: str,
        app_url: str,
        retry_waits_s: Sequence[float] = RETRY_WAITS_S,
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.issuer_id, self.app_url = issuer_id, app_url
        self.faults, self.journal = GoogleFaults(), Journal()
        self.store, self.keys = Store(directory), Keyring()
        self.account = ServiceAccount(directory, f"{url}/token")
        self.requests, self.notices = RequestLimit(), NoticeLimit()
        self.callbacks = Callbacks(
            issuer_id, self.store, self.keys, self.faults, self.journal, retry_waits_s
        )

    def save(self, resource: Resource) -> bool:
        """Put the object on the phone, and say so; False if it is there already."""
        with self.store.lock:
            if resource.has_users:
                return False
            resource.has_users = True
            resource.saved_times += 1
            self.store.keep(resource)
        self.callbacks.tell(resource, "save")
        return True

    def delete(self, resource: Resource) -> bool:
        """Take the object off the phone, and say so; False if it is not there."""
        with self.store.lock:
            if not resource.has_users:
                return False
            resource.has_users = False
            self.store.keep(resource)
        self.callbacks.tell(resource, "del")
        return True

    def show(self, resource: Resource, text: str) -> None:
        """Show a notification on the phone; the caller holds the store's lock and keeps it."""
        resource.shown.append({"at": utc_now().isoformat(), "text": text})
