"""How often a member may be pushed: the first change at once, further ones at most every 2 s.

What is held back is not kept: the send after the pause reads the newest state.
"""

from datetime import datetime, timedelta

PAUSE = timedelta(seconds=2)


class TooSoon(Exception):
    """The member was pushed a moment ago; asking again after `retry_after` costs no attempt."""

    retryable = True

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__("pushed a moment ago")
        self.retry_after = retry_after


def check_pause(last_pushed_at: datetime | None, *, now: datetime) -> None:
    """Raise TooSoon unless the pause since `last_pushed_at` is over."""
    if last_pushed_at is None:
        return
    # A clock that was set back must not hold a member's pushes back for long.
    left = min(last_pushed_at + PAUSE - now, PAUSE)
    if left > timedelta(0):
        raise TooSoon(left)
