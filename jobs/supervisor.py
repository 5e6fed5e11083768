"""A parent process that keeps one child per worker alive. It holds no connection of its own."""

import os
import signal
import threading
import time
from collections.abc import Callable, Sequence

import structlog

log = structlog.get_logger()

RESTART_AFTER_S = 1.0
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Supervisor:
    """Children by name; a dead one is started again until a signal asks for the end."""

    def __init__(self, run: Callable[[str], None]) -> None:
        self._run = run
        self._children: dict[int, str] = {}
        self._is_stopping = False

    def supervise(self, names: Sequence[str]) -> None:
        """Run `run(name)` in a child process for each name; returns once all have ended.

        Call it before any thread or connection exists: it forks.
        """
        for signum in _STOP_SIGNALS:
            signal.signal(signum, self._stop)
        for name in names:
            self._start(name)
        while self._children:
            pid, status = os.wait()
            name = self._children.pop(pid)
            if not self._is_stopping:
                log.warning("worker_died", worker=name, status=status)
                time.sleep(RESTART_AFTER_S)
                self._start(name)

    def _start(self, name: str) -> None:
        # A signal in the middle would find a child that is in no list, or our handler in the child.
        signal.pthread_sigmask(signal.SIG_BLOCK, _STOP_SIGNALS)
        if not self._is_stopping:
            pid = os.fork()
            if pid == 0:
                self._be_child(name)
            self._children[pid] = name
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP_SIGNALS)

    def _be_child(self, name: str) -> None:
        code = 1
        try:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches us through the parent
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP_SIGNALS)
            _die_with_parent()
            self._run(name)
            code = 0
        except SystemExit:
            code = 0
        except Exception:
            log.exception("worker_failed", worker=name)
        finally:
            os._exit(code)

    def _stop(self, _signum: int, _frame: object) -> None:
        self._is_stopping = True
        for pid in self._children:
            os.kill(pid, signal.SIGTERM)


def _die_with_parent() -> None:
    """End this process softly when its parent is gone, however the parent ended."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="watch-parent", daemon=True).start()
