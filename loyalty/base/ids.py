"""Ids that we give: UUID version 7, so that later ids sort later. Never drawn from a sequence."""

import os
import threading
import time
from uuid import UUID

_lock = threading.Lock()
_last = 0


def new_id() -> UUID:
    """A UUIDv7 (RFC 9562), strictly greater than the last one of this process."""
    global _last
    with _lock:
        # 48 bits of milliseconds and 12 of the fraction, as RFC 9562 method 3.
        ticks = time.time_ns() * 4096 // 1_000_000
        _last = max(ticks, _last + 1)
        ticks = _last
    rest = int.from_bytes(os.urandom(8)) & (2**62 - 1)
    value = (ticks >> 12) << 80 | 7 << 76 | (ticks & 0xFFF) << 64 | 2 << 62 | rest
    return UUID(int=value)
