"""APNs' memory of device tokens: who is there, what waits for whom, who gets too much.

Invariant: of the pushes for one token and topic that wait for a phone, only the newest is kept.
"""

import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

Deliver = Callable[[str], None]
"""Called with the topic of a push, outside the lock."""


@dataclass
class TokenState:
    """One device token. Without `deliver` nobody is behind it and pushes end here."""

    deliver: Deliver | None
    topics: Callable[[], set[str]] | None
    online: bool = True
    unregistered_at_ms: int | None = None
    waiting: dict[str, float] = field(default_factory=dict)  # topic → expiry, epoch seconds
    recent: deque[float] = field(default_factory=deque)


class PushTokens:
    """Every token APNs ever gave out; safe from any thread."""

    def __init__(self, pushes_max: int = 100, window_s: float = 60.0) -> None:
        self.pushes_max, self.window_s = pushes_max, window_s
        self._lock = threading.Lock()
        self._tokens: dict[str, TokenState] = {}

    def issue(
        self, deliver: Deliver | None = None, topics: Callable[[], set[str]] | None = None
    ) -> str:
        """Give out a new token of 64 hex digits."""
        token = secrets.token_hex(32)
        with self._lock:
            self._tokens[token] = TokenState(deliver, topics)
        return token

    def find(self, token: str) -> TokenState | None:
        """Return the token's state, or None for one that was never given out."""
        return self._tokens.get(token)

    def unregister(self, token: str) -> None:
        """Let the token die now: every later push is told so, with this moment."""
        with self._lock:
            self._tokens[token].unregistered_at_ms = int(time.time() * 1000)
            self._tokens[token].waiting.clear()

    def is_too_many(self, token: str) -> bool:
        """Count one push for the token; True if it is one too many in the window."""
        now = time.monotonic()
        with self._lock:
            recent = self._tokens[token].recent
            while recent and recent[0] <= now - self.window_s:
                recent.popleft()
            if len(recent) >= self.pushes_max:
                return True
            recent.append(now)
        return False

    def accept(self, token: str, topic: str, expires_at: float) -> str:
        """Deliver a push now, or keep it until `expires_at` (epoch seconds; 0: do not keep).

        Returns what became of it: delivered, stored, replaced (a stored one) or discarded.
        """
        state = self._tokens[token]
        with self._lock:
            online = state.online
            was_waiting = topic in state.waiting
            if not online and expires_at > time.time():
                state.waiting[topic] = expires_at
                return "replaced" if was_waiting else "stored"
        if not online:
            return "discarded"
        if state.deliver:
            state.deliver(topic)
        return "delivered"

    def set_online(self, token: str, online: bool) -> None:
        """Follow the phone's reach; coming back, it gets what waits and has not expired."""
        with self._lock:
            state = self._tokens[token]
            state.online = online
            waiting = dict(state.waiting) if online else {}
            if online:
                state.waiting.clear()
        for topic, expires_at in waiting.items():
            if state.deliver and expires_at > time.time():
                state.deliver(topic)

    def counts(self) -> dict[str, int]:
        """Return how many tokens there are, and how many pushes wait."""
        with self._lock:
            states = list(self._tokens.values())
        return {"tokens": len(states), "waiting": sum(len(state.waiting) for state in states)}
