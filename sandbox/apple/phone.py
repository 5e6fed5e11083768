"""An iPhone's Wallet: its passes, and what it does on a push, by iOS's rules.

Invariant: a copy is replaced only by one that passed every check and kept its identity.
"""

import secrets
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sandbox.apple.complaints import Complaints
from sandbox.apple.errands import Errand, Line, Runner
from sandbox.apple.pkpass import Bundle, open_bundle
from sandbox.apple.problems import refuse
from sandbox.apple.push_tokens import PushTokens
from sandbox.apple.registration import Registration
from sandbox.apple.signature import SignatureChecker
from sandbox.apple.updates import Updates
from sandbox.apple.web_service import PKPASS, Address, Unreachable, WebService

PassKey = tuple[str, str]
"""(pass type id, serial number)."""


@dataclass
class Card:
    """One pass in the phone's Wallet."""

    bundle: Bundle
    last_modified: str | None
    updated_at: datetime
    registration: str = "none"  # none (no web service), waiting, registered, refused, given_up

    @property
    def address(self) -> Address | None:
        """Where its web service is; None for a pass that never changes."""
        content = self.bundle.content
        if "webServiceURL" not in content:
            return None
        return Address(content["webServiceURL"], *self.bundle.key, content["authenticationToken"])


class Phone:
    """One device. Errands run on the runner's threads, everything else on the caller's."""

    def __init__(self, number: int, tokens: PushTokens, runner: Runner,
                 signatures: SignatureChecker) -> None:  # fmt: skip
        self.id, self.device_id = str(number), secrets.token_hex(16)
        self.tokens, self.runner, self.signatures = tokens, runner, signatures
        self.lock = threading.RLock()
        self.line = Line()
        self.online = True
        self.cards: dict[PassKey, Card] = {}
        self.topics_ever: set[str] = set()
        self.diary: deque[dict[str, Any]] = deque(maxlen=500)
        self.web = WebService(self.id, self.device_id, self.diary)
        self.complaints = Complaints(self.web, self.device_id)
        self.registration = Registration(self)
        self.updates = Updates(self)
        self.push_token = self._new_push_token()

    def add(self, url: str) -> tuple[Card, bool]:
        """Download, check and keep a pass; returns it and whether it is new here.

        Raises Refusal with the reasons. The registration follows by itself.
        """
        if not self.online:
            raise refuse("offline", "the phone is in airplane mode")
        bundle, last_modified = self._download(url)
        with self.lock:
            old = self.cards.get(bundle.key)
            self.topics_ever.add(bundle.key[0])
            card = Card(bundle, last_modified, datetime.now(UTC))
            self.cards[bundle.key] = card
            if old:
                card.registration = old.registration
        if card.address and card.registration != "registered":
            self.registration.register(card)
        return card, old is None

    def remove(self, key: PassKey) -> bool:
        """Throw a pass away and tell its web service; False if it is not here."""
        with self.lock:
            card = self.cards.pop(key, None)
        if card is None:
            return False
        if card.address:
            self.registration.unregister(card)
        return True

    def go(self, *, online: bool) -> None:
        """Switch airplane mode. Coming back, errands go on and APNs hands over what waits."""
        self.online = online
        self.runner.pause(self.line, not online)
        self.tokens.set_online(self.push_token, online)

    def renew_push_token(self) -> None:
        """Get another token, as iOS does now and then, and register every pass anew."""
        old, self.push_token = self.push_token, self._new_push_token()
        self.tokens.set_online(self.push_token, self.online)
        self.tokens.unregister(old)
        for card in self.list_cards():
            if card.address:
                self.registration.register(card)

    def erase(self) -> None:
        """Wipe the phone: its token dies and no web service is told."""
        self.runner.clear(self.line)
        self.tokens.unregister(self.push_token)
        with self.lock:
            self.cards.clear()

    def list_cards(self) -> list[Card]:
        """Return the passes, oldest first."""
        with self.lock:
            return list(self.cards.values())

    def do(self, key: str, step: Callable[[], None],
           give_up: Callable[[], None] = lambda: None) -> None:  # fmt: skip
        """Put an errand into the phone's line."""
        self.runner.put(self.line, Errand(key, step, give_up))

    def _download(self, url: str) -> tuple[Bundle, str | None]:
        try:
            reply = self.web.download(url)
        except Unreachable as error:
            raise refuse("unreachable", f"no answer: {error}") from error
        if reply.status != 200:
            raise refuse("download", f"the server answered {reply.status}")
        content_type = reply.headers.get("Content-Type", "").partition(";")[0].strip()
        if content_type != PKPASS:
            raise refuse("content_type", f"{content_type!r} is not {PKPASS}")
        return open_bundle(reply.body, self.signatures), reply.headers.get("Last-Modified")

    def _new_push_token(self) -> str:
        return self.tokens.issue(self.updates.on_push, lambda: set(self.topics_ever))
