"""What phones have to do: for each phone one thing at a time, tried again with growing waits.

Invariant: a line never runs two errands at once, and holds at most one errand of each key.
"""

import contextlib
import heapq
import itertools
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field


class TryLater(Exception):
    """The errand did not succeed and is worth another attempt."""


@dataclass
class Errand:
    """`step` raises TryLater to be tried again; `give_up` is called after the last attempt."""

    key: str
    step: Callable[[], None]
    give_up: Callable[[], None] = lambda: None
    attempts: int = 0


@dataclass
class Line:
    """One phone's errands, in order. A paused line (no network) waits."""

    pending: dict[str, Errand] = field(default_factory=dict)
    retrying: dict[str, Errand] = field(default_factory=dict)
    busy: bool = False
    paused: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def idle(self) -> bool:
        """Whether nothing is left to do or to try again."""
        with self.lock:
            return not (self.busy or self.pending or self.retrying)


class Runner:
    """The threads that run every line."""

    def __init__(self, waits_s: Sequence[float], workers: int = 8) -> None:
        self._waits_s = tuple(waits_s)
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="phone")
        self._alarms: list[tuple[float, int, Line, Errand]] = []
        self._order = itertools.count()
        self._wake = threading.Condition()
        threading.Thread(target=self._ring_alarms, name="retries", daemon=True).start()

    def put(self, line: Line, errand: Errand) -> None:
        """Add an errand; it replaces one of the same key that has not begun."""
        with line.lock:
            line.retrying.pop(errand.key, None)
            line.pending[errand.key] = errand
        self.kick(line)

    def kick(self, line: Line) -> None:
        """Let the line run if it has something to do and nobody runs it."""
        with line.lock:
            if line.busy or line.paused or not line.pending:
                return
            line.busy = True
        with contextlib.suppress(RuntimeError):  # the interpreter is shutting down
            self._pool.submit(self._run, line)

    def pause(self, line: Line, paused: bool) -> None:
        """Stop after the present errand, or go on."""
        with line.lock:
            line.paused = paused
        self.kick(line)

    def clear(self, line: Line) -> None:
        """Forget everything that has not begun."""
        with line.lock:
            line.pending.clear()
            line.retrying.clear()

    def _run(self, line: Line) -> None:
        while errand := self._next(line):
            try:
                errand.step()
            except TryLater:
                self._try_later(line, errand)
            except Exception:  # a phone that crashed must not stop the others; it is seen here
                traceback.print_exc(file=sys.stderr)

    def _next(self, line: Line) -> Errand | None:
        with line.lock:
            if line.paused or not line.pending:
                line.busy = False
                return None
            return line.pending.pop(next(iter(line.pending)))

    def _try_later(self, line: Line, errand: Errand) -> None:
        if errand.attempts >= len(self._waits_s):
            errand.give_up()
            return
        wait_s = self._waits_s[errand.attempts]
        errand.attempts += 1
        with line.lock:
            if errand.key in line.pending:
                return  # a newer one of this key waits already
            line.retrying[errand.key] = errand
        with self._wake:
            due = time.monotonic() + wait_s
            heapq.heappush(self._alarms, (due, next(self._order), line, errand))
            self._wake.notify()

    def _ring_alarms(self) -> None:
        while True:
            with self._wake:
                while not self._alarms or self._alarms[0][0] > time.monotonic():
                    due = self._alarms[0][0] - time.monotonic() if self._alarms else None
                    self._wake.wait(due)
                _, _, line, errand = heapq.heappop(self._alarms)
            self._ring(line, errand)

    def _ring(self, line: Line, errand: Errand) -> None:
        with line.lock:
            if line.retrying.get(errand.key) is not errand:
                return  # replaced or forgotten meanwhile
            del line.retrying[errand.key]
            line.pending[errand.key] = errand
        self.kick(line)
