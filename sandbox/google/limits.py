"""Google's limits in time: requests of an issuer in a second, notifications of a pass in a day."""

import threading
import time
from collections import deque

from sandbox.google.store import Resource

DAY_S = 24 * 3600


class RequestLimit:
    """At most `per_second` requests in any second."""

    def __init__(self, per_second: int = 20) -> None:
        self.per_second = per_second
        self._lock = threading.Lock()
        self._times: deque[float] = deque()

    def take(self) -> bool:
        """Count a request; False if it is one too many."""
        now = time.monotonic()
        with self._lock:
            while self._times and self._times[0] <= now - 1:
                self._times.popleft()
            if len(self._times) >= self.per_second:
                return False
            self._times.append(now)
            return True


class NoticeLimit:
    """At most `per_day` notifications for an object in 24 hours."""

    def __init__(self, per_day: int = 3) -> None:
        self.per_day = per_day

    def take(self, resource: Resource) -> bool:
        """Count a notification of the object; False if it is one too many."""
        since = time.time() - DAY_S
        resource.notices = [at for at in resource.notices if at > since]
        if len(resource.notices) >= self.per_day:
            resource.silenced += 1
            return False
        resource.notices.append(time.time())
        return True
